#include <gmock/gmock.h>

#include "gateway/credentials/read.hpp"
#include "sources.hpp"

namespace gateway::credentials {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// The result of reading: the text, or "!" and the problem.
std::string outcome(const config::source& source, secret_kind kind = secret_kind::key) {
    std::vector<config::problem> problems;
    const auto text = read(source, problems, kind);
    EXPECT_EQ(text.has_value(), problems.empty());
    if (text) return std::string(text->reveal());
    EXPECT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems.at(0).location.line, 3U);
    EXPECT_FALSE(problems.at(0).warning);
    return "!" + problems.at(0).message;
}

TEST(read, takes_the_text_of_each_kind_of_source) {
    const folder dir;
    ASSERT_EQ(::setenv("GATEWAY_READ_TEST", "from-the-environment", 1), 0);
    EXPECT_EQ(outcome(from_env("GATEWAY_READ_TEST")), "from-the-environment");
    EXPECT_EQ(outcome(from_file(dir.put("sk", "from-a-file"))), "from-a-file");
    EXPECT_EQ(outcome(from_literal("a-literal")), "a-literal");
    EXPECT_EQ(outcome(from_plain("AK0000001")), "AK0000001");
}

TEST(read, takes_one_newline_off_a_file_and_no_more) {
    struct row {
        std::string_view content, text;
    };
    const folder dir;
    for (const row& r : std::vector<row>{
             {"secret", "secret"},
             {"secret\n", "secret"},
             {"secret\r\n", "secret"},
             {"secret\n\n", "secret\n"},
             {"secret\r", "secret\r"},
             {"\nsecret", "\nsecret"},
         }) {
        const std::string got = outcome(from_file(dir.put("sk", r.content)));
        if (r.text == "secret")
            EXPECT_EQ(got, "secret");
        else
            EXPECT_THAT(got, HasSubstr("white space or control character"));
    }
}

TEST(read, rejects_what_is_missing_or_empty_and_names_the_source) {
    const folder dir;
    ::unsetenv("GATEWAY_READ_TEST");
    EXPECT_EQ(outcome(from_env("GATEWAY_READ_TEST")), "!environment variable \"GATEWAY_READ_TEST\" is not set");
    ::setenv("GATEWAY_READ_TEST", "", 1);
    EXPECT_EQ(outcome(from_env("GATEWAY_READ_TEST")), "!environment variable \"GATEWAY_READ_TEST\" is empty");
    const std::string missing = dir.path() + "/none";
    EXPECT_EQ(outcome(from_file(missing)), "!file \"" + missing + "\" can't be read: No such file or directory");
    EXPECT_EQ(outcome(from_file(dir.path())), "!file \"" + dir.path() + "\" can't be read: Is a directory");
    for (const char* nothing : {"", "\n", "\r\n"}) {
        const std::string path = dir.put("empty", nothing);
        EXPECT_EQ(outcome(from_file(path)), "!file \"" + path + "\" is empty");
    }
    EXPECT_EQ(outcome(from_literal("")), "!the literal is empty");
    EXPECT_EQ(outcome(from_plain("")), "!the text is empty");
}

TEST(read, takes_64_kib_and_not_a_byte_more) {
    const folder dir;
    const std::string most(64 * 1024, 't');
    EXPECT_EQ(outcome(from_file(dir.put("token", most))), most);
    EXPECT_EQ(outcome(from_file(dir.put("token", most + "\n"))), most);
    EXPECT_EQ(outcome(from_file(dir.put("token", most + "\r\n"))), most);
    for (const std::string& more : {most + "t", most + "t\n", most + "t\r\n", most + most})
        EXPECT_THAT(outcome(from_file(dir.put("token", more))), HasSubstr("is longer than 64 KiB"));
    EXPECT_THAT(outcome(from_literal(most + "t")), HasSubstr("is longer than 64 KiB"));
}

TEST(read, rejects_characters_that_no_key_has_and_shows_only_their_position) {
    struct row {
        std::string_view text;
        const char* says;
    };
    for (const row& r : std::vector<row>{
             {"hid den", "white space or control character (byte 4)"},
             {" hidden", "white space or control character (byte 1)"},
             {"hidden\t", "white space or control character (byte 7)"},
             {"hidden\nhidden", "white space or control character (byte 7)"},
             {{"hid\0den", 7}, "white space or control character (byte 4)"},
             {"hidden\x7f", "white space or control character (byte 7)"},
             {"\xef\xbb\xbfhidden", "not ASCII (byte 1)"},
             {"hidden\xc2\xa0", "not ASCII (byte 7)"},
         }) {
        EXPECT_THAT(outcome(from_literal(r.text)), AllOf(HasSubstr(r.says), Not(HasSubstr("hid"))));
    }
}

TEST(read, a_password_may_hold_spaces_and_any_letters_but_no_control_characters) {
    EXPECT_EQ(outcome(from_literal("correct horse gr\xc3\xbcn"), secret_kind::password), "correct horse gr\xc3\xbcn");
    EXPECT_THAT(outcome(from_literal("a\nb"), secret_kind::password), HasSubstr("control character (byte 2)"));
}

TEST(read, a_password_is_utf_8_since_it_goes_out_as_json) {
    EXPECT_THAT(outcome(from_literal("gr\xfcn"), secret_kind::password), HasSubstr("is not UTF-8 (byte 3)"));
}

}  // namespace
}  // namespace gateway::credentials

#include "gateway/base/escape.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

TEST(json_string, escapes_what_could_break_a_line_or_a_reader) {
    EXPECT_EQ(json_string("plain text"), R"("plain text")");
    EXPECT_EQ(json_string("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(json_string("a\nb\rc\td"), R"("a\nb\rc\td")");
    EXPECT_EQ(json_string(std::string("\0\x1b\x7f", 3)), R"("\u0000\u001b\u007f")");
    EXPECT_EQ(json_string("\xc2\x80\xc2\x9b\xc2\xa0"), "\"\\u0080\\u009b\xc2\xa0\"");
    EXPECT_EQ(json_string(""), R"("")");
}

TEST(json_string, escapes_what_is_not_seen_or_turns_the_direction_of_a_text) {
    for (const auto& [text, escaped] : {std::pair<std::string, std::string>{"\u2028\u2029", R"("\u2028\u2029")"},
                                        {"\u202a\u202e", R"("\u202a\u202e")"},
                                        {"\u2066\u2069", R"("\u2066\u2069")"},
                                        {"\u200e\u200f\u061c", R"("\u200e\u200f\u061c")"},
                                        {"\u200b\ufeff", R"("\u200b\ufeff")"},
                                        {"\u2027\u202f\u2070\u061b", "\"\u2027\u202f\u2070\u061b\""}})
        EXPECT_EQ(json_string(text), escaped);
}

TEST(json_string, keeps_valid_utf8_and_replaces_every_other_byte) {
    EXPECT_EQ(json_string("变更 é 😀"), "\"变更 é 😀\"");
    for (const auto& [bytes, escaped] : {std::pair<std::string, std::string>{"\xff", R"("\ufffd")"},
                                         {"a\xc3", R"("a\ufffd")"},
                                         {"\xc0\x80", R"("\ufffd\ufffd")"},            // overlong
                                         {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},  // a surrogate
                                         {"\xf4\x90\x80\x80", R"("\ufffd\ufffd\ufffd\ufffd")"},
                                         {"\xe5\x8fx", R"("\ufffd\ufffdx")"}})
        EXPECT_EQ(json_string(bytes), escaped);
}

// Plain text is taken eight characters at once: every byte means the same wherever it stands among them.
TEST(json_string, escapes_a_byte_alike_at_every_position) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        const std::string one(1, static_cast<char>(byte));
        std::string escaped = json_string(one);
        escaped = escaped.substr(1, escaped.size() - 2);
        for (std::size_t length = 0; length < 25; ++length) {
            for (std::size_t position = 0; position <= length; ++position) {
                const std::string before(position, 'a'), after(length - position, '~');
                ASSERT_EQ(json_string(before + one + after), "\"" + before + escaped + after + "\"")
                    << byte << " at " << position << " of " << length;
            }
        }
    }
}

}  // namespace
}  // namespace gateway

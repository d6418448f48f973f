// What YAML itself allows and this format does not, or allows in spellings that surprise.

#include <gmock/gmock.h>

#include <fstream>

#include "base_file.hpp"

namespace gateway::config {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(yaml, that_is_empty_or_only_a_comment_is_refused) {
    for (const auto* text : {"", "\n\n", "# nothing\n", "---\n", "~\n", "...\n"}) {
        EXPECT_THAT(described(parse(text, "f")), ElementsAre(HasSubstr("the file is empty"))) << text;
    }
}

TEST(yaml, whose_root_is_no_map_is_refused) {
    EXPECT_THAT(described(parse("- version: 1\n", "f")),
                ElementsAre(StartsWith("f:1:1: expected a map with keys of version,")));
    EXPECT_THAT(described(parse("version=1\n", "f")),
                ElementsAre(StartsWith("f:1:1: expected a map with keys of version,")));
}

TEST(yaml, of_two_documents_is_refused) {
    EXPECT_THAT(described(parse(std::string(base) + "---\nversion: 1\n", "f")),
                ElementsAre("f:33:1: a second document begins here; expected one in the file"));
}

TEST(yaml, that_is_not_yaml_tells_where) {
    for (const auto& [text, place] : std::vector<std::pair<std::string, std::string>>{
             {"version: 1\nlisteners: [a\n", "f:2:1: this is not YAML: end of sequence flow not found"},
             {"version: 1\n\tlisteners: x\n", "f:2:1: this is not YAML: "},
             {"a: b: c\n", "f:1:5: this is not YAML: "},
             {"a: \"x\n", "f:1:1: this is not YAML: a quoted text is not closed"},
             {"a: 'x\n", "f:1:1: this is not YAML: a quoted text is not closed"},
             {"a: \"\\q\"\n", "f:1:7: this is not YAML: "}}) {
        EXPECT_THAT(described(parse(text, "f")), ElementsAre(StartsWith(place))) << text;
    }
}

TEST(yaml, patterns_that_begin_with_a_star_have_to_be_quoted) {
    for (const std::string servers : {"[*]", "[*, a]", "[a, *.large]", "*", "[*-web]"}) {
        const auto problems = described(parse(base_with("    callers: [alice]", "    servers: " + servers), "f"));
        ASSERT_EQ(problems.size(), 1U) << servers;
        EXPECT_THAT(problems[0], testing::StartsWith("f:29:")) << servers;
        EXPECT_THAT(problems[0], HasSubstr("a text that begins with * has to be quoted, as in \"*\"")) << servers;
    }
    EXPECT_THAT(described(parse(base_with("    callers: [alice]", "    servers: [\"*\"]"), "f")), testing::IsEmpty());
}

TEST(encoding, is_utf_8_and_what_is_not_is_told_with_its_place) {
    struct wrong {
        std::string text, problem;
    };
    using namespace std::string_literals;
    for (const auto& [text, problem] : std::vector<wrong>{
             {base_with("- name: acme", "- name: M\xFCller"),
              "f:23:12: warning: byte 0xfc is not UTF-8 and is read as U+FFFD; save the file as UTF-8"},
             {base_with("- name: acme", "- name: é\xE9"),
              "f:23:12: warning: byte 0xe9 is not UTF-8 and is read as U+FFFD; save the file as UTF-8"},
             {"# \xC0\x80\n" + std::string(base),
              "f:1:3: warning: byte 0xc0 is not UTF-8 and is read as U+FFFD; save the file as UTF-8"},
             {"\xFF\xFEv\0e\0r\0"s, "f:1:1: the file is UTF-16, as its byte order mark says; save it as UTF-8"},
             {"\xFE\xFF\0v\0e\0r"s, "f:1:1: the file is UTF-16, as its byte order mark says; save it as UTF-8"},
             {"\xFF\xFE\0\0v\0\0\0"s, "f:1:1: the file is UTF-32, as its byte order mark says; save it as UTF-8"},
             {"v\0e\0r\0"s, "f:1:2: a NUL character; if the file is UTF-16, save it as UTF-8"},
             {std::string(base) + "# \xE2\x82",
              "f:32:3: warning: byte 0xe2 is not UTF-8 and is read as U+FFFD; save the file as UTF-8"}}) {
        EXPECT_THAT(described(parse(text, "f")), ElementsAre(problem));
    }
    const auto read = parse(base_with("- name: acme", "- name: M\xFC\xDFller"), "f");
    EXPECT_TRUE(read.ok());
    EXPECT_EQ(read.values.accounts[0].name, "M\uFFFD\uFFFDller");
    for (const auto& text : {base_with("- name: acme", "- name: Müller 夜"), "\xEF\xBB\xBF" + std::string(base)})
        EXPECT_THAT(described(parse(text, "f")), testing::IsEmpty()) << text;
}

TEST(yaml, may_say_where_the_document_begins_and_ends) {
    for (const std::string& text :
         {"---\n" + std::string(base), std::string(base) + "...\n", "%YAML 1.2\n---\n" + std::string(base) + "...\n"}) {
        EXPECT_THAT(described(parse(text, "f")), testing::IsEmpty()) << text;
    }
}

TEST(yaml, nested_too_deep_is_refused) {
    const auto problems = described(parse("a: " + std::string(10'000, '[') + std::string(10'000, ']'), "f"));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_THAT(problems[0], HasSubstr("this is not YAML: nested too deep"));
}

TEST(yaml, has_no_aliases_and_tags_here) {
    EXPECT_THAT(
        described(parse(base_with("[alice]", "&all [alice]") + "  - {rule: x, callers: *all}\n", "f")),
        ElementsAre("f:32:24: policy[1].callers: expected a list of callers, at least one, not an alias (*), which "
                    "this format does not have"));
    EXPECT_THAT(
        described(parse(base_with("name: bob", "name: !vault bob"), "f")),
        ElementsAre(HasSubstr("f:11:11: callers[1].name: expected a name of at most 256 bytes on one line, not a value "
                              "with a tag (!)")));
}

TEST(yaml, keys_must_be_plain) {
    EXPECT_THAT(described(parse("? [a]\n: b\n" + std::string(base), "f")),
                ElementsAre("f:1:3: expected a key that is plain text, not a list"));
}

TEST(yaml, keys_repeated_are_refused_wherever_they_stand) {
    EXPECT_THAT(described(parse(base_with("policy:", "version: 1\npolicy:"), "f")),
                ElementsAre("f:27:1: version: duplicate key, first on line 1; expected each key once"));
    EXPECT_THAT(described(parse(base_with("{calls: 30,", "{calls: 30, calls: 31,"), "f")),
                ElementsAre("f:31:23: policy[0].rate.calls: duplicate key, first on line 31; expected each key once"));
    EXPECT_THAT(
        described(parse(base_with("{p1: cn-north-4}", "{p1: cn-north-4, p1: cn-north-4}"), "f")),
        ElementsAre("f:26:32: accounts[0].projects.p1: duplicate key, first on line 26; expected each key once"));
}

TEST(yaml, scalars_keep_their_spelling) {
    const auto read = parse(base_with("name: alice", "name: 0x1F"), "f");
    EXPECT_EQ(read.values.callers[0].name, "0x1F");
    const auto octal = parse(base_with("127.0.0.1:8080\n", "unix:/run/x\n    mode: 0660\n"), "f");
    ASSERT_TRUE(octal.ok()) << described(octal)[0];
    EXPECT_EQ(octal.values.listeners[0].mode, 0660U);
}

TEST(files, that_cant_be_read_are_a_problem_without_a_place) {
    EXPECT_THAT(described(load("/nonexistent/gateway.yaml")),
                ElementsAre("f: can't be read: No such file or directory"));
    EXPECT_THAT(described(load("/")), ElementsAre("f: can't be read: is a folder"));
}

TEST(files, whose_path_is_no_text_are_told_on_one_line) {
    EXPECT_EQ(describe(problem{.location = {}, .message = "is wrong"}, "M\xFC\n.yaml"), "M\\ufffd\\n.yaml: is wrong");
}

TEST(files, that_are_too_large_are_refused) {
    EXPECT_THAT(described(parse(std::string(16 * 1024 * 1024 + 1, '#'), "f")),
                ElementsAre("f: is too large; expected at most 16MiB"));
}

TEST(files, named_relatively_start_at_the_files_folder) {
    const auto read = parse(base, "/etc/gateway/gateway.yaml");
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read.values.file, "/etc/gateway/gateway.yaml");
    EXPECT_EQ(read.values.callers[0].secret_key->name, "/etc/gateway/alice.sk");
    EXPECT_EQ(read.values.listeners[1].tls->certificate, "/etc/gateway/a.pem");
    const auto absolute = parse(base_with("alice.sk", "/run/alice.sk"), "/etc/gateway/gateway.yaml");
    EXPECT_EQ(absolute.values.callers[0].secret_key->name, "/run/alice.sk");
}

TEST(files, of_tls_are_opened_only_when_asked) {
    const auto read =
        parse(base_with("regions:", "upstream: {ca_file: cloud.pem}\nregions:"), "/nonexistent/gateway.yaml");
    ASSERT_TRUE(read.ok());
    std::vector<std::string> lines;
    for (const problem& p : check_files(read.values)) {
        lines.push_back(describe(p, "f"));
    }
    const std::string reason = " can't be read: No such file or directory; expected a PEM file";
    EXPECT_THAT(lines, ElementsAre("f:5:10: listeners[1].tls.certificate: \"/nonexistent/a.pem\"" + reason,
                                   "f:5:10: listeners[1].tls.private_key: \"/nonexistent/a.key\"" + reason,
                                   "f:5:10: listeners[1].tls.client_ca: \"/nonexistent/ca.pem\"" + reason,
                                   "f:19:11: upstream.ca_file: \"/nonexistent/cloud.pem\"" + reason));
}

TEST(files, of_outcomes_are_files_or_devices) {
    const std::string folder = testing::TempDir();
    for (const auto& [place, problems] : std::vector<std::pair<std::string, std::size_t>>{
             {"/dev/null", 0}, {folder + "not-there-yet", 0}, {"stdout", 0}, {folder, 1}}) {
        const std::string yaml = "version: 1\nlisteners: [{address: 127.0.0.1:8080}]\nlog: {outcomes: " + place + "}\n";
        const auto found = check_files(parse(yaml, "f").values);
        ASSERT_EQ(found.size(), problems) << place;
        if (problems > 0) {
            EXPECT_EQ(describe(found[0], "f"), "f:3:6: log.outcomes: \"" + place +
                                                   "\" is no regular file; expected a file, or stdout for a program "
                                                   "that reads a pipe");
        }
    }
}

TEST(files, of_tls_that_are_there_are_no_problem) {
    const std::string folder = testing::TempDir();
    for (const auto* name : {"a.pem", "a.key", "ca.pem"}) {
        std::ofstream(folder + name) << "PEM\n";
    }
    EXPECT_TRUE(check_files(parse(base, folder + "gateway.yaml").values).empty());
}

}  // namespace
}  // namespace gateway::config

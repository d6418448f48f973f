// The program as a whole, and the commands that need no configuration.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.hpp"

namespace gateway::cli {

namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using words = std::vector<std::string>;

const std::vector<std::string> all_commands{
    "run",      "check",    "explain", "changes list", "changes show",  "changes resolve", "changes export",
    "freeze",   "unfreeze", "freezes", "ledger check", "ledger backup", "ledger copy",     "sign",
    "hash-key", "version"};

// "changes list" as a shell makes two words of it.
words split(const std::string& name) {
    const auto space = name.find(' ');
    if (space == std::string::npos) return {name};
    return {name.substr(0, space), name.substr(space + 1)};
}

TEST(program, lists_its_commands_when_asked) {
    for (const char* word : {"--help", "-h", "help"}) {
        const auto answer = ask({word});
        EXPECT_EQ(answer.status, done) << word;
        for (const auto& name : all_commands)
            EXPECT_THAT(answer.out, HasSubstr("\n  " + name + " ")) << word;
        EXPECT_THAT(answer.err, IsEmpty());
    }
}

TEST(program, lists_its_commands_where_none_or_an_unknown_one_is_named) {
    for (const auto& line : {words{}, words{"resize"}, words{"changes"}, words{"changes", "dance"},
                             words{"ledger", "--help"}, words{"--config", "x"}, words{"Run"}, words{""}}) {
        const auto answer = ask(line);
        EXPECT_EQ(answer.status, wrong_usage);
        EXPECT_THAT(answer.out, IsEmpty());
        for (const auto& name : all_commands)
            EXPECT_THAT(answer.err, HasSubstr("\n  " + name + " "));
    }
}

TEST(program, shows_control_characters_of_a_wrong_word_escaped) {
    EXPECT_THAT(ask({"\x1b[31m"}).err, StartsWith("ecs-gateway: there is no command \\u001b[31m\n"));
}

TEST(program, fails_when_what_was_asked_for_can_not_be_written) {
    std::istringstream input_stream;
    std::ostringstream out, err;
    out.setstate(std::ios::badbit);
    EXPECT_EQ(run({"version"}, {input_stream, out, err}), failed);
    EXPECT_THAT(err.str(), HasSubstr("can't write"));
}

TEST(program, takes_the_arguments_of_main) {
    std::string name = "ecs-gateway", command = "--help";
    char* with_help[] = {name.data(), command.data(), nullptr};
    testing::internal::CaptureStdout();
    EXPECT_EQ(run(2, with_help), done);
    EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("check"));
    char* nothing[] = {nullptr};
    testing::internal::CaptureStderr();
    EXPECT_EQ(run(0, nothing), wrong_usage);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("check"));
}

TEST(every_command, explains_itself) {
    for (const auto& name : all_commands) {
        words line = split(name);
        line.emplace_back("--help");
        const auto answer = ask(line);
        EXPECT_EQ(answer.status, done) << name;
        EXPECT_THAT(answer.out, StartsWith("ecs-gateway " + name)) << name;
        EXPECT_THAT(answer.out, HasSubstr("--help")) << name;
        EXPECT_THAT(answer.err, IsEmpty()) << name;
    }
}

TEST(every_command, answers_wrong_usage_with_status_2_and_where_to_look) {
    const std::vector<words> lines{
        {"run"},
        {"check"},
        {"explain"},
        {"sign"},
        {"run", "--config"},
        {"run", "gateway.yaml"},
        {"run", "--conf", "gateway.yaml"},
        {"check", "--config", "a", "--config", "b"},
        {"check", "--config", "a", "--quietly"},
        {"explain", "--config", "a", "--caller", "b", "--method", "GET"},
        {"sign", "--access-key", "AK", "--method", "GET", "--url", "https://h/"},
        {"hash-key", "abc"},
        {"version", "--json"},
    };
    for (const auto& line : lines) {
        const auto answer = ask(line);
        EXPECT_EQ(answer.status, wrong_usage) << line.front();
        EXPECT_THAT(answer.out, IsEmpty());
        EXPECT_THAT(answer.err, HasSubstr("See: ecs-gateway " + line.front() + " --help")) << line.front();
    }
}

TEST(version, tells_its_own_and_its_libraries) {
    for (const char* word : {"version", "--version"}) {
        const auto answer = ask({word});
        EXPECT_EQ(answer.status, done);
        EXPECT_THAT(answer.out, testing::MatchesRegex("ecs-gateway [0-9]+\\.[0-9]+\\.[0-9]+\n.*"));
        for (const char* library : {"Boost 1.", "OpenSSL 3.", "spdlog 1.", "SQLite 3.", "yaml-cpp 0."})
            EXPECT_THAT(answer.out, HasSubstr(library));
    }
}

TEST(hash_key, prints_the_hash_of_one_line) {
    const std::string of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";  // FIPS 180-4
    for (const char* input : {"abc", "abc\n"}) {
        const auto answer = ask({"hash-key"}, input);
        EXPECT_EQ(answer.status, done);
        EXPECT_EQ(answer.out, of_abc);
        EXPECT_THAT(answer.err, IsEmpty());
    }
}

TEST(hash_key, rejects_what_no_caller_can_send) {
    for (const char* input : {"", "\n", "\n\n", "abc\n\n", "abc\ndef\n", "abc\r\n", "a bc\n", " abc", "\xC3\xA9"}) {
        const auto answer = ask({"hash-key"}, input);
        EXPECT_EQ(answer.status, failed) << testing::PrintToString(input);
        EXPECT_THAT(answer.out, IsEmpty()) << testing::PrintToString(input);
        EXPECT_THAT(answer.err, testing::Not(HasSubstr("abc"))) << testing::PrintToString(input);
    }
}

}  // namespace

}  // namespace gateway::cli

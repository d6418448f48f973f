#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "world.hpp"

namespace gateway::cli {

namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct check : testing::Test {
    folder files;
    std::string config = files.path("gateway.yaml");

    answer run_check(std::string_view yaml) {
        files.write("gateway.yaml", yaml);
        return ask({"check", "--config", config});
    }
    static std::string changed(std::string_view old, std::string_view replacement) {
        std::string yaml(small_configuration);
        return yaml.replace(yaml.find(old), old.size(), replacement);
    }
};

TEST_F(check, says_ok_and_nothing_else_of_a_good_file) {
    files.write("secret", "very-secret\n");
    const auto answer = run_check(small_configuration);
    EXPECT_EQ(answer.status, done);
    EXPECT_EQ(answer.out, "OK\n");
    EXPECT_THAT(answer.err, IsEmpty());
}

TEST_F(check, tries_the_ledger_as_a_start_would_and_makes_none) {
    files.write("secret", "very-secret\n");
    EXPECT_EQ(run_check(small_configuration).status, done);
    EXPECT_FALSE(std::filesystem::exists(files.path("ledger.db")));
    const auto nowhere = run_check(std::string(small_configuration) + "ledger: {file: none/ledger.db}\n");
    EXPECT_EQ(nowhere.status, failed);
    EXPECT_THAT(nowhere.out, HasSubstr(files.path("none/ledger.db")));
    EXPECT_THAT(nowhere.out, HasSubstr("No such file or directory"));
    files.write("ledger.db", std::string(8192, 'x'));
    EXPECT_THAT(run_check(small_configuration).out, HasSubstr("not a database"));
}

TEST_F(check, prints_every_missing_secret_in_the_order_of_the_file) {
    const auto answer = run_check(small_configuration);
    EXPECT_EQ(answer.status, failed);
    const auto caller = answer.out.find("gateway.yaml:7:"), partner = answer.out.find("gateway.yaml:13:"),
               acme = answer.out.find("gateway.yaml:16:");
    EXPECT_LT(caller, partner) << answer.out;
    EXPECT_LT(partner, acme) << answer.out;
    EXPECT_NE(acme, std::string::npos) << answer.out;
    EXPECT_THAT(answer.out, HasSubstr("credentials[1].secret_key"));
    EXPECT_THAT(answer.out, testing::Not(HasSubstr("\nOK\n")));
    EXPECT_THAT(answer.err, HasSubstr("3 problems"));
}

// Two of the file itself, three secrets that are not there: all in one go.
TEST_F(check, prints_every_problem_of_the_file_itself_and_of_its_secrets) {
    auto yaml = changed("effect: deny", "effect: refuse");
    const auto answer = run_check(yaml + "unknown: 1\n");
    EXPECT_EQ(answer.status, failed);
    EXPECT_THAT(answer.out, HasSubstr(config + ":"));
    EXPECT_THAT(answer.out, HasSubstr("policy[0].effect"));
    EXPECT_THAT(answer.out, HasSubstr("unknown"));
    EXPECT_THAT(answer.err, HasSubstr("5 problems"));
}

TEST_F(check, fails_for_a_file_that_is_not_there) {
    const auto answer = ask({"check", "--config", config});
    EXPECT_EQ(answer.status, failed);
    EXPECT_THAT(answer.out, HasSubstr(config));
}

TEST_F(check, names_a_certificate_that_can_not_be_read) {
    files.write("secret", "very-secret\n");
    const auto answer = run_check(std::string(small_configuration) + "upstream: {ca_file: nowhere.pem}\n");
    EXPECT_EQ(answer.status, failed);
    EXPECT_THAT(answer.out, HasSubstr("upstream.ca_file"));
}

TEST_F(check, warns_of_a_literal_secret_and_says_ok_all_the_same) {
    files.write("secret", "very-secret\n");
    const auto answer = run_check(changed("secret_key: {file: secret}", "secret_key: {literal: dont-print-me}"));
    EXPECT_EQ(answer.status, done);
    EXPECT_THAT(answer.out, HasSubstr("warning"));
    EXPECT_THAT(answer.out, testing::EndsWith("OK\n"));
    EXPECT_THAT(answer.out + answer.err, testing::Not(HasSubstr("dont-print-me")));
}

TEST_F(check, warns_of_secrets_that_everybody_can_read) {
    const std::string secret = files.write("secret", "very-secret\n");
    std::filesystem::permissions(files.path("."), std::filesystem::perms(0755));
    std::filesystem::permissions(secret, std::filesystem::perms(0644));
    const auto warned = run_check(small_configuration);
    EXPECT_EQ(warned.status, done);
    EXPECT_THAT(warned.out,
                HasSubstr("gateway.yaml:7:17: warning: callers[0].secret_key: every user of this machine can "
                          "read \"" +
                          secret + "\"; chmod o-r it"));
    EXPECT_THAT(warned.out, testing::EndsWith("OK\n"));
    std::filesystem::permissions(secret, std::filesystem::perms(0640));
    EXPECT_EQ(run_check(small_configuration).out, "OK\n");
    // Nobody else gets as far as the file.
    std::filesystem::permissions(secret, std::filesystem::perms(0644));
    std::filesystem::permissions(files.path("."), std::filesystem::perms(0750));
    EXPECT_EQ(run_check(small_configuration).out, "OK\n");
}

TEST_F(check, warns_of_what_was_copied_with_a_secret) {
    const auto said = [&](std::string_view secret) {
        files.write("secret", secret);
        const auto answer = run_check(small_configuration);
        EXPECT_EQ(answer.status, done) << secret;
        EXPECT_THAT(answer.out, testing::Not(HasSubstr("hidden"))) << secret;
        return answer.out;
    };
    for (const auto* quoted : {"\"hidden\"\n", "'hidden'"})
        EXPECT_THAT(said(quoted), HasSubstr("credentials[0].secret_key: the text of file \"" + files.path("secret") +
                                            "\" begins and ends with a quote"));
    for (const auto* assignment : {"AK=hidden\n", "SECRET_KEY='hidden'", "sk2=hidden=="})
        EXPECT_THAT(said(assignment), HasSubstr("looks like NAME=VALUE")) << assignment;
    for (const auto* fine :
         {"hidden\n", "hidden=", "hidden==", "=hidden", "hid/den=x", "hid+den=x", "\"hidden", "'", "0hid=den"})
        EXPECT_EQ(said(fine), "OK\n") << fine;
}

TEST_F(check, rejects_a_unix_user_whose_id_the_kernel_gives_to_others) {
    files.write("secret", "very-secret\n");
    auto yaml = changed("  - address: 127.0.0.1:8080\n", "  - address: unix:/run/gateway.sock\n");
    const std::string_view before = "credentials:\n";
    yaml.insert(yaml.find(before), "  - name: agent\n    unix_user: \"65534\"\n");
    const auto answer = run_check(yaml);
    EXPECT_EQ(answer.status, failed);
    EXPECT_THAT(answer.out, HasSubstr("caller agent: unix_user is user id 65534, which the kernel also gives"));
}

}  // namespace

}  // namespace gateway::cli

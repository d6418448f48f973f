#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.hpp"

namespace gateway::cli {

namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// No secret file is ever written: explain needs none.
struct explain : testing::Test {
    folder files;
    std::string config = files.write("gateway.yaml", small_configuration);

    answer explain_call(const std::string& caller, const std::string& method, const std::string& path) {
        return ask({"explain", "--config", config, "--caller", caller, "--method", method, "--path", path});
    }
    answer explain_call(const std::string& caller, const std::string& method, const std::string& path,
                        std::string_view body) {
        files.write("body.json", body);
        return ask({"explain", "--config", config, "--caller", caller, "--method", method, "--path", path, "--body",
                    files.path("body.json")});
    }
};

const std::string resize = "/v1.1/p-acme/cloudservers/s-1/resize";
const std::string to_s6 = R"({"resize":{"flavorRef":"s6.large.2"}})";

TEST_F(explain, tells_whose_call_it_is_and_which_rule_allows_it) {
    const auto answer = explain_call("planner", "POST", resize, to_s6);
    EXPECT_EQ(answer.status, done) << answer.err;
    for (const char* line : {"operation   resize (v1.1)\n", "caller      planner\n", "project     p-acme\n",
                             "server      s-1\n", "asks for    flavor s6.large.2\n", "account     acme\n",
                             "region      ap-southeast-1, ecs.ap-southeast-1.", "credential  acme-key, from file \"",
                             "\nallowed by rule planner-grows, signed as credential acme-key\n", "rate"})
        EXPECT_THAT(answer.out, HasSubstr(line));
    const auto first = answer.out.find("never-c6 "), second = answer.out.find("planner-grows "),
               third = answer.out.find("planner-looks ");
    EXPECT_LT(first, second) << answer.out;
    EXPECT_LT(second, third) << answer.out;
}

TEST_F(explain, names_the_partners_credential_where_the_rule_signs_as_the_partner) {
    const auto answer = explain_call("planner", "GET", "/v1/p-acme/jobs/j-1");
    EXPECT_EQ(answer.status, done);
    EXPECT_THAT(answer.out, HasSubstr("job         j-1\n"));
    EXPECT_THAT(answer.out, HasSubstr("credential  partner-key, from file \""));
    EXPECT_THAT(answer.out, Not(HasSubstr("rate")));
}

TEST_F(explain, takes_a_query_where_the_operation_does) {
    EXPECT_EQ(explain_call("planner", "GET", "/v1/p-acme/cloudservers/resize_flavors?limit=1").status, done);
}

TEST_F(explain, tells_everything_that_a_resize_asks_for) {
    const auto answer =
        explain_call("planner", "POST", resize,
                     R"({"resize":{"flavorRef":"s6.large.2","dedicated_host_id":"h-1\u001b","extendparam":
                           {"isAutoPay":"true"},"mode":"withStopServer"},"dry_run":true})");
    EXPECT_THAT(answer.out, HasSubstr("asks for    flavor s6.large.2, dedicated host h-1\\u001b, isAutoPay true, mode "
                                      "withStopServer, dry_run true\n"));
}

TEST_F(explain, tells_why_a_call_is_refused) {
    struct {
        std::string caller, method, path, body, says;
    } const cases[] = {
        {"planner", "POST", resize, R"({"resize":{"flavorRef":"c6.large.2"}})", "403 Gateway.0201: .*never-c6"},
        {"planner", "POST", resize, R"({"resize":{"flavorRef":"m6.large.2"}})", "403 Gateway.0201: .*planner-grows"},
        {"ci", "POST", resize, to_s6, "403 Gateway.0201: no rule"},
        {"planner", "GET", "/v1/p-acme/cloudservers/s-1", "", "403 Gateway.0201: no rule"},
        {"planner", "GET", "/v1/p-other/jobs/j-1", "", "403 Gateway.0202: "},
        {"planner", "POST", resize, "{}", "400 Gateway.0002: /resize: is missing"},
        {"planner", "POST", resize, R"({"resize":{"flavorRef":7}})", "400 Gateway.0002: /resize/flavorRef: "},
        {"planner", "POST", resize, "", "400 Gateway.0002: the body: is empty"},
        {"planner", "GET", "/v1/p-acme/jobs/j-1", "{}", "400 Gateway.0002: this operation takes no body"},
        {"planner", "GET", "/v1/p-acme/jobs/%6a", "", "404 Gateway.0301: "},
        {"planner", "GET", "/v1/p-acme/jobs/j-1?limit=1", "", "404 Gateway.0301: this operation takes no query"},
        {"planner", "GET", "/v1/p-acme/cloudservers/resize_flavors?a=b+c", "", "400 Gateway.0001: the query"},
        {"planner", "GET", resize, "", "405 Gateway.0302: this path is for POST\n"},
    };
    for (const auto& c : cases) {
        const auto answer = explain_call(c.caller, c.method, c.path, c.body);
        EXPECT_EQ(answer.status, failed) << c.says;
        EXPECT_THAT(answer.out, testing::ContainsRegex("\nrefused with " + c.says));
        EXPECT_THAT(answer.out, Not(HasSubstr("allowed by")));
    }
}

TEST_F(explain, needs_the_body_of_a_resize) {
    const auto answer = explain_call("planner", "POST", resize);
    EXPECT_EQ(answer.status, wrong_usage);
    EXPECT_THAT(answer.err, HasSubstr("--body"));
}

TEST_F(explain, lists_the_callers_where_the_one_asked_about_is_unknown) {
    const auto answer = explain_call("plamer", "GET", "/v1/p-acme/jobs/j-1");
    EXPECT_EQ(answer.status, failed);
    EXPECT_THAT(answer.err, HasSubstr("plamer; it has planner, ci"));
}

TEST_F(explain, fails_with_the_problems_of_a_bad_file) {
    files.write("gateway.yaml", "version: 1\n");
    const auto answer = explain_call("planner", "GET", "/v1/p-acme/jobs/j-1");
    EXPECT_EQ(answer.status, failed);
    EXPECT_THAT(answer.err, HasSubstr(config + ":"));
    EXPECT_THAT(answer.err, HasSubstr("check --config"));
}

TEST_F(explain, fails_for_a_body_that_can_not_be_read) {
    for (const std::string& body : {files.path("nowhere"), files.path(".")}) {
        const auto answer = ask({"explain", "--config", config, "--caller", "planner", "--method", "POST", "--path",
                                 resize, "--body", body});
        EXPECT_EQ(answer.status, failed);
        EXPECT_THAT(answer.err, HasSubstr("can't read " + body + ": "));
    }
}

}  // namespace

}  // namespace gateway::cli

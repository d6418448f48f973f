// The words: what a 403 says and what `explain` prints.

#include <gtest/gtest.h>

#include <functional>

#include "world.hpp"

namespace gateway::policy {
namespace {

using config::dry_run;
using config::resize_conditions;
using operations::operation_id;
using operations::resize_request;

std::string denial(const rules& compiled, const facts& call) { return compiled.denial(compiled.decide(call), call); }

TEST(denial, names_caller_operation_and_account_when_no_rule_allows_it) {
    const rules compiled(world({}));
    EXPECT_EQ(denial(compiled, resize(compiled, planner, "p-acme", to_flavor("s6"))),
              "no rule allows caller planner operation resize on account acme");
    EXPECT_EQ(denial(compiled, call(compiled, ci, "p-globex", operation_id::show_job)),
              "no rule allows caller ci operation show_job on account globex");
}

TEST(denial, names_the_rule_what_failed_and_what_is_permitted) {
    struct row {
        std::function<void(resize_conditions&)> rule;
        std::function<void(resize_request&)> call;
        const char* says;
    };
    for (const row& r : std::vector<row>{
             {[](resize_conditions& c) {
                  c.flavors = names{"s6.*", "c6.*"};
              },
              [](resize_request& a) { a.flavor = "s7.large.2"; }, "flavor s7.large.2 is not among s6.*, c6.*"},
             {[](resize_conditions& c) { c.flavors = names{}; }, [](resize_request&) {}, "it permits no flavor"},
             {[](resize_conditions&) {}, [](resize_request& a) { a.auto_pay = true; },
              "isAutoPay is true, and the rule does not permit paying; send false or leave it out"},
             {[](resize_conditions&) {}, [](resize_request& a) { a.stops_running_server = true; },
              "mode is withStopServer, and the rule does not permit stopping a running server; stop it first and leave "
              "mode out"},
             {[](resize_conditions& c) { c.dedicated_hosts = names{}; },
              [](resize_request& a) { a.dedicated_host_id = "h1"; }, "dedicated host h1 is named, and none may be"},
             {[](resize_conditions& c) {
                  c.dedicated_hosts = names{"h2", "h3"};
              },
              [](resize_request& a) { a.dedicated_host_id = "h1"; }, "dedicated host h1 is not among h2, h3"},
             {[](resize_conditions& c) { c.dry = dry_run::required; }, [](resize_request&) {},
              "only dry runs are permitted; send dry_run true"},
             {[](resize_conditions& c) { c.dry = dry_run::forbidden; }, [](resize_request& a) { a.dry_run = true; },
              "dry runs are not permitted; leave dry_run out"},
         }) {
        config::rule one = allow("planner-grows-acme");
        r.rule(one.resize.emplace());
        resize_request asked = to_flavor("s6.large.2");
        r.call(asked);
        const rules compiled(world({one}));
        EXPECT_EQ(denial(compiled, resize(compiled, planner, "p-acme", asked)),
                  std::string("rule planner-grows-acme denies it: ") + r.says);
    }
}

TEST(denial, names_the_deny_rule_and_what_it_is_about) {
    config::rule by_server = deny("hands-off");
    by_server.servers = names{"server-9"};
    config::rule by_flavor = deny("not-s7");
    by_flavor.resize.emplace().flavors = names{"s7.*"};
    const rules compiled(world({by_server, by_flavor, deny("nothing-else")}));
    EXPECT_EQ(denial(compiled, resize(compiled, planner, "p-acme", to_flavor("s6"), "server-9")),
              "rule hands-off denies caller planner operation resize on account acme for server server-9");
    EXPECT_EQ(denial(compiled, resize(compiled, planner, "p-acme", to_flavor("s7.x"))),
              "rule not-s7 denies caller planner operation resize on account acme to flavor s7.x");
    EXPECT_EQ(denial(compiled, call(compiled, planner, "p-acme", operation_id::show_job)),
              "rule nothing-else denies caller planner operation show_job on account acme");
}

TEST(denial, stays_short_whatever_is_asked_for_and_however_much_is_permitted) {
    config::rule one = allow("r");
    one.resize.emplace().flavors = names(5000, "s6.*");
    const rules compiled(world({one}));
    EXPECT_EQ(denial(compiled, resize(compiled, planner, "p-acme", to_flavor(std::string(1'000'000, 'x')))),
              "rule r denies it: flavor " + std::string(61, 'x') +
                  "... is not among s6.*, s6.*, s6.*, s6.*, s6.*, s6.*, s6.*, s6.* and 4992 more");
    EXPECT_NE(denial(compiled, resize(compiled, planner, "p-acme", to_flavor(std::string(64, 'x'))))
                  .find(std::string(64, 'x')),
              std::string::npos);
}

TEST(denial, does_not_cut_a_character_in_two) {
    config::rule one = allow("r");
    one.resize.emplace().flavors = names{"s6.*"};
    const rules compiled(world({one}));
    std::string flavor(60, 'x');
    for (int i = 0; i < 10; ++i)
        flavor += "\xe4\xb8\xad";
    EXPECT_NE(
        denial(compiled, resize(compiled, planner, "p-acme", to_flavor(flavor))).find(std::string(60, 'x') + "... is"),
        std::string::npos);
}

TEST(explain, tells_rule_by_rule_why) {
    config::rule for_ci = allow("for-ci");
    for_ci.callers = names{"ci", "sidecar"};
    config::rule for_globex = allow("for-globex");
    for_globex.accounts = names{"globex"};
    config::rule jobs = allow("jobs");
    jobs.operations = {operation_id::show_job};
    config::rule hands_off = deny("hands-off");
    hands_off.servers = names{"server-9", "db-*"};
    config::rule not_s7 = deny("not-s7");
    not_s7.resize.emplace().flavors = names{"s7.*"};
    config::rule small = allow("small");
    small.resize.emplace().flavors = names{"c6.*"};
    config::rule stricter = shadowed(deny("stricter"));
    const rules compiled(world(
        {for_ci, for_globex, jobs, hands_off, not_s7, shadowed(allow("looser")), small, allow("all-else"), stricter}));

    struct row {
        const char *rule, *verdict, *text;
    };
    const std::vector<row> expected{
        {"for-ci", "no match", "caller planner is not in [ci, sidecar]"},
        {"for-globex", "no match", "account acme is not in [globex]"},
        {"jobs", "no match", "operation resize is not in [show_job]"},
        {"hands-off", "no match", "server server-1 is not in [server-9, db-*]"},
        {"not-s7", "no match", "flavor s6.large.2 is not among s7.*"},
        {"looser", "shadow: would allow", "matches caller planner operation resize on account acme"},
        {"small", "decides: denied", "flavor s6.large.2 is not among c6.*"},
        {"all-else", "not reached", "rule small decides"},
        {"stricter", "shadow: would deny", "matches caller planner operation resize on account acme"},
    };
    const resize_request asked = to_flavor("s6.large.2");
    const auto lines = compiled.explain(resize(compiled, planner, "p-acme", asked));
    ASSERT_EQ(lines.size(), expected.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        EXPECT_EQ(lines[i].rule, expected[i].rule);
        EXPECT_EQ(lines[i].verdict, expected[i].verdict) << expected[i].rule;
        EXPECT_EQ(lines[i].text, expected[i].text) << expected[i].rule;
    }
}

TEST(explain, tells_why_a_deny_rule_is_not_about_a_call) {
    struct row {
        std::function<void(resize_conditions&)> rule;
        std::function<void(resize_request&)> call;
        const char* text;
    };
    for (const row& r : std::vector<row>{
             {[](resize_conditions& c) { c.flavors = names{}; }, [](resize_request&) {},
              "its list of flavors is empty"},
             {[](resize_conditions& c) { c.auto_pay = true; }, [](resize_request&) {},
              "the call does not have isAutoPay true"},
             {[](resize_conditions& c) { c.auto_pay = false; }, [](resize_request& a) { a.auto_pay = true; },
              "the call has isAutoPay true"},
             {[](resize_conditions& c) { c.while_running = true; }, [](resize_request&) {},
              "the call does not have mode withStopServer"},
             {[](resize_conditions& c) { c.while_running = false; },
              [](resize_request& a) { a.stops_running_server = true; }, "the call has mode withStopServer"},
             {[](resize_conditions& c) { c.dedicated_hosts = names{"h1"}; }, [](resize_request&) {},
              "the call names none of the dedicated hosts h1"},
             {[](resize_conditions& c) { c.dedicated_hosts = names{}; },
              [](resize_request& a) { a.dedicated_host_id = "h1"; }, "the call names a dedicated host"},
             {[](resize_conditions& c) { c.dry = dry_run::required; }, [](resize_request&) {},
              "the call is not a dry run"},
             {[](resize_conditions& c) { c.dry = dry_run::forbidden; }, [](resize_request& a) { a.dry_run = true; },
              "the call is a dry run"},
         }) {
        config::rule one = deny("narrow");
        r.rule(one.resize.emplace());
        resize_request asked = to_flavor("s6.large.2");
        r.call(asked);
        const rules compiled(world({one}));
        const auto lines = compiled.explain(resize(compiled, planner, "p-acme", asked));
        EXPECT_EQ(lines.at(0).verdict, "no match");
        EXPECT_EQ(lines.at(0).text, r.text);
        EXPECT_EQ(compiled.explain(call(compiled, planner, "p-acme", operation_id::show_job)).at(0).text,
                  "the rule is about resizes, the operation is show_job");
    }
}

}  // namespace
}  // namespace gateway::policy

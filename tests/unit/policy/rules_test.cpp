#include "gateway/policy/rules.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

#include "world.hpp"

namespace gateway::policy {
namespace {

using operations::operation_id;

const operations::resize_request s6 = to_flavor("s6.large.2");

config::rule for_callers(config::rule one, names list) {
    one.callers = std::move(list);
    return one;
}
config::rule for_accounts(config::rule one, names list) {
    one.accounts = std::move(list);
    return one;
}
config::rule for_operations(config::rule one, std::vector<operation_id> list) {
    one.operations = std::move(list);
    return one;
}
config::rule for_servers(config::rule one, names list) {
    one.servers = std::move(list);
    return one;
}
config::rule for_flavors(config::rule one, names list) {
    if (!one.resize) one.resize.emplace();
    one.resize->flavors = std::move(list);
    return one;
}

TEST(rules, find_a_projects_account_region_and_credential) {
    const rules compiled(world({}));
    EXPECT_EQ(compiled.regions(), (names{"ap-southeast-1", "cn-north-4", "cn-south-1"}));
    const project* const found = compiled.find_project("p-acme-2");
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->account, "acme");
    EXPECT_EQ(found->account_index, 1U);
    EXPECT_EQ(found->region, "ap-southeast-1");
    EXPECT_EQ(compiled.regions()[found->region_index], "ap-southeast-1");
    EXPECT_EQ(found->credential_index, 0U);
    EXPECT_EQ(compiled.find_project("p-acm"), nullptr);
    EXPECT_EQ(compiled.find_project(""), nullptr);
}

TEST(rules, stay_good_when_moved) {
    rules first(world({allow("all")}));
    const project* const before = first.find_project("p-acme");
    rules second = std::move(first);
    EXPECT_EQ(second.find_project("p-acme"), before);
    EXPECT_EQ(before->account, "acme");
    EXPECT_EQ(second.decide(resize(second, planner, "p-acme", s6)).rule, "all");
}

TEST(rules, deny_what_no_rule_allows) {
    const rules empty(world({}));
    const verdict none = empty.decide(resize(empty, planner, "p-acme", s6));
    EXPECT_FALSE(none.allowed);
    EXPECT_EQ(none.rule, "");

    const rules others(world({for_callers(allow("for-ci"), {"ci"})}));
    EXPECT_FALSE(others.decide(resize(others, planner, "p-acme", s6)).allowed);
    EXPECT_TRUE(others.decide(resize(others, ci, "p-acme", s6)).allowed);
}

TEST(rules, deny_a_resize_that_is_not_known_and_a_project_that_is_not) {
    const rules compiled(world({allow("all")}));
    EXPECT_FALSE(compiled.decide(call(compiled, planner, "p-acme", operation_id::resize)).allowed);
    EXPECT_FALSE(compiled.decide(resize(compiled, planner, "p-unknown", s6)).allowed);
    EXPECT_EQ(compiled.explain(call(compiled, planner, "p-acme", operation_id::resize)).at(0).verdict, "no match");
}

struct match_row {
    const char* name;
    config::rule rule;
    bool acme_resize, globex_resize, acme_job, acme_server;
};

TEST(rules, match_by_callers_accounts_operations_and_servers) {
    const std::vector<match_row> table{
        {"all left out", allow("r"), true, true, true, true},
        {"caller", for_callers(allow("r"), {"ci", "planner"}), true, true, true, true},
        {"other caller", for_callers(allow("r"), {"ci"}), false, false, false, false},
        {"no caller", for_callers(allow("r"), {}), false, false, false, false},
        {"account", for_accounts(allow("r"), {"acme"}), true, false, true, true},
        {"operations", for_operations(allow("r"), {operation_id::show_job, operation_id::show_server}), false, false,
         true, true},
        {"server", for_servers(allow("r"), {"server-1"}), true, true, false, false},
        {"other server", for_servers(allow("r"), {"server-2"}), false, false, false, true},
        {"server pattern", for_servers(allow("r"), {"server-?"}), true, true, false, true},
        {"server and pattern", for_servers(allow("r"), {"x*", "server-1"}), true, true, false, false},
        // A job has no server; the star takes that as well.
        {"any server", for_servers(allow("r"), {"*"}), true, true, true, true},
        {"no server", for_servers(allow("r"), {}), false, false, false, false},
        {"all of them",
         for_servers(
             for_operations(for_accounts(for_callers(allow("r"), {"planner"}), {"acme"}), {operation_id::resize}),
             {"server-1"}),
         true, false, false, false},
    };
    for (const match_row& r : table) {
        const rules compiled(world({r.rule}));
        EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-acme", s6)).allowed, r.acme_resize) << r.name;
        EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-globex", s6)).allowed, r.globex_resize) << r.name;
        EXPECT_EQ(compiled.decide(call(compiled, planner, "p-acme", operation_id::show_job)).allowed, r.acme_job)
            << r.name;
        EXPECT_EQ(compiled.decide(call(compiled, planner, "p-acme", operation_id::show_server, "server-2")).allowed,
                  r.acme_server)
            << r.name;
    }
}

TEST(rules, the_first_that_matches_decides) {
    const rules compiled(
        world({for_servers(deny("not-this-server"), {"server-9"}), allow("all-else"), deny("too-late")}));
    const verdict yes = compiled.decide(resize(compiled, planner, "p-acme", s6));
    EXPECT_TRUE(yes.allowed);
    EXPECT_EQ(yes.rule, "all-else");
    EXPECT_EQ(yes.rule_index, 1U);
    const verdict no = compiled.decide(resize(compiled, planner, "p-acme", s6, "server-9"));
    EXPECT_FALSE(no.allowed);
    EXPECT_EQ(no.rule, "not-this-server");
    EXPECT_EQ(no.failed, nullptr);
}

TEST(rules, a_resize_that_fails_an_allow_rule_is_denied_by_it_and_goes_no_further) {
    const rules compiled(world({for_flavors(allow("small"), {"c6.*"}), allow("all-else")}));
    const verdict no = compiled.decide(resize(compiled, planner, "p-acme", s6));
    EXPECT_FALSE(no.allowed);
    EXPECT_EQ(no.rule, "small");
    EXPECT_EQ(key_of(no.failed), "flavors");
    EXPECT_EQ(compiled.decide(call(compiled, planner, "p-acme", operation_id::show_job)).rule, "small");
    EXPECT_TRUE(compiled.decide(call(compiled, planner, "p-acme", operation_id::show_job)).allowed);
}

TEST(rules, an_allow_rule_without_resize_permits_neither_paying_nor_stopping) {
    const rules compiled(world({allow("all")}));
    operations::resize_request asked = s6;
    asked.auto_pay = true;
    EXPECT_EQ(key_of(compiled.decide(resize(compiled, planner, "p-acme", asked)).failed), "auto_pay");
    asked.auto_pay = false;
    asked.stops_running_server = true;
    EXPECT_EQ(key_of(compiled.decide(resize(compiled, planner, "p-acme", asked)).failed), "while_running");
    asked.stops_running_server = false;
    EXPECT_TRUE(compiled.decide(resize(compiled, planner, "p-acme", asked)).allowed);
}

TEST(rules, a_deny_rule_with_resize_is_about_those_resizes_alone) {
    const rules compiled(world({for_flavors(deny("not-s7"), {"s7.*"}), allow("all-else")}));
    EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-acme", to_flavor("s7.large.2"))).rule, "not-s7");
    EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-acme", s6)).rule, "all-else");
    EXPECT_EQ(compiled.decide(call(compiled, planner, "p-acme", operation_id::show_job)).rule, "all-else");

    config::rule no_resizes = deny("no-resizes");
    no_resizes.resize.emplace();
    const rules none(world({no_resizes, allow("all-else")}));
    EXPECT_EQ(none.decide(resize(none, planner, "p-acme", s6)).rule, "no-resizes");
    EXPECT_EQ(none.decide(call(none, planner, "p-acme", operation_id::show_job)).rule, "all-else");
}

TEST(rules, sign_as_the_account_or_as_the_partner) {
    config::rule as_partner = for_accounts(allow("as-partner"), {"globex"});
    as_partner.sign_as_partner = true;
    const rules compiled(world({as_partner, allow("as-account")}));
    EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-globex", s6)).credential_index, 2U);
    EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-acme", s6)).credential_index, 0U);
    EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-partner", s6)).credential_index, 2U);
}

TEST(rules, a_shadow_rule_is_told_and_decides_nothing_wherever_it_stands) {
    struct row {
        const char* name;
        std::vector<config::rule> policy;
        bool allowed;
        const char* rule;
        const char* shadow;
        bool shadow_allows;
    };
    const config::rule small = for_flavors(allow("small"), {"c6.*"});
    for (const row& r : std::vector<row>{
             {"before", {shadowed(deny("s")), allow("r")}, true, "r", "s", false},
             {"after", {allow("r"), shadowed(deny("s"))}, true, "r", "s", false},
             {"alone", {shadowed(allow("s"))}, false, "", "s", true},
             {"the first of two", {shadowed(deny("s")), allow("r"), shadowed(allow("t"))}, true, "r", "s", false},
             {"its conditions fail", {allow("r"), shadowed(small)}, true, "r", "small", false},
             {"it is not about this", {allow("r"), shadowed(for_flavors(deny("s"), {"c6.*"}))}, true, "r", "", false},
             {"another caller's", {shadowed(for_callers(deny("s"), {"ci"})), allow("r")}, true, "r", "", false},
         }) {
        const rules compiled(world(r.policy));
        const verdict made = compiled.decide(resize(compiled, planner, "p-acme", s6));
        EXPECT_EQ(made.allowed, r.allowed) << r.name;
        EXPECT_EQ(made.rule, r.rule) << r.name;
        EXPECT_EQ(made.shadow, r.shadow) << r.name;
        EXPECT_EQ(made.shadow_allows, r.shadow_allows) << r.name;
    }
}

TEST(rules, far_down_the_list_count_as_well) {
    std::vector<config::rule> policy;
    for (int i = 0; i < 500; ++i)
        policy.push_back(for_servers(deny("deny-" + std::to_string(i)), {"server-" + std::to_string(1000 + i)}));
    policy.push_back(allow("last"));
    policy.push_back(shadowed(deny("shadow")));
    const rules compiled(world(policy));
    EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-acme", s6)).rule, "last");
    EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-acme", s6)).shadow, "shadow");
    EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-acme", s6, "server-1000")).rule, "deny-0");
    EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-acme", s6, "server-1064")).rule, "deny-64");
    EXPECT_EQ(compiled.decide(resize(compiled, planner, "p-acme", s6, "server-1499")).rule_index, 499U);
}

TEST(rules, refuse_to_compile_a_name_that_points_nowhere) {
    EXPECT_THROW(rules(world({for_callers(allow("r"), {"nobody"})})), std::invalid_argument);
    EXPECT_THROW(rules(world({for_accounts(allow("r"), {"nowhere"})})), std::invalid_argument);
}

// `explain` goes by names and from the top, as one reads the file; `decide` by rows of bits.
TEST(rules, decide_what_reading_the_file_from_the_top_says) {
    std::vector<operation_id> every_operation;
    for (const operations::operation& row : operations::table)
        every_operation.push_back(row.id);
    std::mt19937 random(11);
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    const auto some_of = [&](auto all) {
        std::erase_if(all, [&](const auto&) { return one_in(2); });
        return all;
    };
    int allowed = 0;
    int denied = 0;
    int shadows = 0;
    for (int round = 0; round < 60; ++round) {
        std::vector<config::rule> policy;
        for (std::size_t i = 0, count = 1 + random() % 150; i < count; ++i) {
            config::rule one = one_in(2) ? allow("r" + std::to_string(i)) : deny("r" + std::to_string(i));
            one.shadow = one_in(4);
            if (!one_in(4)) one.callers = names{one_in(2) ? "ci" : "sidecar"};
            if (!one_in(4)) one.accounts = some_of(names{"partner", "acme", "globex"});
            if (one_in(2)) one.operations = some_of(every_operation);
            if (!one_in(3)) one.servers = some_of(names{"server-1", "server-2", "server-??", "s*3"});
            if (one_in(2)) {
                one.resize.emplace();
                if (one_in(2)) one.resize->flavors = some_of(names{"s6.*", "c6.large.2"});
                if (one_in(2)) one.resize->auto_pay = one_in(2);
                if (one_in(2)) one.resize->while_running = one_in(2);
                if (one_in(2)) one.resize->dedicated_hosts = some_of(names{"h1", "h2"});
                one.resize->dry = static_cast<config::dry_run>(random() % 3);
            }
            policy.push_back(std::move(one));
        }
        const rules compiled(world(policy));
        for (int i = 0; i < 40; ++i) {
            operations::resize_request asked = to_flavor(one_in(2) ? "s6.large.2" : "c6.large.2");
            asked.stops_running_server = one_in(3);
            if (one_in(2)) asked.auto_pay = one_in(2);
            if (one_in(2)) asked.dry_run = one_in(2);
            if (one_in(2)) asked.dedicated_host_id = one_in(2) ? "h1" : "h3";
            const char* const project_id = one_in(2) ? "p-acme" : "p-globex";
            const char* const server = one_in(3) ? "server-1" : one_in(2) ? "server-13" : "server-2";
            const auto caller = static_cast<std::uint32_t>(random() % 3);
            const facts asked_call = one_in(2) ? resize(compiled, caller, project_id, asked, server)
                                     : one_in(2)
                                         ? call(compiled, caller, project_id, operation_id::show_job)
                                         : call(compiled, caller, project_id, operation_id::show_server, server);
            const verdict made = compiled.decide(asked_call);
            verdict read;
            for (const reason& line : compiled.explain(asked_call)) {
                if (line.verdict.starts_with("decides")) {
                    EXPECT_EQ(made.rule, line.rule);
                    EXPECT_EQ(made.allowed, line.verdict == "decides: allowed");
                    read.rule = made.rule;
                }
                if (line.verdict.starts_with("shadow") && read.shadow.empty()) {
                    EXPECT_EQ(made.shadow, line.rule);
                    EXPECT_EQ(made.shadow_allows, line.verdict == "shadow: would allow");
                    read.shadow = made.shadow;
                }
            }
            EXPECT_EQ(made.rule, read.rule);
            EXPECT_EQ(made.shadow, read.shadow);
            ++(made.allowed ? allowed : denied);
            shadows += made.shadow.empty() ? 0 : 1;
            if (HasFailure()) return;
        }
    }
    EXPECT_GT(allowed, 200);
    EXPECT_GT(denied, 200);
    EXPECT_GT(shadows, 200);
}

}  // namespace
}  // namespace gateway::policy

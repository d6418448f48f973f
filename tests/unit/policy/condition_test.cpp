// Every condition of a rule's `resize`, in an allow rule (what a resize must satisfy) and in a deny rule (which resizes
// it is about).

#include <gtest/gtest.h>

#include <functional>
#include <string_view>

#include "world.hpp"

namespace gateway::policy {

namespace {

using config::dry_run;
using config::resize_conditions;
using operations::resize_request;

struct row {
    const char* name;
    std::function<void(resize_conditions&)> rule;
    std::function<void(resize_request&)> call;
    std::string_view by_allow;  // the key of what fails; none: an allow rule lets it through
    std::string_view by_deny;   // none: a deny rule is about it
};

constexpr std::string_view none;

std::string_view unsatisfied(const resize_conditions& rule, const facts& call) {
    return key_of(first_unsatisfied(rule, call));
}
std::string_view difference(const resize_conditions& rule, const facts& call) {
    return key_of(first_difference(rule, call));
}

facts over(std::string_view version, const resize_request& asked) {
    facts call;
    call.resize = &asked;
    call.api_version = version;
    return call;
}
facts over_v1_1(const resize_request& asked) { return over("v1.1", asked); }

void nothing_said(resize_conditions&) {}
void plain(resize_request&) {}

std::vector<row> table() {
    const auto flavors = [](names list) { return [list](resize_conditions& c) { c.flavors = list; }; };
    const auto hosts = [](names list) { return [list](resize_conditions& c) { c.dedicated_hosts = list; }; };
    const auto auto_pay = [](bool value) { return [value](resize_conditions& c) { c.auto_pay = value; }; };
    const auto running = [](bool value) { return [value](resize_conditions& c) { c.while_running = value; }; };
    const auto dry = [](dry_run value) { return [value](resize_conditions& c) { c.dry = value; }; };
    const auto pays = [](bool value) { return [value](resize_request& r) { r.auto_pay = value; }; };
    const auto on_host = [](const char* id) { return [id](resize_request& r) { r.dedicated_host_id = id; }; };
    const auto is_dry = [](bool value) { return [value](resize_request& r) { r.dry_run = value; }; };
    const auto stops = [](resize_request& r) { r.stops_running_server = true; };
    return {
        {"nothing said", nothing_said, plain, none, none},

        {"flavor listed", flavors({"c6.*", "s6.*"}), plain, none, none},
        {"flavor not listed", flavors({"c6.*", "s7.*"}), plain, "flavors", "flavors"},
        {"no flavor listed", flavors({}), plain, "flavors", "flavors"},

        {"pays, nothing said", nothing_said, pays(true), "auto_pay", none},
        {"does not pay, nothing said", nothing_said, pays(false), none, none},
        {"pays, said true", auto_pay(true), pays(true), none, none},
        {"does not pay, said true", auto_pay(true), pays(false), none, "auto_pay"},
        {"says nothing of paying, said true", auto_pay(true), plain, none, "auto_pay"},
        {"pays, said false", auto_pay(false), pays(true), "auto_pay", "auto_pay"},
        {"does not pay, said false", auto_pay(false), pays(false), none, none},
        {"says nothing of paying, said false", auto_pay(false), plain, none, none},

        {"stops, nothing said", nothing_said, stops, "while_running", none},
        {"stops, said true", running(true), stops, none, none},
        {"does not stop, said true", running(true), plain, none, "while_running"},
        {"stops, said false", running(false), stops, "while_running", "while_running"},
        {"does not stop, said false", running(false), plain, none, none},

        {"names a host, nothing said", nothing_said, on_host("h1"), none, none},
        {"names a listed host", hosts({"h0", "h1"}), on_host("h1"), none, none},
        {"names another host", hosts({"h0", "h1"}), on_host("h2"), "dedicated_hosts", "dedicated_hosts"},
        {"names no host, some listed", hosts({"h0"}), plain, none, "dedicated_hosts"},
        {"names a host, none listed", hosts({}), on_host("h1"), "dedicated_hosts", "dedicated_hosts"},
        {"names no host, none listed", hosts({}), plain, none, none},
        {"an empty id names no host", hosts({}), on_host(""), none, none},
        {"hosts are ids, not patterns", hosts({"h*"}), on_host("h1"), "dedicated_hosts", "dedicated_hosts"},

        {"dry, allowed", dry(dry_run::allowed), is_dry(true), none, none},
        {"not dry, allowed", dry(dry_run::allowed), is_dry(false), none, none},
        {"dry, required", dry(dry_run::required), is_dry(true), none, none},
        {"not dry, required", dry(dry_run::required), is_dry(false), "dry_run", "dry_run"},
        {"says nothing of dry, required", dry(dry_run::required), plain, "dry_run", "dry_run"},
        {"dry, forbidden", dry(dry_run::forbidden), is_dry(true), "dry_run", "dry_run"},
        {"not dry, forbidden", dry(dry_run::forbidden), is_dry(false), none, none},
        {"says nothing of dry, forbidden", dry(dry_run::forbidden), plain, none, none},
    };
}

TEST(condition, are_judged_one_by_one) {
    for (const row& r : table()) {
        resize_conditions conditions;
        r.rule(conditions);
        resize_request asked = to_flavor("s6.large.2");
        r.call(asked);
        EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), r.by_allow) << r.name;
        EXPECT_EQ(difference(conditions, over_v1_1(asked)), r.by_deny) << r.name;
    }
}

TEST(condition, all_written_ones_must_describe_the_resize_for_a_deny_rule_to_be_about_it) {
    resize_conditions conditions;
    conditions.flavors = names{"s7.*"};
    conditions.auto_pay = true;
    resize_request asked = to_flavor("s7.large.2");
    EXPECT_EQ(difference(conditions, over_v1_1(asked)), "auto_pay");
    asked.auto_pay = true;
    EXPECT_EQ(difference(conditions, over_v1_1(asked)), none);
    asked.flavor = "s6.large.2";
    EXPECT_EQ(difference(conditions, over_v1_1(asked)), "flavors");
}

TEST(condition, the_first_that_fails_is_told) {
    resize_conditions conditions;
    conditions.flavors = names{"c6.*"};
    conditions.dedicated_hosts = names{};
    conditions.dry = dry_run::forbidden;
    resize_request asked = to_flavor("s6.large.2");
    asked.auto_pay = true;
    asked.stops_running_server = true;
    asked.dedicated_host_id = "h1";
    asked.dry_run = true;
    EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), "flavors");
    asked.flavor = "c6.large.2";
    EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), "auto_pay");
    asked.auto_pay = false;
    EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), "while_running");
    asked.stops_running_server = false;
    EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), "dedicated_hosts");
    asked.dedicated_host_id.clear();
    EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), "dry_run");
    asked.dry_run = false;
    EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), none);
}

// Over /v1/ the cloud may pass dry_run over: such a call is a dry run for no rule that needs one, and a resize for no
// rule that needs that.
TEST(condition, dry_run_is_sure_over_v1_1_only) {
    struct {
        dry_run wanted;
        std::optional<bool> said;
        std::string_view by_allow, by_deny;
    } const cases[] = {
        {dry_run::required, true, "dry_run", none},
        {dry_run::required, false, "dry_run", "dry_run"},
        {dry_run::required, std::nullopt, "dry_run", "dry_run"},
        {dry_run::forbidden, true, "dry_run", none},
        {dry_run::forbidden, false, none, none},
        {dry_run::allowed, true, none, none},
    };
    for (const auto& c : cases) {
        resize_conditions conditions;
        conditions.dry = c.wanted;
        resize_request asked = to_flavor("s6.large.2");
        asked.dry_run = c.said;
        EXPECT_EQ(unsatisfied(conditions, over("v1", asked)), c.by_allow);
        EXPECT_EQ(difference(conditions, over("v1", asked)), c.by_deny);
    }
}

TEST(condition, a_member_that_is_not_known_passes_only_where_the_rule_says_so) {
    resize_conditions conditions;
    resize_request asked = to_flavor("s6.large.2");
    asked.unknown_member = "/resize/force";
    EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), "unknown_members");
    conditions.flavors = names{"c6.*"};
    EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), "unknown_members") << "before all that was understood";
    EXPECT_EQ(difference(conditions, over_v1_1(asked)), "flavors");
    conditions.unknown_members = true;
    EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), "flavors");
    asked.flavor = "c6.large.2";
    EXPECT_EQ(unsatisfied(conditions, over_v1_1(asked)), none);
}

}  // namespace
}  // namespace gateway::policy

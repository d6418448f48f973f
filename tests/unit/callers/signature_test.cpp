// Callers who sign. Each row takes a request that is right and makes one thing wrong.

#include <gtest/gtest.h>

#include <functional>

#include "world.hpp"

namespace gateway::callers {
namespace {

using signing::algorithm;

sent signed_by_planner(std::chrono::sys_seconds at = now, algorithm with = algorithm::sdk_hmac_sha256) {
    sent what;
    what.sign("GWPLANNER1", "planner-secret", at, with);
    return what;
}

void replace(std::string& in, std::string_view from, std::string_view to) {
    const std::size_t at = in.find(from);
    ASSERT_NE(at, std::string::npos) << from << " in " << in;
    in.replace(at, from.size(), to);
}

TEST(signature, is_known_by_its_access_key_with_either_algorithm) {
    const directory by = load(world());
    for (const algorithm with : {algorithm::sdk_hmac_sha256, algorithm::v11_hmac_sha256}) {
        sent other;
        other.sign("GWOTHER1", "other-secret", now, with);
        EXPECT_EQ(outcome(by, signed_by_planner(now, with)), "planner by signature");
        EXPECT_EQ(outcome(by, other), "other by signature");
    }
}

TEST(signature, counts_for_more_than_the_listener_and_a_wrong_one_is_not_forgiven) {
    const directory by = load(world());
    EXPECT_EQ(outcome(by, signed_by_planner(), local), "planner by signature");
    sent wrong;
    wrong.sign("GWPLANNER1", "guessed");
    EXPECT_EQ(outcome(by, wrong, local), "wrong_signature");
}

TEST(signature, is_refused_when_anything_of_it_is_wrong) {
    struct row {
        const char* what;
        std::function<void(sent&)> before;  // it is signed
        std::function<void(sent&)> after;
        const char* why;
        const char* access_key = "GWPLANNER1";
        const char* secret = "planner-secret";
    };
    const auto nothing = [](sent&) {};
    const auto authorization = [](const char* from, const char* to) {
        return [=](sent& s) {
            std::string value = s.get("Authorization");
            replace(value, from, to);
            s.set("Authorization", value);
        };
    };
    const auto header = [](const char* name, const char* value) { return [=](sent& s) { s.set(name, value); }; };
    const auto added = [](const char* name, const char* value) {
        return [=](sent& s) { s.headers.emplace_back(name, value); };
    };
    const auto without = [](const char* name) {
        return [=](sent& s) { std::erase_if(s.headers, [=](const auto& h) { return same_name(h.first, name); }); };
    };
    const std::string hash_of_nothing(signing::hash_payload("").data(), 64);
    const std::vector<row> table{
        {"wrong secret", nothing, nothing, "wrong_signature", "GWPLANNER1", "planner-secret "},
        {"another's secret", nothing, nothing, "wrong_signature", "GWPLANNER1", "other-secret"},
        {"unknown access key", nothing, nothing, "unknown_access_key", "GWPLANNER2"},
        {"the stand-in for unknown keys", nothing, nothing, "unknown_access_key", "nobody", "nobody's"},
        {"access key put in later", nothing, authorization("GWPLANNER1", "GWOTHER1"), "wrong_signature"},
        {"algorithm put in later", nothing, authorization("SDK-HMAC", "V11-HMAC"), "malformed_authorization"},
        {"unknown algorithm", nothing, authorization("SDK-HMAC-SHA256", "SDK-HMAC-SM3"), "unsupported_scheme"},
        {"signed headers put in later", nothing, authorization("host;", ""), "wrong_signature"},
        {"a broken header", nothing, authorization(", Signature=", ",Signature="), "malformed_authorization"},
        {"another method", nothing, [](sent& s) { s.method = "PUT"; }, "wrong_signature"},
        {"another path", nothing, [](sent& s) { s.path = "/v1/p/cloudservers/s/resize"; }, "wrong_signature"},
        {"a query", nothing, [](sent& s) { s.query = "a=b"; }, "wrong_signature"},
        {"another body", nothing, [](sent& s) { s.body += " "; }, "wrong_signature"},
        {"another host", nothing, header("Host", "elsewhere.example"), "wrong_signature"},
        {"another content type", nothing, header("Content-Type", "text/plain"), "wrong_signature"},
        {"a second host", nothing, added("Host", "gateway.example"), "repeated_signed_header"},
        {"no host", nothing, without("Host"), "missing_signed_header"},
        {"another date", nothing, header("X-Sdk-Date", "20261123T100001Z"), "wrong_signature"},
        {"no date", nothing, without("X-Sdk-Date"), "missing_signed_header"},
        {"a second date", nothing, added("X-Sdk-Date", "20261123T100000Z"), "two_proofs"},
        {"not a date", nothing, header("X-Sdk-Date", "now"), "unreadable_date"},
        {"a second authorization", nothing, added("Authorization", "SDK-HMAC-SHA256 Access=x"), "two_proofs"},
        {"an unsigned payload", header("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD"), nothing, "unsigned_body"},
        {"a hash of something else", header("X-Sdk-Content-Sha256", hash_of_nothing.c_str()), nothing, "unsigned_body"},
        {"a hash put in later", nothing, added("X-Sdk-Content-Sha256", hash_of_nothing.c_str()), "unsigned_body"},
        {"an unsigned payload of nothing",
         [](sent& s) {
             s.body.clear();
             s.set("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD");
         },
         nothing, "unsigned_body"},
        {"a path that reads two ways", [](sent& s) { s.path = "/v1/a%2Fb"; }, nothing, "unreadable_target"},
        {"a query that reads two ways", [](sent& s) { s.query = "a=b+c"; }, nothing, "unreadable_target"},
    };
    for (const row& r : table) {
        const directory by = load(world());
        sent what;
        r.before(what);
        what.sign(r.access_key, r.secret);
        r.after(what);
        EXPECT_EQ(outcome(by, what, local), r.why) << r.what;
    }
}

// As the Go SDK and Terraform sign: any host will do then, but no date that is not signed.
TEST(signature, need_not_cover_the_host_but_the_date) {
    const directory by = load(world());
    sent go;
    go.sign("GWPLANNER1", "planner-secret", now, algorithm::sdk_hmac_sha256, "Host");
    EXPECT_EQ(go.get("Authorization").find("host"), std::string::npos);
    go.set("Host", "whatever.example");
    EXPECT_EQ(outcome(by, go), "planner by signature");
    sent undated;
    undated.sign("GWPLANNER1", "planner-secret", now, algorithm::sdk_hmac_sha256, "X-Sdk-Date");
    EXPECT_EQ(outcome(by, undated), "unsigned_header");
}

TEST(signature, may_declare_the_bodys_hash_when_it_is_the_right_one) {
    const directory by = load(world());
    sent what;
    what.set("X-Sdk-Content-Sha256", std::string(signing::hash_payload(what.body).data(), 64));
    what.sign("GWPLANNER1", "planner-secret");
    EXPECT_EQ(outcome(by, what), "planner by signature");
    // Right as it is, twice it is not.
    what.sign("GWPLANNER1", "planner-secret", now + 1s);
    what.headers.emplace_back("X-Sdk-Content-Sha256", what.get("X-Sdk-Content-Sha256"));
    EXPECT_EQ(outcome(by, what), "two_proofs");
}

TEST(signature, of_a_scope_is_good_on_the_day_of_its_date_alone) {
    const directory by = load(world());
    sent what = signed_by_planner(now, algorithm::v11_hmac_sha256);
    std::string value = what.get("Authorization");
    replace(value, "20261123", "20261124");
    what.set("Authorization", value);
    EXPECT_EQ(outcome(by, what), "wrong_scope");
}

TEST(signature, is_good_within_the_window_and_only_who_holds_the_key_learns_of_it) {
    const directory by = load(world());
    struct row {
        std::chrono::seconds off;
        const char* outcome;
    };
    for (const row& r : std::vector<row>{
             {0s, "planner by signature"},
             {-15min, "planner by signature"},
             {-15min - 1s, "outside_window"},
             {15min, "planner by signature"},
             {15min + 1s, "outside_window"},
             {-24h, "outside_window"},
             {24h, "outside_window"},
         }) {
        EXPECT_EQ(outcome(by, signed_by_planner(now + r.off)), r.outcome) << r.off.count();
        sent wrong;
        wrong.sign("GWPLANNER1", "guessed", now + r.off);
        EXPECT_EQ(outcome(by, wrong), "wrong_signature") << r.off.count();
        sent unknown;
        unknown.sign("GWNOBODY", "planner-secret", now + r.off);
        EXPECT_EQ(outcome(by, unknown), "unknown_access_key") << r.off.count();
    }
}

TEST(signature, has_the_window_that_the_configuration_says) {
    config::settings from = world();
    from.signature_window = 1min;
    const directory by = load(from);
    EXPECT_EQ(outcome(by, signed_by_planner(now - 60s)), "planner by signature");
    EXPECT_EQ(outcome(by, signed_by_planner(now - 61s)), "outside_window");
}

TEST(signature, is_accepted_once) {
    const directory by = load(world());
    for (const algorithm with : {algorithm::sdk_hmac_sha256, algorithm::v11_hmac_sha256}) {
        const sent what = signed_by_planner(now, with);
        EXPECT_EQ(outcome(by, what), "planner by signature");
        EXPECT_EQ(outcome(by, what), "replayed");
        EXPECT_EQ(outcome(by, what, local, now + 15min), "replayed");
        EXPECT_EQ(outcome(by, what, local, now + 15min + 1s), "outside_window");
    }
    EXPECT_EQ(outcome(by, signed_by_planner(now + 1s)), "planner by signature");
}

TEST(signature, a_wrong_one_is_not_remembered) {
    const directory by = load(world());
    sent what = signed_by_planner();
    what.body += " ";
    EXPECT_EQ(outcome(by, what), "wrong_signature");
    what.body.pop_back();
    EXPECT_EQ(outcome(by, what), "planner by signature");
}

TEST(signature, of_a_query_may_be_used_again_within_the_window) {
    const directory by = load(world());
    const sent what = signed_by_planner();
    for (const auto later : {0s, 0s, 900s})
        EXPECT_EQ(outcome(by, what, outer, now + later, a_query), "planner by signature");
    EXPECT_EQ(outcome(by, what, outer, now + 901s, a_query), "outside_window");
    EXPECT_EQ(outcome(by, what), "planner by signature") << "a query uses nothing up";
}

// A derived key is good for a region and a service: another's is none of this call's.
TEST(signature, of_a_scope_is_good_in_the_project_s_region_for_ecs_alone) {
    struct row {
        signing::scope signed_for;
        const char* region;
        const char* outcome;
    };
    for (const row& r : std::vector<row>{{{"cn-north-4", "ecs"}, "cn-north-4", "planner by signature"},
                                         {{"cn-north-4", "ecs"}, "cn-south-1", "wrong_scope"},
                                         {{"cn-north-4", "obs"}, "cn-north-4", "wrong_scope"},
                                         {{"cn-north-4", "ECS"}, "cn-north-4", "wrong_scope"},
                                         {{"cn-north-4", "obs"}, "", "wrong_scope"},
                                         {{"cn-north-4", "ecs"}, "", "planner by signature"}}) {
        const directory by = load(world());
        sent what;
        what.sign("GWPLANNER1", "planner-secret", now, algorithm::v11_hmac_sha256, {}, r.signed_for);
        EXPECT_EQ(outcome(by, what, outer, now, {.region = r.region}), r.outcome)
            << r.signed_for.region << '/' << r.signed_for.service << " in " << r.region;
    }
}

TEST(signature, may_be_used_again_where_the_configuration_says_so) {
    config::settings from = world();
    from.replay_protection = false;
    const directory by = load(from);
    const sent what = signed_by_planner();
    EXPECT_EQ(outcome(by, what), "planner by signature");
    EXPECT_EQ(outcome(by, what), "planner by signature");
}

TEST(signature, is_remembered_across_a_reload) {
    const auto memory = make_replay_memory();
    const sent what = signed_by_planner();
    auto first = std::make_unique<directory>(load(world(), memory));
    EXPECT_EQ(outcome(*first, what), "planner by signature");
    {
        // A configuration that is not taken into use, without the caller: changes nothing.
        config::settings bad = world();
        bad.callers.erase(bad.callers.begin());
        const directory dropped = load(bad, memory);
        EXPECT_EQ(outcome(dropped, what), "unknown_access_key");
    }
    config::settings moved = world();
    std::swap(moved.callers[0], moved.callers[3]);
    const directory second = load(moved, memory);
    first.reset();
    EXPECT_EQ(outcome(second, what), "replayed");
}

}  // namespace
}  // namespace gateway::callers

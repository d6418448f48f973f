// Callers who sign. Each row makes one thing of a right request wrong.

#include <gtest/gtest.h>

#include <functional>

#include "world.hpp"

namespace gateway::callers {
namespace {

using signing::algorithm;

sent signed_by_planner(std::chrono::sys_seconds time = now, algorithm scheme = algorithm::sdk_hmac_sha256) {
    sent request;
    request.sign("GWPLANNER1", "planner-secret", time, scheme);
    return request;
}

void replace(std::string& text, std::string_view old_text, std::string_view new_text) {
    const std::size_t position = text.find(old_text);
    ASSERT_NE(position, std::string::npos) << old_text << " in " << text;
    text.replace(position, old_text.size(), new_text);
}

TEST(signature, is_known_by_its_access_key_with_either_algorithm) {
    const directory known_callers = load(world());
    for (const algorithm scheme : {algorithm::sdk_hmac_sha256, algorithm::v11_hmac_sha256}) {
        sent other;
        other.sign("GWOTHER1", "other-secret", now, scheme);
        EXPECT_EQ(outcome(known_callers, signed_by_planner(now, scheme)), "planner by signature");
        EXPECT_EQ(outcome(known_callers, other), "other by signature");
    }
}

TEST(signature, counts_before_the_listener_and_a_wrong_one_is_refused) {
    const directory known_callers = load(world());
    EXPECT_EQ(outcome(known_callers, signed_by_planner(), local), "planner by signature");
    sent wrong;
    wrong.sign("GWPLANNER1", "guessed");
    EXPECT_EQ(outcome(known_callers, wrong, local), "wrong_signature");
}

TEST(signature, is_refused_when_anything_of_it_is_wrong) {
    struct row {
        const char* description;
        std::function<void(sent&)> before_signing;
        std::function<void(sent&)> after_signing;
        const char* expected;
        const char* access_key = "GWPLANNER1";
        const char* secret = "planner-secret";
    };
    const auto nothing = [](sent&) {};
    const auto authorization = [](const char* old_text, const char* new_text) {
        return [=](sent& s) {
            std::string value = s.get("Authorization");
            replace(value, old_text, new_text);
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
        const directory known_callers = load(world());
        sent request;
        r.before_signing(request);
        request.sign(r.access_key, r.secret);
        r.after_signing(request);
        EXPECT_EQ(outcome(known_callers, request, local), r.expected) << r.description;
    }
}

// As the Go SDK and Terraform sign: any host will do then, but no date that is not signed.
TEST(signature, need_not_cover_the_host_but_the_date) {
    const directory known_callers = load(world());
    sent without_host;
    without_host.sign("GWPLANNER1", "planner-secret", now, algorithm::sdk_hmac_sha256, "Host");
    EXPECT_EQ(without_host.get("Authorization").find("host"), std::string::npos);
    without_host.set("Host", "whatever.example");
    EXPECT_EQ(outcome(known_callers, without_host), "planner by signature");
    sent undated;
    undated.sign("GWPLANNER1", "planner-secret", now, algorithm::sdk_hmac_sha256, "X-Sdk-Date");
    EXPECT_EQ(outcome(known_callers, undated), "unsigned_header");
}

TEST(signature, may_declare_the_bodys_hash_when_it_is_the_right_one) {
    const directory known_callers = load(world());
    sent request;
    request.set("X-Sdk-Content-Sha256", std::string(signing::hash_payload(request.body).data(), 64));
    request.sign("GWPLANNER1", "planner-secret");
    EXPECT_EQ(outcome(known_callers, request), "planner by signature");
    // Right as it is, twice it is not.
    request.sign("GWPLANNER1", "planner-secret", now + 1s);
    request.headers.emplace_back("X-Sdk-Content-Sha256", request.get("X-Sdk-Content-Sha256"));
    EXPECT_EQ(outcome(known_callers, request), "two_proofs");
}

TEST(signature, of_a_scope_is_good_on_the_day_of_its_date_alone) {
    const directory known_callers = load(world());
    sent request = signed_by_planner(now, algorithm::v11_hmac_sha256);
    std::string value = request.get("Authorization");
    replace(value, "20261123", "20261124");
    request.set("Authorization", value);
    EXPECT_EQ(outcome(known_callers, request), "wrong_scope");
}

TEST(signature, is_good_within_the_window_which_only_the_holder_of_the_key_learns) {
    const directory known_callers = load(world());
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
        EXPECT_EQ(outcome(known_callers, signed_by_planner(now + r.off)), r.outcome) << r.off.count();
        sent wrong;
        wrong.sign("GWPLANNER1", "guessed", now + r.off);
        EXPECT_EQ(outcome(known_callers, wrong), "wrong_signature") << r.off.count();
        sent unknown;
        unknown.sign("GWNOBODY", "planner-secret", now + r.off);
        EXPECT_EQ(outcome(known_callers, unknown), "unknown_access_key") << r.off.count();
    }
}

TEST(signature, has_the_window_that_the_configuration_says) {
    config::settings settings = world();
    settings.signature_window = 1min;
    const directory known_callers = load(settings);
    EXPECT_EQ(outcome(known_callers, signed_by_planner(now - 60s)), "planner by signature");
    EXPECT_EQ(outcome(known_callers, signed_by_planner(now - 61s)), "outside_window");
}

// A change counts once by its record, a query may be repeated.
TEST(signature, may_be_used_again_within_the_window) {
    const directory known_callers = load(world());
    for (const algorithm scheme : {algorithm::sdk_hmac_sha256, algorithm::v11_hmac_sha256}) {
        const sent request = signed_by_planner(now, scheme);
        for (const auto later : {0s, 0s, 900s})
            EXPECT_EQ(outcome(known_callers, request, outer, now + later), "planner by signature");
        EXPECT_EQ(outcome(known_callers, request, outer, now + 901s), "outside_window");
    }
}

// A derived key is good for one region and one service.
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
        const directory known_callers = load(world());
        sent request;
        request.sign("GWPLANNER1", "planner-secret", now, algorithm::v11_hmac_sha256, {}, r.signed_for);
        EXPECT_EQ(outcome(known_callers, request, outer, now, {.region = r.region}), r.outcome)
            << r.signed_for.region << '/' << r.signed_for.service << " in " << r.region;
    }
}

}  // namespace
}  // namespace gateway::callers

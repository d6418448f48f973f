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
    EXPECT_EQ(outcome(by, wrong, local), "not authenticated");
}

TEST(signature, is_refused_when_anything_of_it_is_wrong) {
    struct row {
        const char* what;
        std::function<void(sent&)> before;  // it is signed
        std::function<void(sent&)> after;
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
        {"wrong secret", nothing, nothing, "GWPLANNER1", "planner-secret "},
        {"another's secret", nothing, nothing, "GWPLANNER1", "other-secret"},
        {"unknown access key", nothing, nothing, "GWPLANNER2"},
        {"the stand-in for unknown keys", nothing, nothing, "nobody", "nobody's"},
        {"access key put in later", nothing, authorization("GWPLANNER1", "GWOTHER1")},
        {"algorithm put in later", nothing, authorization("SDK-HMAC", "V11-HMAC")},
        {"unknown algorithm", nothing, authorization("SDK-HMAC-SHA256", "SDK-HMAC-SM3")},
        {"signed headers put in later", nothing, authorization("host;", "")},
        {"a broken header", nothing, authorization(", Signature=", ",Signature=")},
        {"another method", nothing, [](sent& s) { s.method = "PUT"; }},
        {"another path", nothing, [](sent& s) { s.path = "/v1/p/cloudservers/s/resize"; }},
        {"a query", nothing, [](sent& s) { s.query = "a=b"; }},
        {"another body", nothing, [](sent& s) { s.body += " "; }},
        {"another host", nothing, header("Host", "elsewhere.example")},
        {"another content type", nothing, header("Content-Type", "text/plain")},
        {"a second host", nothing, added("Host", "gateway.example")},
        {"another date", nothing, header("X-Sdk-Date", "20261123T100001Z")},
        {"no date", nothing, without("X-Sdk-Date")},
        {"a second date", nothing, added("X-Sdk-Date", "20261123T100000Z")},
        {"not a date", nothing, header("X-Sdk-Date", "now")},
        {"a second authorization", nothing, added("Authorization", "SDK-HMAC-SHA256 Access=x")},
        {"an unsigned payload", header("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD"), nothing},
        {"a hash of something else", header("X-Sdk-Content-Sha256", hash_of_nothing.c_str()), nothing},
        {"a hash put in later", nothing, added("X-Sdk-Content-Sha256", hash_of_nothing.c_str())},
        {"an unsigned payload of nothing",
         [](sent& s) {
             s.body.clear();
             s.set("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD");
         },
         nothing},
        {"a path that reads two ways", [](sent& s) { s.path = "/v1/a%2Fb"; }, nothing},
        {"a query that reads two ways", [](sent& s) { s.query = "a=b+c"; }, nothing},
    };
    for (const row& r : table) {
        const directory by = load(world());
        sent what;
        r.before(what);
        what.sign(r.access_key, r.secret);
        r.after(what);
        EXPECT_EQ(outcome(by, what, local), "not authenticated") << r.what;
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
    EXPECT_EQ(outcome(by, undated), "not authenticated");
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
    EXPECT_EQ(outcome(by, what), "not authenticated");
}

TEST(signature, of_a_scope_is_good_on_the_day_of_its_date_alone) {
    const directory by = load(world());
    sent what = signed_by_planner(now, algorithm::v11_hmac_sha256);
    std::string value = what.get("Authorization");
    replace(value, "20261123", "20261124");
    what.set("Authorization", value);
    EXPECT_EQ(outcome(by, what), "not authenticated");
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
             {-15min - 1s, "outside window"},
             {15min, "planner by signature"},
             {15min + 1s, "outside window"},
             {-24h, "outside window"},
             {24h, "outside window"},
         }) {
        EXPECT_EQ(outcome(by, signed_by_planner(now + r.off)), r.outcome) << r.off.count();
        sent wrong;
        wrong.sign("GWPLANNER1", "guessed", now + r.off);
        EXPECT_EQ(outcome(by, wrong), "not authenticated") << r.off.count();
        sent unknown;
        unknown.sign("GWNOBODY", "planner-secret", now + r.off);
        EXPECT_EQ(outcome(by, unknown), "not authenticated") << r.off.count();
    }
}

TEST(signature, has_the_window_that_the_configuration_says) {
    config::settings from = world();
    from.signature_window = 1min;
    const directory by = load(from);
    EXPECT_EQ(outcome(by, signed_by_planner(now - 60s)), "planner by signature");
    EXPECT_EQ(outcome(by, signed_by_planner(now - 61s)), "outside window");
}

TEST(signature, is_accepted_once) {
    const directory by = load(world());
    for (const algorithm with : {algorithm::sdk_hmac_sha256, algorithm::v11_hmac_sha256}) {
        const sent what = signed_by_planner(now, with);
        EXPECT_EQ(outcome(by, what), "planner by signature");
        EXPECT_EQ(outcome(by, what), "replayed");
        EXPECT_EQ(outcome(by, what, local, now + 15min), "replayed");
        EXPECT_EQ(outcome(by, what, local, now + 15min + 1s), "outside window");
    }
    EXPECT_EQ(outcome(by, signed_by_planner(now + 1s)), "planner by signature");
}

TEST(signature, a_wrong_one_is_not_remembered) {
    const directory by = load(world());
    sent what = signed_by_planner();
    what.body += " ";
    EXPECT_EQ(outcome(by, what), "not authenticated");
    what.body.pop_back();
    EXPECT_EQ(outcome(by, what), "planner by signature");
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
        EXPECT_EQ(outcome(dropped, what), "not authenticated");
    }
    config::settings moved = world();
    std::swap(moved.callers[0], moved.callers[3]);
    const directory second = load(moved, memory);
    first.reset();
    EXPECT_EQ(outcome(second, what), "replayed");
}

}  // namespace
}  // namespace gateway::callers

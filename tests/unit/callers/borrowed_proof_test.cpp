// What belongs to the connection or the place (a listener, a certificate, a unix user) is no proof of what a web page
// asks for: a browser lends it to every page.

#include <gtest/gtest.h>

#include "proof_fields.hpp"
#include "web_page.hpp"
#include "world.hpp"

namespace gateway::callers {
namespace {

using headers = std::vector<std::pair<std::string, std::string>>;

config::settings connection_world() {
    config::settings from = world();
    config::listener plain;
    plain.name = std::string(local);
    plain.hosts = {"sidecar.internal"};
    from.listeners.push_back(plain);
    config::caller bot;
    bot.name = "bot";
    bot.certificate_san = "DNS:bot.example";
    from.callers.push_back(bot);
    config::caller agent;
    agent.name = "agent";
    agent.unix_user = "7";
    from.callers.push_back(agent);
    return from;
}

const std::vector<std::string> bots_names{"DNS:bot.example"};
const connection_facts bot{.listener = outer, .certificate_names = bots_names, .unix_user = {}};
const connection_facts agent{.listener = outer, .certificate_names = {}, .unix_user = 7};

TEST(borrowed_proof, is_refused_where_a_page_of_another_origin_may_ask) {
    const directory by = load(connection_world());
    struct row {
        headers of_browser;
        bool another_origin;
    };
    for (const row& r : std::vector<row>{
             {{{"Origin", "http://evil.example"}}, true},
             {{{"origin", "null"}}, true},
             {{{"Origin", "http://127.0.0.1:8080"}}, true},
             {{{"Origin", ""}}, true},
             {{{"Sec-Fetch-Site", "cross-site"}}, true},
             {{{"sec-fetch-site", "same-site"}}, true},
             {{{"Sec-Fetch-Site", "None"}}, true},
             {{{"Sec-Fetch-Site", ""}}, true},
             {{{"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "cross-site"}}, true},
             {{{"Sec-Fetch-Site", "none"}}, false},
             {{{"Sec-Fetch-Site", "same-origin"}}, false},
             {{}, false},
         }) {
        sent what;
        what.headers.insert(what.headers.end(), r.of_browser.begin(), r.of_browser.end());
        const std::string told =
            r.of_browser.empty() ? "nothing" : r.of_browser[0].first + ' ' + r.of_browser[0].second;
        const std::string refused = "page_of_another_origin";
        EXPECT_EQ(outcome(by, what, local), r.another_origin ? refused : "sidecar by listener") << told;
        EXPECT_EQ(outcome(by, what, bot), r.another_origin ? refused : "bot by certificate") << told;
        EXPECT_EQ(outcome(by, what, agent), r.another_origin ? refused : "agent by unix_user") << told;
        // A key comes with the request: no browser lends it.
        what.headers.emplace_back("X-Api-Key", "ci-key");
        EXPECT_EQ(outcome(by, what, local), "ci by api_key") << told;
    }
}

TEST(borrowed_proof, of_a_listener_is_refused_under_a_name_that_a_page_may_have) {
    const directory by = load(connection_world());
    for (const auto& [host, known] : {std::pair{"127.0.0.1:8080", true},
                                      {"127.0.0.1", true},
                                      {"[::1]:8080", true},
                                      {"localhost:8080", true},
                                      {"LOCALHOST", true},
                                      {"sidecar.internal:8080", true},
                                      {"Sidecar.Internal", true},
                                      {"rebound.evil.example:8080", false},
                                      {"localhost.evil.example", false},
                                      {"127.0.0.1.evil.example", false},
                                      {"sidecar.internal.evil.example", false},
                                      {"internal", false},
                                      {"", false}}) {
        sent what;
        what.set("Host", host);
        EXPECT_EQ(outcome(by, what, local), known ? "sidecar by listener" : "foreign_host") << host;
        EXPECT_EQ(outcome(by, what, bot), "bot by certificate") << "over TLS the page fails at the certificate";
        EXPECT_EQ(outcome(by, what, agent), "agent by unix_user") << "no browser speaks over a unix socket";
    }
    sent old;  // HTTP/1.0; browsers always send Host
    std::erase_if(old.headers, [](const auto& h) { return h.first == "Host"; });
    EXPECT_EQ(outcome(by, old, local), "sidecar by listener");

    config::settings over_tls = connection_world();
    over_tls.listeners[0].tls.emplace();
    sent named;
    named.set("Host", "gateway.corp.example");
    EXPECT_EQ(outcome(load(over_tls), named, local), "sidecar by listener");
}

TEST(any_signature, is_not_looked_at_where_the_listener_says_so) {
    config::settings from = connection_world();
    from.callers[2].any_signature = true;  // sidecar's
    const directory by = load(from);
    const std::string sdk =
        "SDK-HMAC-SHA256 Access=placeholder, SignedHeaders=x-sdk-date, Signature=" + std::string(64, '0');
    struct row {
        headers more;
        const char* outcome;
    };
    for (const row& r : std::vector<row>{
             {{{"Authorization", sdk}, {"X-Sdk-Date", "20200101T000000Z"}}, "sidecar by listener"},
             {{{"Authorization", "V11-HMAC-SHA256 nonsense"}}, "sidecar by listener"},
             {{}, "sidecar by listener"},
             {{{"Authorization", sdk}, {"X-Api-Key", "ci-key"}}, "ci by api_key"},
             {{{"Authorization", sdk}, {"X-Api-Key", "wrong"}}, "unknown_api_key"},
             {{{"Authorization", "Bearer wrong"}}, "unknown_api_key"},
             {{{"Authorization", "Bearer wrong"}, {"Authorization", sdk}}, "two_proofs"},
             {{{"Authorization", "AWS4-HMAC-SHA256 Credential=x"}}, "unsupported_scheme"},
             {{{"Authorization", sdk}, {"Origin", "http://evil.example"}}, "page_of_another_origin"},
             {{{"Authorization", sdk}, {"Host", "evil.example"}}, "foreign_host"},
         }) {
        sent what;
        for (const auto& [name, value] : r.more) {
            if (name == "Host")
                what.set(name, value);
            else
                what.headers.emplace_back(name, value);
        }
        EXPECT_EQ(outcome(by, what, local), r.outcome) << (r.more.empty() ? "" : r.more[0].second);
    }
    // Another caller's, though it is right, makes no difference there; elsewhere it proves its caller as ever.
    sent planners;
    planners.sign("GWPLANNER1", "planner-secret");
    EXPECT_EQ(outcome(by, planners, local), "sidecar by listener");
    EXPECT_EQ(outcome(by, planners, outer), "planner by signature");
    EXPECT_EQ(outcome(load(connection_world()), planners, local), "planner by signature");
}

TEST(certificate, proves_nobody_from_its_end_on) {
    const directory by = load(connection_world());
    for (const auto& [left, then] :
         {std::pair{1s, "bot by certificate"}, {0s, "bot by certificate"}, {-1s, "certificate_expired"}}) {
        connection_facts on = bot;
        on.certificate_until = now + left;
        EXPECT_EQ(outcome(by, sent(), on), then) << left.count();
    }
    // A proof that is present and wrong is refused even where another would do, though it has no name at all.
    EXPECT_EQ(outcome(by, sent(),
                      {.listener = local, .certificate_names = {}, .unix_user = {}, .certificate_until = now + 1h}),
              "certificate_matches_no_caller");
    sent keyed;
    keyed.headers.emplace_back("X-Api-Key", "ci-key");
    const std::vector<std::string> nobodys{"DNS:x.example"};
    EXPECT_EQ(
        outcome(by, keyed,
                {.listener = local, .certificate_names = nobodys, .unix_user = {}, .certificate_until = now - 1s}),
        "certificate_expired");
}

TEST(certificate, of_several_callers_tells_whose_it_is) {
    config::settings from = connection_world();
    config::caller second;
    second.name = "bot-by-uri";
    second.certificate_san = "URI:spiffe://corp/bot";
    from.callers.push_back(second);
    const directory by = load(from);
    const std::vector<std::string> names{"DNS:x.example", "DNS:bot.example", "URI:spiffe://corp/bot"};
    EXPECT_EQ(outcome(by, sent(), {.listener = outer, .certificate_names = names, .unix_user = {}}),
              "certificate_matches_several");
    EXPECT_EQ(by.callers_of(names), (std::vector<std::string_view>{"bot", "bot-by-uri"}));
}

TEST(access_key, is_read_of_whatever_form_it_was_tried_in) {
    const std::string longer(200, 'A');
    for (const auto& [header, key] : std::vector<std::pair<std::string, std::string>>{
             {"SDK-HMAC-SHA256 Access=AK1, SignedHeaders=x", "AK1"},
             {"SDK-HMAC-SHA256 Credential=AK2/20260101/cn-north-4/ecs/sdk_request, SignedHeaders=host", "AK2"},
             {"V11-HMAC-SHA256 Credential=AK3/20260101/cn-north-4/ecs, SignedHeaders=host", "AK3"},
             {"AWS4-HMAC-SHA256 Credential=AK4/20260101/r/ecs/aws4_request", "AK4"},
             {"SDK-HMAC-SHA256 Access=AK5", "AK5"},
             {"SDK-HMAC-SHA256 Access=" + longer, longer},
             {"SDK-HMAC-SHA256 Access=a/secret+with=signs, SignedHeaders=x", "a/secret+with=signs"},
             {"SDK-HMAC-SHA256 Access=", ""},
             {"SDK-HMAC-SHA256", ""},
             {"Bearer Access=secret", ""},
             {"bearer Credential=secret", ""},
             {"", ""}}) {
        EXPECT_EQ(access_key_as_tried(header), key) << header;
    }
}

TEST(before_the_body, what_can_be_told_is_told_and_the_rest_is_left_open) {
    const directory by = load(connection_world());
    const auto refused = [&](const sent& what, std::string_view listener = outer) {
        const auto views = what.fields();
        const auto why =
            by.judge_head({what.method, what.path, what.query, views, {}}, through(listener), a_resize, now);
        return why ? std::string(name_of(why->why)) + ' ' + std::string(why->access_key) : "open";
    };
    sent right, wrong, old, unknown, keyed, guessed;
    right.sign("GWPLANNER1", "planner-secret");
    wrong.sign("GWPLANNER1", "guessed");
    old.sign("GWPLANNER1", "planner-secret", now - 1h);
    unknown.sign("GWNOBODY", "x");
    keyed.headers.emplace_back("X-Api-Key", "ci-key");
    guessed.headers.emplace_back("X-Api-Key", "guessed");
    EXPECT_EQ(refused(right), "open");
    EXPECT_EQ(refused(wrong), "open") << "the signature covers the body";
    EXPECT_EQ(refused(old), "outside_window GWPLANNER1");
    EXPECT_EQ(refused(unknown), "unknown_access_key GWNOBODY");
    EXPECT_EQ(refused(keyed), "open");
    EXPECT_EQ(refused(guessed), "unknown_api_key ");
    EXPECT_EQ(refused(sent()), "no_proof ");
    EXPECT_EQ(refused(sent(), local), "open");
    EXPECT_EQ(outcome(by, right), "planner by signature") << "nothing was used up by looking";
    // A pair the wrong way round.
    for (const char* secret : {"planner-secret", "ci-key"}) {
        sent swapped;
        swapped.sign(secret, "GWPLANNER1");
        EXPECT_EQ(refused(swapped), "unknown_access_key (a secret)");
    }
    // A secret that nobody here knows.
    sent strange;
    strange.sign("aSecretOfAnotherPlace", "x");
    EXPECT_EQ(refused(strange), "unknown_access_key (may be a secret)");
    sent longer;
    longer.sign(std::string(200, 'A'), "x");
    EXPECT_EQ(refused(longer), "unknown_access_key " + std::string(128, 'A'));
}

}  // namespace
}  // namespace gateway::callers

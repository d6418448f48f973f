// A connection's proof (a listener, a certificate, a unix user) does not count for a request of a web page: every page
// in a browser uses the same connections.

#include <gtest/gtest.h>

#include "proof_fields.hpp"
#include "web_page.hpp"
#include "world.hpp"

namespace gateway::callers {
namespace {

using headers = std::vector<std::pair<std::string, std::string>>;

config::settings connection_world() {
    config::settings settings = world();
    config::listener plain;
    plain.name = std::string(local);
    plain.hosts = {"sidecar.internal"};
    settings.listeners.push_back(plain);
    config::caller bot;
    bot.name = "bot";
    bot.certificate_san = "DNS:bot.example";
    settings.callers.push_back(bot);
    config::caller agent;
    agent.name = "agent";
    agent.unix_user = "7";
    settings.callers.push_back(agent);
    return settings;
}

const std::vector<std::string> bots_names{"DNS:bot.example"};
const connection_facts bot{.listener = outer, .certificate_names = bots_names, .unix_user = {}};
const connection_facts agent{.listener = outer, .certificate_names = {}, .unix_user = 7};

TEST(connection_proof, is_refused_for_a_page_of_another_origin) {
    const directory known_callers = load(connection_world());
    struct row {
        headers browser_headers;
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
        sent request;
        request.headers.insert(request.headers.end(), r.browser_headers.begin(), r.browser_headers.end());
        const std::string description =
            r.browser_headers.empty() ? "nothing" : r.browser_headers[0].first + ' ' + r.browser_headers[0].second;
        const std::string refused = "page_of_another_origin";
        EXPECT_EQ(outcome(known_callers, request, local), r.another_origin ? refused : "sidecar by listener")
            << description;
        EXPECT_EQ(outcome(known_callers, request, bot), r.another_origin ? refused : "bot by certificate")
            << description;
        EXPECT_EQ(outcome(known_callers, request, agent), r.another_origin ? refused : "agent by unix_user")
            << description;
        // A key is in the request: a page of another origin has none.
        request.headers.emplace_back("X-Api-Key", "ci-key");
        EXPECT_EQ(outcome(known_callers, request, local), "ci by api_key") << description;
    }
}

TEST(connection_proof, of_a_listener_is_refused_for_a_host_name_that_a_page_may_have) {
    const directory known_callers = load(connection_world());
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
        sent request;
        request.set("Host", host);
        EXPECT_EQ(outcome(known_callers, request, local), known ? "sidecar by listener" : "foreign_host") << host;
        EXPECT_EQ(outcome(known_callers, request, bot), "bot by certificate")
            << "over TLS the page fails at the certificate";
        EXPECT_EQ(outcome(known_callers, request, agent), "agent by unix_user")
            << "no browser speaks over a unix socket";
    }
    sent old;  // HTTP/1.0; browsers always send Host
    std::erase_if(old.headers, [](const auto& h) { return h.first == "Host"; });
    EXPECT_EQ(outcome(known_callers, old, local), "sidecar by listener");

    config::settings over_tls = connection_world();
    over_tls.listeners[0].tls.emplace();
    sent named;
    named.set("Host", "gateway.corp.example");
    EXPECT_EQ(outcome(load(over_tls), named, local), "sidecar by listener");
}

TEST(any_signature, is_ignored_where_the_listener_says_so) {
    config::settings settings = connection_world();
    settings.callers[2].any_signature = true;  // sidecar's
    const directory known_callers = load(settings);
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
        sent request;
        for (const auto& [name, value] : r.more) {
            if (name == "Host")
                request.set(name, value);
            else
                request.headers.emplace_back(name, value);
        }
        EXPECT_EQ(outcome(known_callers, request, local), r.outcome) << (r.more.empty() ? "" : r.more[0].second);
    }
    // A right one of another caller is ignored there, too; elsewhere it proves its caller.
    sent planners;
    planners.sign("GWPLANNER1", "planner-secret");
    EXPECT_EQ(outcome(known_callers, planners, local), "sidecar by listener");
    EXPECT_EQ(outcome(known_callers, planners, outer), "planner by signature");
    EXPECT_EQ(outcome(load(connection_world()), planners, local), "planner by signature");
}

TEST(certificate, proves_nobody_after_it_has_expired) {
    const directory known_callers = load(connection_world());
    for (const auto& [left, expected] :
         {std::pair{1s, "bot by certificate"}, {0s, "bot by certificate"}, {-1s, "certificate_expired"}}) {
        connection_facts connection = bot;
        connection.certificate_until = now + left;
        EXPECT_EQ(outcome(known_callers, sent(), connection), expected) << left.count();
    }
    // A proof that is present and wrong is refused even where another would do, though it has no name at all.
    EXPECT_EQ(outcome(known_callers, sent(),
                      {.listener = local, .certificate_names = {}, .unix_user = {}, .certificate_until = now + 1h}),
              "certificate_matches_no_caller");
    sent keyed;
    keyed.headers.emplace_back("X-Api-Key", "ci-key");
    const std::vector<std::string> nobodys{"DNS:x.example"};
    EXPECT_EQ(
        outcome(known_callers, keyed,
                {.listener = local, .certificate_names = nobodys, .unix_user = {}, .certificate_until = now - 1s}),
        "certificate_expired");
}

TEST(certificate, of_several_callers_names_them) {
    config::settings settings = connection_world();
    config::caller second;
    second.name = "bot-by-uri";
    second.certificate_san = "URI:spiffe://corp/bot";
    settings.callers.push_back(second);
    const directory known_callers = load(settings);
    const std::vector<std::string> names{"DNS:x.example", "DNS:bot.example", "URI:spiffe://corp/bot"};
    EXPECT_EQ(outcome(known_callers, sent(), {.listener = outer, .certificate_names = names, .unix_user = {}}),
              "certificate_matches_several");
    EXPECT_EQ(known_callers.callers_of(names), (std::vector<std::string_view>{"bot", "bot-by-uri"}));
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

TEST(check_head, finds_every_failure_that_needs_no_body) {
    const directory known_callers = load(connection_world());
    const auto refused = [&](const sent& request, std::string_view listener = outer) {
        const auto views = request.fields();
        const auto error = known_callers.check_head({request.method, request.path, request.query, views, {}},
                                                    connection_of(listener), a_resize, now);
        return error ? std::string(name_of(error->reason)) + ' ' + std::string(error->access_key) : "open";
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
    EXPECT_EQ(outcome(known_callers, right), "planner by signature") << "check_head remembers no signature";
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

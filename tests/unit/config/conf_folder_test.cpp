// The examples under conf/, above all gateway.yaml, which shows every key there is.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base_file.hpp"
#include "gateway/base/hex.hpp"
#include "schema.hpp"

namespace gateway::config {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string folder = std::filesystem::current_path().string() + "/conf/";

const settings& annotated() {
    static const loaded read = load(folder + "gateway.yaml");
    EXPECT_THAT(described(read), IsEmpty());
    return read.values;
}

TEST(conf, holds_only_files_that_load) {
    std::size_t files = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        if (file.path().extension() != ".yaml") continue;
        ++files;
        auto said = described(load(file.path().string()));
        // What a sidecar's ledger in memory gives up is meant, and said all the same.
        const auto is_meant = [](const std::string& line) {
            return line.find("warning: ledger.memory: ") != line.npos;
        };
        EXPECT_EQ(std::erase_if(said, is_meant), file.path().stem() == "sidecar" ? 1U : 0U);
        EXPECT_THAT(said, IsEmpty()) << file.path();
    }
    EXPECT_GE(files, 4U);
}

TEST(annotated_file, listeners_and_admin) {
    const settings& s = annotated();
    EXPECT_EQ(s.file, folder + "gateway.yaml");
    ASSERT_EQ(s.listeners.size(), 3U);
    const listener& loopback = s.listeners[0];
    EXPECT_EQ(loopback.name, "127.0.0.1:8080");
    EXPECT_EQ(loopback.host, "127.0.0.1");
    EXPECT_EQ(loopback.port, 8080);
    EXPECT_FALSE(loopback.is_unix || loopback.tls || loopback.mode || loopback.plain_http);
    EXPECT_EQ(loopback.hosts, std::vector<std::string>{"sidecar.internal"});
    EXPECT_EQ(loopback.location.line, 12U);
    EXPECT_EQ(loopback.location.column, 5U);
    EXPECT_EQ(loopback.location.path, "listeners[0]");
    const listener& open = s.listeners[1];
    EXPECT_EQ(open.name, "0.0.0.0:8443");
    ASSERT_TRUE(open.tls);
    EXPECT_EQ(open.tls->certificate, folder + "tls/gateway.pem");
    EXPECT_EQ(open.tls->private_key, folder + "tls/gateway.key");
    EXPECT_EQ(open.tls->client_ca, folder + "tls/clients-ca.pem");
    EXPECT_TRUE(open.tls->client_certificate_required);
    const listener& local = s.listeners[2];
    EXPECT_TRUE(local.is_unix);
    EXPECT_EQ(local.name, "unix:/run/ecs-gateway/gateway.sock");
    EXPECT_EQ(local.host, "/run/ecs-gateway/gateway.sock");
    EXPECT_EQ(local.mode, 0660U);
    ASSERT_TRUE(s.admin);
    EXPECT_EQ(s.admin->host, "127.0.0.1");
    EXPECT_EQ(s.admin->port, 9901);
}

TEST(annotated_file, limits_and_times) {
    const settings& s = annotated();
    EXPECT_EQ(s.workers, 0U);
    EXPECT_EQ(s.limits.header_bytes, 16U * 1024);
    EXPECT_EQ(s.limits.body_bytes, 128U * 1024);
    EXPECT_EQ(s.limits.connections, 10000U);
    EXPECT_EQ(s.limits.requests_per_connection, 100000U);
    EXPECT_EQ(s.timeouts.request_header, seconds(10));
    EXPECT_EQ(s.timeouts.request_body, seconds(30));
    EXPECT_EQ(s.timeouts.idle, seconds(75));
    EXPECT_EQ(s.timeouts.upstream_connect, seconds(5));
    EXPECT_EQ(s.timeouts.upstream_response, seconds(60));
    EXPECT_EQ(s.timeouts.credential, seconds(10));
    EXPECT_EQ(s.timeouts.ledger, seconds(2));
    EXPECT_EQ(s.timeouts.drain, seconds(30));
    EXPECT_EQ(s.signature_window, std::chrono::minutes(15));
}

TEST(annotated_file, callers) {
    const settings& s = annotated();
    ASSERT_EQ(s.callers.size(), 5U);
    EXPECT_EQ(s.callers[0].name, "capacity-planner");
    EXPECT_EQ(s.callers[0].access_key, "GWPLANNER0000000001");
    ASSERT_TRUE(s.callers[0].secret_key);
    EXPECT_EQ(s.callers[0].secret_key->origin, source::kind::file);
    EXPECT_EQ(s.callers[0].secret_key->name, folder + "secrets/capacity-planner.sk");
    EXPECT_EQ(s.callers[0].secret_key->location.line, 51U);
    EXPECT_EQ(s.callers[0].secret_key->location.column, 17U);
    EXPECT_EQ(s.callers[0].secret_key->location.path, "callers[0].secret_key");
    EXPECT_EQ(s.callers[1].name, "ci-pipeline");
    ASSERT_TRUE(s.callers[1].api_key_sha256);
    EXPECT_EQ(to_hex(*s.callers[1].api_key_sha256), "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    EXPECT_EQ(s.callers[2].certificate_san, "URI:spiffe://corp.example/billing-bot");
    EXPECT_EQ(s.callers[3].unix_user, "node-agent");
    EXPECT_EQ(s.callers[4].listener, "127.0.0.1:8080");
    EXPECT_TRUE(s.callers[4].any_signature);
    EXPECT_FALSE(s.callers[0].any_signature);
    EXPECT_EQ(s.callers[4].location.path, "callers[4]");
}

TEST(annotated_file, credentials) {
    const settings& s = annotated();
    ASSERT_EQ(s.credentials.size(), 6U);
    const credential& partner = s.credentials[0];
    EXPECT_EQ(partner.name, "partner-key");
    EXPECT_EQ(partner.type, credential::kind::pair);
    ASSERT_TRUE(partner.pair);
    EXPECT_EQ(partner.pair->access_key.origin, source::kind::env);
    EXPECT_EQ(partner.pair->access_key.name, "PARTNER_AK");
    EXPECT_EQ(partner.pair->secret_key.name, folder + "secrets/partner.sk");
    EXPECT_EQ(partner.pair->sign_with, signing::algorithm::sdk_hmac_sha256);
    EXPECT_FALSE(partner.pair->security_token || partner.preload || partner.agency || partner.token);
    const credential& acme = s.credentials[1];
    ASSERT_TRUE(acme.pair && acme.pair->security_token);
    EXPECT_EQ(acme.pair->access_key.name, folder + "secrets/acme.ak");
    EXPECT_EQ(acme.pair->security_token->name, folder + "secrets/acme.token");
    const credential& globex = s.credentials[2];
    EXPECT_EQ(globex.type, credential::kind::agency);
    ASSERT_TRUE(globex.agency);
    EXPECT_FALSE(globex.pair);
    EXPECT_EQ(globex.agency->through, "globex-partner-user");
    EXPECT_EQ(globex.agency->domain_name, "globex");
    EXPECT_EQ(globex.agency->domain_id, std::nullopt);
    EXPECT_EQ(globex.agency->agency_name, "resize-operator");
    EXPECT_EQ(globex.agency->duration, std::chrono::hours(1));
    const credential& user = s.credentials[3];
    EXPECT_EQ(user.type, credential::kind::token);
    ASSERT_TRUE(user.token);
    EXPECT_EQ(user.token->domain_name, "partner-domain");
    EXPECT_EQ(user.token->user_name, "gateway");
    EXPECT_EQ(user.token->password.name, folder + "secrets/partner-user.password");
    EXPECT_EQ(s.credentials[4].type, credential::kind::metadata);
    EXPECT_EQ(s.credentials[5].type, credential::kind::sdk_default);
    EXPECT_EQ(s.credentials[5].name, "as-the-sdk");
}

TEST(annotated_file, cloud_and_accounts) {
    const settings& s = annotated();
    EXPECT_EQ(s.regions.at("cn-north-4").ecs, (endpoint{true, "ecs.cn-north-4.myhuaweicloud.com", 443}));
    EXPECT_EQ(s.regions.at("cn-north-4").iam, (endpoint{true, "iam.cn-north-4.myhuaweicloud.com", 443}));
    EXPECT_EQ(s.regions.at("cn-north-4").cts, (endpoint{true, "cts.cn-north-4.myhuaweicloud.com", 443}));
    EXPECT_EQ(s.upstream.ca_file, folder + "tls/cloud-ca.pem");
    EXPECT_EQ(s.upstream.connections_per_worker, 64U);
    EXPECT_THAT(s.upstream.plain_http_hosts, IsEmpty());
    ASSERT_EQ(s.accounts.size(), 3U);
    EXPECT_EQ(s.accounts[0].name, "partner");
    EXPECT_EQ(s.accounts[0].type, account::kind::partner);
    EXPECT_EQ(s.accounts[0].credential, "partner-key");
    EXPECT_EQ(s.accounts[1].type, account::kind::sub_customer);
    ASSERT_EQ(s.accounts[1].projects.size(), 2U);
    EXPECT_FALSE(s.accounts[0].billing);
    EXPECT_EQ(s.accounts[1].billing.value().endpoint, (endpoint{true, "bss.myhuaweicloud.com", 443}));
    EXPECT_EQ(s.accounts[1].projects[0].id, "7c1e0f6f5c7a4b6b8f0a3f2d9b1c4e5d");
    EXPECT_EQ(s.accounts[1].projects[1].region, "ap-southeast-1");
    EXPECT_EQ(s.accounts[2].credential, "globex-agency");
}

TEST(annotated_file, ledger_and_what_follows) {
    const settings& s = annotated();
    EXPECT_EQ(s.ledger.file, folder + "ledger.db");
    EXPECT_FALSE(s.ledger.memory || s.ledger.postgresql);
    EXPECT_EQ(s.ledger.keep, std::chrono::days(400));
    EXPECT_EQ(s.follow.settle_after, std::chrono::minutes(3));
}

TEST(annotated_file, policy_and_log) {
    const settings& s = annotated();
    ASSERT_EQ(s.policy.size(), 4U);
    const rule& deny = s.policy[0];
    EXPECT_EQ(deny.name, "nobody-touches-globex-databases");
    EXPECT_EQ(deny.effect, effect::deny);
    EXPECT_FALSE(deny.shadow || deny.callers || deny.operations || deny.sign_as_partner || deny.resize || deny.rate ||
                 deny.max_in_flight);
    EXPECT_THAT(deny.accounts.value(), ElementsAre("globex"));
    EXPECT_THAT(deny.servers.value(), ElementsAre("5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21"));
    const rule& grow = s.policy[1];
    EXPECT_EQ(grow.effect, effect::allow);
    EXPECT_THAT(grow.callers.value(), ElementsAre("capacity-planner"));
    EXPECT_THAT(grow.operations.value(),
                ElementsAre(operations::operation_id::resize, operations::operation_id::show_job));
    EXPECT_THAT(grow.servers.value(), ElementsAre("*"));
    EXPECT_FALSE(grow.sign_as_partner || grow.key_required || grow.may_override_unknown || grow.shows_all_changes);
    ASSERT_TRUE(grow.resize);
    EXPECT_THAT(grow.resize->flavors.value(), ElementsAre("s6.*", "c6.*"));
    EXPECT_EQ(grow.resize->auto_pay, false);
    EXPECT_EQ(grow.resize->while_running, false);
    EXPECT_THAT(grow.resize->dedicated_hosts.value(), IsEmpty());
    EXPECT_EQ(grow.resize->dry, dry_run::allowed);
    ASSERT_TRUE(grow.rate);
    EXPECT_EQ(grow.rate->calls, 30U);
    EXPECT_EQ(grow.rate->per, std::chrono::minutes(1));
    EXPECT_EQ(grow.max_in_flight, 8U);
    const rule& ci = s.policy[2];
    ASSERT_TRUE(ci.resize);
    EXPECT_EQ(ci.resize->dry, dry_run::required);
    EXPECT_FALSE(ci.accounts || ci.servers || ci.resize->flavors || ci.resize->auto_pay || ci.resize->while_running ||
                 ci.resize->dedicated_hosts);
    const rule& later = s.policy[3];
    EXPECT_TRUE(later.shadow);
    EXPECT_EQ(later.effect, effect::deny);
    EXPECT_THAT(later.resize.value().flavors.value(), ElementsAre("s7.*"));
    EXPECT_EQ(s.log.level, log_level::info);
    EXPECT_EQ(s.log.outcomes, "stdout");
}

// The smallest file that loads has the same values wherever the annotated one says that it shows a default.
TEST(defaults, are_those_of_the_annotated_file) {
    const auto small = parse("version: 1\nlisteners:\n  - address: 127.0.0.1:8080\n", "f");
    ASSERT_THAT(described(small), IsEmpty());
    const settings& values = small.values;
    const settings& shown = annotated();
    EXPECT_EQ(values.workers, shown.workers);
    EXPECT_EQ(values.limits.header_bytes, shown.limits.header_bytes);
    EXPECT_EQ(values.limits.body_bytes, shown.limits.body_bytes);
    EXPECT_EQ(values.limits.connections, shown.limits.connections);
    EXPECT_EQ(values.limits.requests_per_connection, shown.limits.requests_per_connection);
    EXPECT_EQ(values.timeouts.request_header, shown.timeouts.request_header);
    EXPECT_EQ(values.timeouts.request_body, shown.timeouts.request_body);
    EXPECT_EQ(values.timeouts.idle, shown.timeouts.idle);
    EXPECT_EQ(values.timeouts.upstream_connect, shown.timeouts.upstream_connect);
    EXPECT_EQ(values.timeouts.upstream_response, shown.timeouts.upstream_response);
    EXPECT_EQ(values.timeouts.credential, shown.timeouts.credential);
    EXPECT_EQ(values.timeouts.drain, shown.timeouts.drain);
    EXPECT_EQ(values.signature_window, shown.signature_window);
    EXPECT_EQ(values.timeouts.ledger, shown.timeouts.ledger);
    EXPECT_EQ(values.ledger.keep, shown.ledger.keep);
    EXPECT_EQ(values.follow.settle_after, shown.follow.settle_after);
    EXPECT_EQ(values.ledger.file, std::filesystem::current_path() / "ledger.db");
    EXPECT_EQ(values.upstream.connections_per_worker, shown.upstream.connections_per_worker);
    EXPECT_EQ(values.log.level, shown.log.level);
    EXPECT_EQ(values.log.outcomes, shown.log.outcomes);
    EXPECT_FALSE(values.admin);
    EXPECT_EQ(values.upstream.ca_file, std::nullopt);
    EXPECT_TRUE(values.callers.empty() && values.credentials.empty() && values.accounts.empty() &&
                values.policy.empty());
    EXPECT_EQ(values.regions.size(), 33U);
}

// Every key that the schema knows, by walking it as a describer would.
struct key_collector {
    std::vector<std::pair<std::string, std::string>> keys;  // name, explanation

    template <class T, class Kind>
    void operator()(std::string_view name, T&, const Kind& kind, presence, std::string_view doc) {
        keys.emplace_back(name, doc);
        EXPECT_FALSE(kind.expected().empty()) << name;
        walk(kind);
    }
    template <class T>
    void walk(const section<T>&) {
        T nothing{};
        keys_of(nothing, *this);
    }
    template <class Item>
    void walk(const list_of<Item>& kind) {
        walk(kind.item);
    }
    template <class Key, class Value>
    void walk(const map_of<Key, Value>& kind) {
        walk(kind.value);
    }
    template <class Other>
    void walk(const Other&) {}
};

TEST(schema, has_every_key_in_the_annotated_file_and_explains_it) {
    std::ifstream file(folder + "gateway.yaml");
    std::stringstream text;
    text << file.rdbuf();
    key_collector all;
    all.walk(section<settings>{});
    EXPECT_GT(all.keys.size(), 80U);
    for (const auto& [name, doc] : all.keys) {
        EXPECT_FALSE(doc.empty()) << name;
        if (doc.starts_with("ignored")) continue;
        EXPECT_NE(text.str().find(name), std::string::npos) << name;
    }
}

}  // namespace
}  // namespace gateway::config

#include "cloud_reader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "gateway/base/append.hpp"
#include "gateway/base/secret_text.hpp"
#include "gateway/base/time.hpp"
#include "gateway/upstream/signed_request.hpp"
#include "gateway/upstream/trace.hpp"

namespace gateway::follow {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t max_answer = 1024 * 1024;  // bytes; a longer answer says nothing
constexpr std::size_t max_in_region = 8;         // requests at once
// The breaker of a key tells requesters apart by their names; no caller can have this one.
constexpr std::string_view requester_name = "(following)";

// ECS of every region with projects, then CTS of those that have it, then billing of the accounts that have it.
std::vector<config::endpoint> list_endpoints(const configuration& from) {
    std::vector<config::endpoint> all;
    for (const std::string& region : from.rules->regions())
        all.push_back(from.settings->regions.at(region).ecs);
    for (const std::string& region : from.rules->regions()) {
        if (const auto& cts = from.settings->regions.at(region).cts) all.push_back(*cts);
    }
    for (const config::account& each : from.settings->accounts) {
        if (each.billing) all.push_back(each.billing->endpoint);
    }
    return all;
}

std::optional<std::size_t> find_cts(const configuration& from, std::size_t region_index) {
    const auto& regions = from.rules->regions();
    std::size_t endpoint = regions.size();
    for (std::size_t i = 0; i < region_index; ++i)
        endpoint += from.settings->regions.at(regions[i]).cts ? 1U : 0U;
    if (!from.settings->regions.at(regions[region_index]).cts) return std::nullopt;
    return endpoint;
}

std::optional<std::size_t> find_billing(const configuration& from, std::size_t account_index) {
    std::size_t endpoint = from.rules->regions().size();
    for (const std::string& region : from.rules->regions())
        endpoint += from.settings->regions.at(region).cts ? 1U : 0U;
    for (std::size_t i = 0; i < account_index; ++i)
        endpoint += from.settings->accounts[i].billing ? 1U : 0U;
    if (!from.settings->accounts[account_index].billing) return std::nullopt;
    return endpoint;
}

// One of the requests of a region, from its sending to its answer.
class place_in_region {
public:
    place_in_region(std::size_t& under_way, net::async_event& changed) : under_way_(under_way), changed_(changed) {
        ++under_way_;
    }
    ~place_in_region() {
        --under_way_;
        changed_.notify_all();
    }
    place_in_region(const place_in_region&) = delete;
    place_in_region& operator=(const place_in_region&) = delete;

private:
    std::size_t& under_way_;
    net::async_event& changed_;
};

result result_of(unsigned status) {
    if (status == 200) return result::ok;
    if (status == 429) return result::throttled;
    return status == 401 || status == 403 || status == 404 ? result::refused : result::failed;
}

}  // namespace

active_configuration::active_configuration(net::loop& loop, configuration next, std::atomic<std::size_t>& connections,
                                           const active_configuration* previous)
    : current(std::move(next)),
      client(loop, list_endpoints(current), current.upstream_tls, current.settings->upstream,
             current.settings->timeouts, &connections),
      secrets(*current.credentials, previous == nullptr ? nullptr : &previous->secrets) {}

cloud_reader::cloud_reader(net::loop& loop, credentials::credential_provider& provider,
                           std::atomic<std::size_t>& connections)
    : loop_(loop), provider_(provider), connections_(connections), changed_(loop) {}

void cloud_reader::adopt(configuration next) {
    config_ = std::make_shared<active_configuration>(loop_, std::move(next), connections_, config_.get());
    changed_.notify_all();
}

void cloud_reader::put(const credentials::cache_key& key, const credentials::shared_secret& secret,
                       const std::string& reason, credentials::secret::time retry) {
    if (config_) config_->secrets.put(key, secret, reason, retry);
    changed_.notify_all();
}

std::optional<account_access> cloud_reader::find_account(const ledger::change& change) const {
    const configuration& current = config_->current;
    const policy::project* const project = current.rules->find_project(change.request.project_id);
    if (project == nullptr || project->account != change.request.identity.account) return std::nullopt;
    return account_access{
        .config = config_,
        .account = project->account,
        .project_id = change.request.project_id,
        .region = project->region,
        .credential = credentials::credential_id(current.rules->credential_of(change.request.rule, *project)),
        .ecs = project->region_index,
        .cts = find_cts(current, project->region_index),
        .billing = find_billing(current, project->account_index)};
}

std::chrono::microseconds cloud_reader::delay(const account_access& access) {
    return accounts_.delay(access.account, steady_clock::now());
}

task<reply> cloud_reader::ask(const account_access& access, question asked) {
    const bool is_billing = access.billing == asked.endpoint && asked.subject == subject::order;
    const auto turn = is_billing ? billing_.take_turn("", steady_clock::now())
                                 : accounts_.take_turn(access.account, steady_clock::now());
    if (turn > 0us) co_await net::pause(loop_, std::chrono::ceil<std::chrono::milliseconds>(turn));
    auto waited = acquire(access);
    auto credential = co_await std::move(waited);
    reply got;
    if (!credential) {
        got.result = result::no_credential;
    } else {
        // The last of the waits: whoever waits for its turn or its credential takes no other account's place.
        std::size_t& under_way = under_way_[std::string(access.region)];
        while (under_way >= max_in_region)
            co_await changed_.wait(1s);
        const place_in_region taken(under_way, changed_);
        auto sent = send(access, asked, *credential);
        got = co_await std::move(sent);
    }
    if (got.result == result::throttled) accounts_.slow_down(access.account);
    if (got.result == result::ok) accounts_.speed_up(access.account);
    count_result(asked.subject, got.result);
    co_return got;
}

task<std::optional<credentials::credential_handle>> cloud_reader::acquire(const account_access& access) {
    const auto deadline = steady_clock::now() + access.config->current.settings->timeouts.credential;
    for (;;) {
        auto acquired =
            access.config->secrets.acquire(access.credential, access.project_id, requester_name, steady_clock::now());
        if (acquired) co_return std::move(*acquired);
        if (acquired.error().should_request) provider_.request(acquired.error().key);
        if (!acquired.error().is_pending || steady_clock::now() >= deadline) co_return std::nullopt;
        co_await changed_.wait(100ms);
    }
}

task<reply> cloud_reader::send(const account_access& access, const question& asked,
                               credentials::credential_handle& credential) {
    const auto payload = signing::hash_payload(asked.body);
    const upstream::outgoing_request outgoing{.method = asked.method,
                                              .path = asked.path,
                                              .query = asked.query,
                                              .authority = access.config->client.authority(asked.endpoint),
                                              .project_id = access.project_id,
                                              .region = access.region,
                                              .has_body = !asked.body.empty(),
                                              .payload = {payload.data(), payload.size()}};
    std::string head;
    upstream::begin_request(head, outgoing);
    upstream::append_traceparent(head, asked.trace_id);
    if (outgoing.has_body)
        append(head, "Content-Type: "sv, upstream::body_type, "\r\nContent-Length: "sv,
               std::to_string(asked.body.size()), "\r\n"sv);
    const std::string date = sdk_date(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    static_cast<void>(upstream::sign_request(head, outgoing, credential, date, signer_));
    const upstream::request request{.head = head, .body = asked.body, .may_repeat = true};
    auto exchange = access.config->client.exchange(asked.endpoint, request);
    auto response = co_await std::move(exchange);
    wipe(head.data(), head.size());
    reply got;
    if (!response) {
        credential.probe.end();
        co_return got;
    }
    got.status = response->head().status;
    judge_proof(access, credential, got.status);
    credential.probe.end();
    auto reading = response->read_body(max_answer);
    const auto filled = co_await std::move(reading);
    const bool is_whole = filled && response->whole();
    got.result = is_whole || got.status != 200 ? result_of(got.status) : result::failed;
    if (is_whole) got.body = response->body();
    co_return got;
}

// As the calls of callers are judged: a key that the cloud refuses must not be tried until it is locked.
void cloud_reader::judge_proof(const account_access& access, const credentials::credential_handle& credential,
                               unsigned status) {
    const auto& definition = (*access.config->current.credentials)[access.credential];
    const bool is_scoped = definition.type == credentials::definition::source_type::token;
    const credentials::cache_key key{definition.serial, is_scoped ? std::string(access.project_id) : std::string()};
    const auto& secret = credential.shared();
    if (status != 401) {
        if (status != 429 && status < 500 && secret->breaker.on_accepted()) provider_.on_breaker_closed(key, secret);
        return;
    }
    if (definition.type != credentials::definition::source_type::pair) {
        provider_.on_revoked(key, secret);
        access.config->secrets.invalidate(key, secret);
    }
    const auto next = secret->breaker.on_refused(credentials::caller_named(requester_name));
    if (next == credentials::consequence::open)
        provider_.on_breaker_open(key, secret, "a query that follows a change was refused");
    if (next == credentials::consequence::verify) provider_.verify(key, secret);
}

void cloud_reader::count_result(subject asked, result had) {
    ++counts_.at(static_cast<std::size_t>(asked)).at(static_cast<std::size_t>(had));
}

std::uint64_t cloud_reader::count(subject asked, result had) const {
    return counts_.at(static_cast<std::size_t>(asked)).at(static_cast<std::size_t>(had)).load();
}

}  // namespace gateway::follow

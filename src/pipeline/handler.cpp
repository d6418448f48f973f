#include "gateway/pipeline/handler.hpp"

#include <boost/smart_ptr/make_local_shared.hpp>
#include <utility>

#include "call.hpp"

namespace gateway::pipeline {

// The path of a call.
task<> handler::operator()(http::session& caller) {
    call current(*resources_, caller);
    rejection rejected;
    if (!current.log_has_room()) {
        auto waited = co_await current.wait_for_log_room();
        rejected = std::move(waited);
    }
    if (!rejected) rejected = current.match_operation();  // 1. one request within its limits, 2. and its operation
    if (!rejected) rejected = current.authenticate();     // 3. who calls
    if (!rejected) rejected = current.read_body();        // 4. what is asked for, to the letter
    if (!rejected) rejected = current.authorize();        // 5. whether it may, and as whom
    if (!rejected && current.changes_something()) {       // 6., 7. of a change, in change.cpp
        auto sent = co_await current.send_change();
        if (sent) co_await current.send_own_answer(*sent);
        co_return;
    }
    if (!rejected) rejected = current.admit();
    if (!rejected && current.asks_the_ledger()) {
        co_await current.answer_from_ledger();
        co_return;
    }
    if (!rejected && !current.find_credential()) {  // 6. with that credential,
        auto waited = co_await current.wait_for_credential();
        rejected = std::move(waited);
    }
    while (!rejected) {
        current.sign();                               //    afresh,
        auto response = co_await current.exchange();  //    to the region's endpoint
        if (!response) {
            rejected = current.reject_failure(response.error());
        } else if (response->head().status != 401) {
            co_await current.send_response(*response);  // 7. as it came
            co_return;
        } else {
            auto renewed = co_await current.renew_credential(*response);  // once more where that helps
            rejected = std::move(renewed);
        }
    }
    co_await current.send_own_answer(*rejected);
}  // 8. the outcome line: ~call()

handler::handler(net::loop& loop, outcome::line_buffer& records, outcome::counters& counters,
                 std::atomic<std::size_t>& cloud_connections, credentials::credential_provider& credential_provider,
                 ledger::gateway_ledger& ledger, std::shared_ptr<const snapshot> first)
    : resources_(
          std::make_unique<call_resources>(loop, records, counters, cloud_connections, credential_provider, ledger)) {
    adopt(std::move(first));
}

handler::~handler() = default;

bool handler::is_busy() const noexcept { return !resources_->job_looks.empty(); }

void handler::adopt(std::shared_ptr<const snapshot> next) {
    call_resources& all = *resources_;
    all.config =
        boost::make_local_shared<active_config>(all.loop, std::move(next), all.cloud_connections, all.config.get());
    all.configs.push_back(*all.config);
    all.credential_changed.notify_all();
}

void handler::put(const credentials::cache_key& key, const credentials::shared_secret& secret,
                  const std::string& reason, credentials::secret::time retry) {
    for (active_config& each : resources_->configs)
        each.credential_cache.put(key, secret, reason, retry);
    resources_->credential_changed.notify_all();
}

}  // namespace gateway::pipeline

#include "call_resources.hpp"

#include <array>
#include <random>
#include <utility>

#include "gateway/base/hex.hpp"
#include "gateway/base/time.hpp"

namespace gateway::pipeline {

namespace {

constexpr std::size_t max_kept = 64 * 1024;  // bytes of a workspace: what a large body took is given back
constexpr std::size_t max_pooled = 64;  // workspaces kept for later calls; more calls than that at once bring their own

}  // namespace

active_config::active_config(net::loop& loop, std::shared_ptr<const pipeline::snapshot> current,
                             std::atomic<std::size_t>& connections, const active_config* previous)
    : snapshot(std::move(current)),
      client(loop, snapshot->endpoints, snapshot->upstream_tls, snapshot->settings.upstream,
             snapshot->settings.timeouts, &connections),
      credential_cache(*snapshot->credentials, previous == nullptr ? nullptr : &previous->credential_cache),
      skew_measured(snapshot->endpoints.size()) {}

call_resources::call_resources(net::loop& event_loop, outcome::line_buffer& outcome_lines,
                               outcome::counters& worker_counters, std::atomic<std::size_t>& open_connections,
                               credentials::credential_provider& provider, ledger::gateway_ledger& process_ledger)
    : loop(event_loop),
      records(outcome_lines),
      counters(worker_counters),
      cloud_connections(open_connections),
      credential_provider(provider),
      ledger(event_loop, process_ledger),
      credential_changed(event_loop) {
    std::random_device random;
    id_prefix_ = (std::uint64_t{random()} << 32) | random();
}

std::unique_ptr<workspace> call_resources::take_workspace() {
    if (pool_.empty()) return std::make_unique<workspace>();
    auto taken = std::move(pool_.back());
    pool_.pop_back();
    return taken;
}

void call_resources::give_back(std::unique_ptr<workspace> used) {
    const std::size_t held = used->request.capacity() + used->response_head.capacity() + used->message.capacity();
    if (pool_.size() < max_pooled && held <= max_kept) pool_.push_back(std::move(used));
}

void call_resources::write_request_id(char* digits) noexcept {
    std::array<unsigned char, 16> bytes{};
    const std::uint64_t number = next_id_++;
    for (unsigned i = 0; i < 8; ++i) {
        bytes[i] = static_cast<unsigned char>(id_prefix_ >> (56 - 8 * i));
        bytes[8 + i] = static_cast<unsigned char>(number >> (56 - 8 * i));
    }
    write_hex(bytes, digits);
}

const std::string& call_resources::date_of(std::chrono::system_clock::time_point time) {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    if (second != date_second_) {
        date_second_ = second;
        date_ = sdk_date(second);
    }
    return date_;
}

}  // namespace gateway::pipeline

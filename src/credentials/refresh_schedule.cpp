#include "gateway/credentials/refresh_schedule.hpp"

#include <algorithm>
#include <array>

namespace gateway::credentials {

namespace {

using namespace std::chrono_literals;

// 0.5 s, 1 s, 2 s … 60 s while IAM can't be reached; 1 min, 2 min … 1 h when it says that the credential is wrong.
constexpr auto first_pause = 500ms, longest_pause = 60'000ms;
constexpr auto first_pause_refused = 60'000ms, longest_pause_refused = 3'600'000ms;
constexpr auto early_revocation = 10s;

std::chrono::milliseconds backoff(bool refused, unsigned failures, double jitter) {
    const auto first = refused ? first_pause_refused : first_pause;
    const auto limit = refused ? longest_pause_refused : longest_pause;
    const auto doubled = first * (1U << std::min(failures - 1, 12U));
    // Up to a fifth more at random, so that a thousand credentials do not try again at the same time.
    const auto base = static_cast<double>(std::min(doubled, limit).count());
    return std::chrono::milliseconds(static_cast<long>(base * (1 + 0.2 * jitter)));
}

}  // namespace

void refresh_schedule::on_demand(time now) noexcept {
    const time due = std::max(now, not_before_);
    if (!due_ || *due_ > due) due_ = due;
}

void refresh_schedule::on_success(time now, time expires, bool is_token, double jitter) noexcept {
    failures_ = 0;
    refused_ = false;
    not_before_ = now;
    fetched_at_ = now;
    due_.reset();
    if (expires == time::max()) return;
    const auto life = std::chrono::duration<double>(expires - now);
    const double share = is_token ? 0.5 - 0.05 * jitter : 0.5 + 0.25 * jitter;
    due_ = now + std::chrono::duration_cast<time::duration>(life * share);
}

void refresh_schedule::on_failure(time now, bool refused, milliseconds min_pause, double jitter,
                                  milliseconds max_pause) noexcept {
    failures_ = refused == refused_ ? failures_ + 1 : 1;
    refused_ = refused;
    auto pause = backoff(refused, failures_, jitter);
    if (max_pause.count() > 0) pause = std::min(pause, max_pause);
    not_before_ = now + std::max(min_pause, pause);
    due_ = not_before_;
}

void refresh_schedule::on_revoked(time now, double jitter) noexcept {
    const bool is_early = fetched_at_ && now - *fetched_at_ < early_revocation;
    early_revocations_ = is_early ? early_revocations_ + 1 : 0;
    not_before_ = is_early ? now + backoff(false, early_revocations_, jitter) : now;
    due_ = not_before_;
}

void refresh_schedule::on_unused(time now, time expires) noexcept {
    constexpr time::duration soonest = 1s;  // a lifetime that is halved again and again would keep the thread busy
    due_ = std::min(expires, now + std::max(soonest, (expires - now) / 2));
}

void refresh_schedule::forget_failures(time now) noexcept {
    if (failures_ == 0) return;
    failures_ = 0;
    not_before_ = now;
    if (due_) due_ = now;
}

std::chrono::seconds probe_delay(unsigned failed_probes) noexcept {
    static constexpr std::array<std::chrono::seconds, 4> pauses{30s, 120s, 480s, 1800s};
    return pauses[std::min<std::size_t>(failed_probes, pauses.size() - 1)];
}

}  // namespace gateway::credentials

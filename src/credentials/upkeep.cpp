#include "gateway/credentials/upkeep.hpp"

#include <algorithm>
#include <array>

namespace gateway::credentials {

namespace {

using namespace std::chrono_literals;

// 0.5 s, 1 s, 2 s … 60 s while IAM can't be reached; 1 min, 2 min … 1 h when it says that the credential is wrong.
constexpr auto first_pause = 500ms, longest_pause = 60'000ms;
constexpr auto first_pause_refused = 60'000ms, longest_pause_refused = 3'600'000ms;
constexpr auto drops_apart = 10s;

std::chrono::milliseconds pause(bool refused, unsigned failures, double dice) {
    const auto first = refused ? first_pause_refused : first_pause;
    const auto most = refused ? longest_pause_refused : longest_pause;
    const auto doubled = first * (1U << std::min(failures - 1, 12U));
    // Up to a fifth more by chance, so that a thousand do not come back in one moment.
    const auto base = static_cast<double>(std::min(doubled, most).count());
    return std::chrono::milliseconds(static_cast<long>(base * (1 + 0.2 * dice)));
}

}  // namespace

void upkeep::wanted(time now) noexcept {
    const time at = std::max(now, not_before_);
    if (!due_ || *due_ > at) due_ = at;
}

void upkeep::came(time now, time expires, bool is_token, double dice) noexcept {
    failures_ = 0;
    refused_ = false;
    not_before_ = now;
    came_ = now;
    due_.reset();
    if (expires == time::max()) return;
    const auto life = std::chrono::duration<double>(expires - now);
    const double share = is_token ? 0.5 - 0.05 * dice : 0.5 + 0.25 * dice;
    due_ = now + std::chrono::duration_cast<time::duration>(life * share);
}

void upkeep::failed(time now, bool refused, milliseconds at_least, double dice, milliseconds longest) noexcept {
    failures_ = refused == refused_ ? failures_ + 1 : 1;
    refused_ = refused;
    auto apart = pause(refused, failures_, dice);
    if (longest.count() > 0) apart = std::min(apart, longest);
    not_before_ = now + std::max(at_least, apart);
    due_ = not_before_;
}

void upkeep::dropped(time now, double dice) noexcept {
    const bool at_once = came_ && now - *came_ < drops_apart;
    quick_drops_ = at_once ? quick_drops_ + 1 : 0;
    not_before_ = at_once ? now + pause(false, quick_drops_, dice) : now;
    due_ = not_before_;
}

void upkeep::idle(time now, time expires) noexcept {
    constexpr time::duration soonest = 1s;  // a life that is halved without end would keep the keeper busy
    due_ = std::min(expires, now + std::max(soonest, (expires - now) / 2));
}

void upkeep::forget_failures(time now) noexcept {
    if (failures_ == 0) return;
    failures_ = 0;
    not_before_ = now;
    if (due_) due_ = now;
}

std::chrono::seconds rest_after(unsigned failed_queries) noexcept {
    static constexpr std::array<std::chrono::seconds, 4> pauses{30s, 120s, 480s, 1800s};
    return pauses[std::min<std::size_t>(failed_queries, pauses.size() - 1)];
}

}  // namespace gateway::credentials

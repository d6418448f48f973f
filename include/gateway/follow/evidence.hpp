#pragma once
// The rule by which evidence ends an unknown resize. Pure. It took place when any source says so. It did not when no
// source says so and all that could know it deny it; else it stays unknown. Nothing is guessed.

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/follow/cloud_answers.hpp"
#include "gateway/ledger/records.hpp"

namespace gateway::follow {

enum class verdict : std::uint8_t { took_place, did_not, wait, nothing };
[[nodiscard]] std::string_view name(verdict says) noexcept;  // as ledger::evidence_entry has it

// What one source says at one look.
struct finding {
    verdict says = verdict::nothing;
    std::string detail{};              // for people: what was asked, what it answered, why that decides or does not
    std::string job_id{}, order_id{};  // where it took place
};

// When a call of this change can have come to the cloud, by the cloud's clock.
struct time_window {
    ledger::instant begin, end;
};

// Whether an id is that of another change.
using id_check = std::function<bool(std::string_view id)>;

// Of all traces of the server in the window, the change's own. `is_whole`: no page is missing.
[[nodiscard]] finding judge_traces(std::span<const trace> traces, bool is_whole, const ledger::change& change,
                                   const time_window& window, const id_check& is_of_another);
[[nodiscard]] finding judge_server(const server_state& server, const ledger::change& change);

struct unknown_facts {
    ledger::instant begun;
    std::chrono::microseconds settle_after{};
    bool maybe_prepaid = true;                           // prepaid, or not known
    bool can_still_be_sent = false;                      // by a process that is not known to be gone
    std::span<const ledger::evidence_entry> evidence{};  // oldest first
};
struct ruling {
    bool not_applied = false;
    std::string reason;  // what decides, or what is missing
};
// Of a resize of which no source says that it took place.
[[nodiscard]] ruling rule_unknown(const unknown_facts& facts);

// Whether a change whose sender fell silent can still come to the cloud, which takes no signature of more than 15
// minutes; a token it takes at any time, so that a person has to look.
[[nodiscard]] bool can_still_be_sent(bool sender_is_silent, bool has_token, ledger::instant begun,
                                     ledger::instant now) noexcept;

// The time between the two looks at the server that count.
[[nodiscard]] std::chrono::microseconds look_distance(std::chrono::microseconds settle_after) noexcept;

}  // namespace gateway::follow

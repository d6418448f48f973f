#include "gateway/follow/evidence.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace gateway::follow {

using namespace std::chrono_literals;

namespace {

enum class match : std::uint8_t { own, other, unclear };

match compare(const trace& t, const ledger::change& change, const time_window& window, const id_check& is_of_another) {
    if (!t.is_readable) return match::unclear;
    if (t.flavor != change.request.flavor) return match::other;
    if (t.auto_pay && change.request.auto_pay && *t.auto_pay != *change.request.auto_pay) return match::other;
    if (t.code != 0 && (t.code < 200 || t.code > 299)) return match::other;  // the cloud turned it away
    if (!t.has_response) return match::unclear;
    if (t.job_id.empty() && t.order_id.empty()) return match::other;  // a dry run
    if ((!t.job_id.empty() && is_of_another(t.job_id)) || (!t.order_id.empty() && is_of_another(t.order_id)))
        return match::other;
    const ledger::instant begun = t.job_begun.value_or(t.time);
    if (begun >= window.begin && begun <= window.end) return match::own;
    // Later by the time of a job whose beginning is not told: it may be this one's end.
    return begun > window.end && !t.job_begun && t.code == 0 ? match::unclear : match::other;
}

constexpr std::size_t max_text = 64;

std::string shown(std::string_view text) { return std::string(text.substr(0, max_text)); }

std::optional<verdict> read_verdict(std::string_view text) {
    for (const verdict each : {verdict::took_place, verdict::did_not, verdict::wait, verdict::nothing}) {
        if (name(each) == text) return each;
    }
    return std::nullopt;
}

// The last that a source said, but for looks that told nothing.
std::optional<verdict> last_word(std::span<const ledger::evidence_entry> evidence, std::string_view source) {
    std::optional<verdict> last;
    for (const auto& each : evidence) {
        const auto says = read_verdict(each.says);
        if (each.source == source && says && *says != verdict::nothing) last = says;
    }
    return last;
}

// Whether the server was looked at twice, far enough apart, with nothing under way at any look between.
bool was_untouched(const unknown_facts& facts) {
    bool once = false, twice = false;
    ledger::instant first;
    for (const auto& each : facts.evidence) {
        const auto says = read_verdict(each.says);
        if (each.source != "server" || !says || *says == verdict::nothing) continue;
        if (*says != verdict::did_not) {
            once = twice = false;
        } else if (!once) {
            once = each.time >= facts.begun + facts.settle_after;
            first = each.time;
        } else {
            twice = twice || each.time >= first + look_distance(facts.settle_after);
        }
    }
    return twice;
}

}  // namespace

std::string_view name(verdict says) noexcept {
    constexpr std::array<std::string_view, 4> names{"took_place", "did_not", "wait", "nothing"};
    return names.at(static_cast<std::size_t>(says));
}

finding judge_traces(std::span<const trace> traces, bool is_whole, const ledger::change& change,
                     const time_window& window, const id_check& is_of_another) {
    bool is_unclear = !is_whole;
    for (const trace& each : traces) {
        const match result = compare(each, change, window, is_of_another);
        is_unclear = is_unclear || result == match::unclear;
        if (result == match::own)
            return {verdict::took_place, "a trace of this resize has its ids: that decides", each.job_id,
                    each.order_id};
    }
    if (is_unclear)
        return {verdict::nothing,
                "some traces of the server can't be read, or there are too many: that decides nothing"};
    return {verdict::did_not, std::to_string(traces.size()) + " traces of resizes of the server, none of this one"};
}

finding judge_server(const server_state& server, const ledger::change& change) {
    if (server.flavor == change.request.flavor)
        return {verdict::took_place, "the server has the flavor asked for, now or from before: that decides"};
    if (!server.task_state.empty())
        return {verdict::wait, "the server has flavor " + shown(server.flavor) + " and is at " +
                                   shown(server.task_state) + ": the next look may tell"};
    return {verdict::did_not, "the server has flavor " + shown(server.flavor) + " and nothing is under way"};
}

std::chrono::microseconds look_distance(std::chrono::microseconds settle_after) noexcept {
    return std::clamp<std::chrono::microseconds>(2 * settle_after, 1s, 5min);
}

bool can_still_be_sent(bool sender_is_silent, bool has_token, ledger::instant begun, ledger::instant now) noexcept {
    constexpr auto signature_life = 16min;
    return sender_is_silent && (has_token || now < begun + signature_life);
}

ruling rule_unknown(const unknown_facts& facts) {
    std::vector<std::string_view> missing;
    for (const std::string_view source : {"server", "trace", "order"}) {
        if (last_word(facts.evidence, source) == verdict::took_place)
            return {false, "a source says that it took place"};
    }
    if (!was_untouched(facts)) missing.emplace_back("two looks at the server, apart, that find it untouched");
    if (last_word(facts.evidence, "trace") != verdict::did_not)
        missing.emplace_back("traces of the project that would have shown it");
    if (facts.maybe_prepaid && last_word(facts.evidence, "order") != verdict::did_not)
        missing.emplace_back("the orders of the account, since the server may be prepaid");
    if (facts.can_still_be_sent) missing.emplace_back("the end of the replica that may still send it");
    if (missing.empty()) return {true, "the server is untouched, and no trace or order of it is there"};
    std::string reason = "it stays unknown; missing is: ";
    for (const std::string_view each : missing)
        reason.append(&each == missing.data() ? "" : "; ").append(each);
    return {false, reason};
}

}  // namespace gateway::follow

#include "time_option.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "command.hpp"
#include "gateway/base/time.hpp"

namespace gateway::cli {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::optional<seconds> read_span(std::string_view text) {
    std::uint32_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [unit, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc() || end - unit != 1) return std::nullopt;
    switch (*unit) {
        case 's':
            return seconds(count);
        case 'm':
            return minutes(count);
        case 'h':
            return hours(count);
        case 'd':
            return days(std::min(count, 36'500U));
        default:
            return std::nullopt;
    }
}

std::optional<ledger::instant> read_moment(const std::string& text) {
    const bool is_date = text.size() == 10;
    const auto moment = read_rfc3339(is_date ? text + "T00:00:00Z" : text);
    if (!moment) return std::nullopt;
    return std::chrono::time_point_cast<std::chrono::microseconds>(*moment);
}

[[noreturn]] void refuse(std::string_view option, const std::string& text, std::string_view span) {
    throw misused("--" + std::string(option) + " " + shown(text) +
                  " is no time; expected one such as 2026-11-23T10:00:00Z, 2026-11-23 or " + std::string(span));
}

}  // namespace

ledger::instant read_past_time(std::string_view option, const std::string& text, ledger::instant now) {
    if (const auto span = read_span(text)) return now - *span;
    if (const auto moment = read_moment(text)) return *moment;
    refuse(option, text, "24h, that long ago");
}

ledger::instant read_future_time(std::string_view option, const std::string& text, ledger::instant now) {
    const auto span = read_span(text);
    const auto moment = span ? now + *span : read_moment(text);
    if (!moment) refuse(option, text, "2h, from now on");
    if (*moment <= now) throw misused("--" + std::string(option) + " " + shown(text) + " is over already");
    return *moment;
}

std::string write_time(ledger::instant time) {
    std::string text;
    append_rfc3339(text, std::chrono::floor<seconds>(time));
    return text.substr(0, 19) + 'Z';
}

std::string write_age(std::chrono::microseconds age) {
    const auto whole = std::max(std::chrono::floor<seconds>(age), seconds(0));
    if (whole < minutes(2)) return std::to_string(whole.count()) + "s";
    if (whole < hours(2)) return std::to_string(whole / minutes(1)) + "m";
    if (whole < days(2)) return std::to_string(whole / hours(1)) + "h";
    return std::to_string(whole / days(1)) + "d";
}

}  // namespace gateway::cli

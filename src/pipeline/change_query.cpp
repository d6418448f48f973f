#include "change_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "gateway/base/hex.hpp"
#include "gateway/base/time.hpp"

namespace gateway::pipeline {

namespace {

struct parameter {
    std::string_view name;
    std::string value;  // decoded
};

std::string decode(std::string_view value) {
    std::string text;
    while (!value.empty()) {
        std::array<unsigned char, 1> byte{};
        if (value.front() == '%' && value.size() >= 3 && read_hex(value.substr(1, 2), byte)) {
            text += static_cast<char>(byte[0]);
            value.remove_prefix(3);
        } else {
            text += value.front();
            value.remove_prefix(1);
        }
    }
    return text;
}

parameter take_parameter(std::string_view& query) {
    const auto end = std::find(query.begin(), query.end(), '&');
    const auto equals = std::find(query.begin(), end, '=');
    parameter taken{{query.begin(), equals}, decode({equals == end ? end : equals + 1, end})};
    query = {end == query.end() ? end : end + 1, query.end()};
    return taken;
}

// Digits alone, within these bounds.
std::optional<std::int64_t> read_number(std::string_view text, std::int64_t min, std::int64_t max) {
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size() || number < min || number > max) return std::nullopt;
    return number;
}

// One parameter into the filter; what is wrong with it.
std::string_view read_filter(const parameter& given, ledger::list_filter& filter) {
    if (given.name == "server_id") {
        filter.server_id = given.value;
    } else if (given.name == "key") {
        filter.key = given.value;
    } else if (given.name == "state") {
        filter.current = ledger::read_state(given.value);
        if (!filter.current) return "`state` is a state of a change, such as unknown";
    } else if (given.name == "since") {
        const auto time = read_rfc3339(given.value);
        if (!time) return "`since` is a time of RFC 3339 in UTC: 2026-11-23T10:00:00Z";
        filter.since = std::chrono::time_point_cast<std::chrono::microseconds>(*time);
    } else if (given.name == "limit") {
        const auto limit = read_number(given.value, 1, 200);
        if (!limit) return "`limit` is a number from 1 to 200";
        filter.limit = static_cast<std::size_t>(*limit);
    } else if (given.name == "marker") {
        if (!read_number(given.value, 0, INT64_MAX)) return "`marker` is the next_marker of another list";
        filter.marker = given.value;
    } else {
        return "the query takes server_id, state, key, since, limit and marker";
    }
    return {};
}

}  // namespace

wait_query read_wait_query(std::string_view query) {
    wait_query found;
    while (!query.empty() && found.problem.empty()) {
        const parameter given = take_parameter(query);
        const auto seconds = read_number(given.value, 1, 60);
        if (given.name != "wait_s")
            found.problem = "the query takes wait_s alone";
        else if (!seconds)
            found.problem = "`wait_s` is a number from 1 to 60";
        else
            found.wait = std::chrono::seconds(*seconds);
    }
    return found;
}

list_query read_list_query(std::string_view query) {
    list_query found;
    while (!query.empty() && found.problem.empty())
        found.problem = read_filter(take_parameter(query), found.filter);
    return found;
}

}  // namespace gateway::pipeline

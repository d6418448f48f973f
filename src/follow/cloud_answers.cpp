#include "gateway/follow/cloud_answers.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <spdlog/fmt/fmt.h>

#include "gateway/base/time.hpp"

namespace gateway::follow {

namespace json = boost::json;

namespace {

std::optional<json::value> parse(std::string_view text) {
    boost::system::error_code ec;
    json::value parsed = json::parse({text.data(), text.size()}, ec);
    if (ec) return std::nullopt;
    return parsed;
}

std::optional<json::object> parse_object(std::string_view text) {
    auto parsed = parse(text);
    if (!parsed || !parsed->is_object()) return std::nullopt;
    return std::move(parsed->get_object());
}

const json::value* member(const json::object& object, std::string_view name) {
    const auto* const found = object.if_contains({name.data(), name.size()});
    return found == nullptr || found->is_null() ? nullptr : found;
}

const json::object* object_member(const json::object& object, std::string_view name) {
    const auto* const found = member(object, name);
    return found == nullptr ? nullptr : found->if_object();
}

std::string_view text_member(const json::object& object, std::string_view name) {
    const auto* const found = member(object, name);
    if (found == nullptr || !found->is_string()) return {};
    const auto& text = found->get_string();
    return {text.data(), text.size()};
}

std::optional<std::int64_t> read_number(std::string_view digits) {
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (ec != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return number;
}

// A whole number, or a text of one.
std::optional<std::int64_t> number_member(const json::object& object, std::string_view name) {
    const auto* const found = member(object, name);
    if (found == nullptr) return std::nullopt;
    if (found->is_int64()) return found->get_int64();
    return read_number(text_member(object, name));
}

// Milliseconds since 1970 of this century.
std::optional<ledger::instant> milliseconds_member(const json::object& object, std::string_view name) {
    constexpr std::int64_t min = 946'684'800'000, max = 4'102'444'800'000;
    const auto number = number_member(object, name);
    if (!number || *number < min || *number > max) return std::nullopt;
    return ledger::instant(std::chrono::milliseconds(*number));
}

// The value of a member that is an object, or the text of one.
std::optional<json::object> nested_member(const json::object& object, std::string_view name) {
    if (const auto* const nested = object_member(object, name)) return *nested;
    return parse_object(text_member(object, name));
}

// False where the request can't be read.
bool read_request(const json::object& from, trace& into) {
    const auto request = nested_member(from, "request");
    if (!request) return false;
    const auto* const resize = object_member(*request, "resize");
    if (resize == nullptr) return false;
    into.flavor = text_member(*resize, "flavorRef");
    if (const auto* const extend = object_member(*resize, "extendparam")) {
        const std::string_view pays = text_member(*extend, "isAutoPay");
        if (pays == "true" || pays == "false") into.auto_pay = pays == "true";
    }
    return !into.flavor.empty();
}

// False where an id is there that is none.
bool read_response(const json::object& from, trace& into) {
    const auto response = nested_member(from, "response");
    into.has_response = response.has_value();
    if (!response) return true;
    for (const auto& [name, id] : {std::pair("job_id", &into.job_id), std::pair("order_id", &into.order_id)}) {
        if (member(*response, name) == nullptr) continue;
        *id = text_member(*response, name);
        if (!is_id(*id)) return false;
    }
    if (const auto begun = read_rfc3339(text_member(*response, "begin_time")))
        into.job_begun = std::chrono::time_point_cast<std::chrono::microseconds>(*begun);
    return true;
}

trace read_trace(const json::value& from, std::string_view server_id) {
    trace made;
    made.is_readable = false;
    if (!from.is_object()) return made;
    const auto& object = from.get_object();
    const auto time = milliseconds_member(object, "time");
    if (!time || text_member(object, "resource_id") != server_id || text_member(object, "trace_name") != "resizeServer")
        return made;
    made.time = *time;
    if (member(object, "code") != nullptr) {
        const auto code = number_member(object, "code");
        if (!code || *code < 100 || *code > 599) return made;
        made.code = static_cast<int>(*code);
    }
    made.is_readable = read_request(object, made) && read_response(object, made);
    return made;
}

// As a decimal text.
std::string read_amount(const json::object& order) {
    constexpr std::int64_t whole_units = 1;  // measure_id; others are fractions
    if (member(order, "measure_id") != nullptr && number_member(order, "measure_id") != whole_units) return {};
    const auto* const amount = member(order, "amount_after_discount");
    if (amount == nullptr) return {};
    std::string text(text_member(order, "amount_after_discount"));
    if (amount->is_number()) {
        const double number = amount->to_number<double>();
        if (!(std::abs(number) < 1e12)) return {};
        text = fmt::format("{}", number);
    }
    const bool is_decimal = !text.empty() && text.size() <= 32 && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
    return is_decimal ? text : std::string();
}

std::string read_currency(const json::object& order) {
    const std::string_view text = text_member(order, "currency");
    const bool is_code = text.size() == 3 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
    return is_code ? std::string(text) : std::string();
}

bool is_error(const json::object& answer) { return member(answer, "error_code") != nullptr; }

}  // namespace

bool is_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

std::optional<server_state> read_server(std::string_view body) {
    const auto answer = parse_object(body);
    const auto* const server = answer ? object_member(*answer, "server") : nullptr;
    const auto* const flavor = server == nullptr ? nullptr : object_member(*server, "flavor");
    if (flavor == nullptr) return std::nullopt;
    server_state state;
    state.flavor = text_member(*flavor, "id");
    if (state.flavor.empty()) return std::nullopt;
    if (const auto* const task = member(*server, "OS-EXT-STS:task_state"))
        state.task_state =
            task->is_string() ? std::string(text_member(*server, "OS-EXT-STS:task_state")) : "unreadable";
    if (const auto* const metadata = object_member(*server, "metadata")) {
        const std::string_view mode = text_member(*metadata, "charging_mode");
        if (mode == "0" || mode == "1" || mode == "2") state.is_prepaid = mode == "1";
    }
    return state;
}

std::optional<trace_page> read_traces(std::string_view body, std::string_view server_id) {
    const auto answer = parse_object(body);
    const auto* const list = answer ? member(*answer, "traces") : nullptr;
    if (list == nullptr || !list->is_array()) return std::nullopt;
    trace_page page;
    for (const auto& each : list->get_array())
        page.traces.push_back(read_trace(each, server_id));
    if (const auto* const about = object_member(*answer, "meta_data")) page.next = text_member(*about, "marker");
    return page;
}

std::optional<order> read_order(std::string_view body, std::string_view order_id) {
    const auto answer = parse_object(body);
    if (!answer || is_error(*answer)) return std::nullopt;
    const auto* const info = object_member(*answer, "order_info");
    if (info == nullptr || text_member(*info, "order_id") != order_id) return std::nullopt;
    order made;
    made.id = order_id;
    const auto status = number_member(*info, "status");
    made.status = status && *status > 0 && *status < 100 ? static_cast<int>(*status) : 0;
    made.amount = read_amount(*info);
    made.currency = read_currency(*info);
    return made;
}

std::optional<order_page> read_order_ids(std::string_view body) {
    const auto answer = parse_object(body);
    if (!answer || is_error(*answer)) return std::nullopt;
    const auto* const list = member(*answer, "order_infos");
    if (list == nullptr || !list->is_array()) return std::nullopt;
    order_page page;
    page.entries = list->get_array().size();
    const auto total = number_member(*answer, "total_count");
    if (!total || *total < 0) page.is_whole = false;
    page.total = std::max(page.entries, static_cast<std::size_t>(std::max<std::int64_t>(total.value_or(0), 0)));
    for (const auto& each : list->get_array()) {
        const std::string_view id = each.is_object() ? text_member(each.get_object(), "order_id") : std::string_view();
        if (is_id(id))
            page.ids.emplace_back(id);
        else
            page.is_whole = false;
    }
    return page;
}

std::optional<std::vector<std::string>> read_order_resources(std::string_view body) {
    const auto answer = parse_object(body);
    if (!answer || is_error(*answer)) return std::nullopt;
    const auto* const list = member(*answer, "data");
    if (list == nullptr || !list->is_array() || list->get_array().empty()) return std::nullopt;
    std::vector<std::string> ids;
    for (const auto& each : list->get_array()) {
        if (!each.is_object()) return std::nullopt;
        ids.emplace_back(text_member(each.get_object(), "resource_id"));
    }
    return ids;
}

}  // namespace gateway::follow

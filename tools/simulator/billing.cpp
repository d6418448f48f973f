#include "billing.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "forms.hpp"
#include "gateway/base/time.hpp"
#include "query.hpp"

namespace simulator {

namespace json = boost::json;

namespace {

constexpr int change_of_specifications = 3;  // the order type
constexpr std::size_t max_page = 100, usual_page = 10;
constexpr const char* const ecs_type = "hws.service.type.ec2";

// UTC to the second: 2026-11-23T10:00:00Z
std::string utc(time_point at) {
    std::string text;
    gateway::append_rfc3339(text, std::chrono::floor<std::chrono::seconds>(at));
    text.erase(text.size() - 8, 7);  // the microseconds before the Z
    return text;
}

answer invalid(const std::string& name) { return flat_error(400, "CBC.0100", "Parameter " + name + " is invalid."); }

json::value amount(double value, bool as_text) {
    if (!as_text) return value;
    char text[64];
    std::snprintf(text, sizeof text, "%.2f", value);
    return text;
}

json::object describe(const cloud::priced& order, const billing_settings& current) {
    const auto& o = order.what;
    json::object made{{"order_id", o.id},
                      {"customer_id", o.account},
                      {"service_type_code", ecs_type},
                      {"service_type_name", "Elastic Cloud Server"},
                      {"source_type", 1},
                      {"status", order.status},
                      {"order_type", change_of_specifications},
                      {"amount_after_discount", amount(o.amount, current.amounts_as_text)},
                      {"official_amount", amount(o.amount, current.amounts_as_text)},
                      {"measure_id", 1},
                      {"currency", o.currency},
                      {"create_time", utc(o.created)},
                      {"payment_time", nullptr},
                      {"user_name", o.account},
                      {"pending_payment_end_time", utc(o.expires)}};
    if (o.paid) made["payment_time"] = utc(*o.paid);
    return made;
}

// Absent when it is neither empty nor a number in these bounds.
std::optional<std::size_t> read_number(const std::string& text, std::size_t otherwise, std::size_t least,
                                       std::size_t greatest) {
    if (text.empty()) return otherwise;
    std::size_t value = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (wrong != std::errc{} || end != text.data() + text.size() || value < least || value > greatest)
        return std::nullopt;
    return value;
}

bool is_utc(const std::string& text) {
    // All of one length, times compare as texts.
    static const std::string shape = "dddd-dd-ddTdd:dd:ddZ";
    return text.size() == shape.size() && std::equal(text.begin(), text.end(), shape.begin(), [](char c, char s) {
               return s == 'd' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : c == s;
           });
}

}  // namespace

billing::billing(const seed& from, cloud& orders) : seed_(from), orders_(orders), settings_(from.billing) {}

billing_settings billing::settings() const {
    const std::lock_guard held(lock_);
    return settings_;
}

void billing::set(const billing_settings& to) {
    orders_.set_terms(to.terms);
    const std::lock_guard held(lock_);
    settings_ = to;
}

bool billing::sees(const caller& who, const std::string& account) const {
    if (who.account == account) return true;
    const auto partner = seed_.accounts.find(who.account);
    return partner != seed_.accounts.end() && partner->second.customers.count(account) != 0;
}

answer billing::handle(const call& what, const route& asked, const caller& who, time_point now) {
    switch (asked.to) {
        case api::list_orders:
            return list(what, who, now);
        case api::show_order:
            return show(asked.id, who, now);
        case api::list_order_resources:
            return list_resources(what, who, now);
        case api::pay_order:
            return settle(what, who, cloud::settlement::pay, now);
        default:
            return settle(what, who, cloud::settlement::cancel, now);
    }
}

answer billing::list(const call& what, const caller& who, time_point now) const {
    const billing_settings current = settings();
    const auto limit = read_number(parameter(what.query, "limit"), usual_page, 1, max_page);
    const auto offset = read_number(parameter(what.query, "offset"), 0, 0, SIZE_MAX / 2);
    if (!limit) return invalid("limit");
    if (!offset) return invalid("offset");
    const std::string from = parameter(what.query, "create_time_begin"), to = parameter(what.query, "create_time_end");
    for (const auto& time : {from, to})
        if (!time.empty() && !is_utc(time)) return invalid("create_time");
    const auto fits = [&](const char* name, const std::string& has) {
        const std::string wanted = parameter(what.query, name);
        return wanted.empty() || wanted == has;
    };
    auto found = orders_.orders(now, [&](const order& o) {
        const std::string created = utc(o.created);
        return sees(who, o.account) && now >= o.created + current.lag && (from.empty() || created >= from) &&
               (to.empty() || created <= to) && fits("customer_id", o.account);
    });
    if (!fits("order_type", std::to_string(change_of_specifications)) || !fits("service_type_code", ecs_type))
        found.clear();
    found.erase(std::remove_if(found.begin(), found.end(),
                               [&](const cloud::priced& o) { return !fits("status", std::to_string(o.status)); }),
                found.end());
    json::array page;
    for (std::size_t i = *offset; i < found.size() && page.size() < *limit; ++i)
        page.push_back(describe(found[i], current));
    std::size_t total = found.size();
    if (current.endless) {
        total = SIZE_MAX / 4;
        for (std::size_t i = *offset; page.size() < *limit; ++i) {
            order o;
            o.id = "CS00000000" + std::to_string(i);
            o.account = who.account;
            o.created = o.expires = now;
            page.push_back(describe({o, 4}, current));
        }
    }
    return {200, in_order_form(current.form, {{"total_count", total}, {"order_infos", page}})};
}

answer billing::show(const std::string& id, const caller& who, time_point now) const {
    const billing_settings current = settings();
    const auto found = orders_.orders(now, [&](const order& o) { return o.id == id && sees(who, o.account); });
    if (found.empty()) return flat_error(400, "CBC.99000026", "The order does not exist.");
    const auto& o = found.front().what;
    const json::object item{{"order_line_item_id", o.id + "-000001"},
                            {"service_type_code", ecs_type},
                            {"product_id", stable_id("product " + o.flavor)},
                            {"product_spec_desc", "Elastic Cloud Server|" + o.flavor + ".linux"},
                            {"period_type", 2},
                            {"period_num", 1},
                            {"effective_time", o.paid ? json::value(utc(*o.paid)) : json::value(nullptr)},
                            {"expire_time", nullptr},
                            {"subscription_num", 1},
                            {"amount_after_discount", amount(o.amount, current.amounts_as_text)},
                            {"official_amount", amount(o.amount, current.amounts_as_text)},
                            {"currency", o.currency}};
    return {200, in_order_form(current.form, {{"total_count", 1},
                                              {"order_info", describe(found.front(), current)},
                                              {"order_line_items", json::array{item}}})};
}

answer billing::list_resources(const call& what, const caller& who, time_point now) const {
    boost::system::error_code ec;
    const json::value body = json::parse(what.body, ec);
    if (ec || !body.is_object()) return invalid("body");
    const auto* const id = body.get_object().if_contains("order_id");
    const auto* const servers = body.get_object().if_contains("resource_ids");
    if (id == nullptr || !id->is_string() || (servers != nullptr && !servers->is_array())) return invalid("order_id");
    // Customers only: a partner can't look into what belongs to its customers.
    const auto found = orders_.orders(
        now, [&](const order& o) { return o.id == id->get_string().c_str() && who.account == o.account; });
    json::array data;
    if (!found.empty() && !settings().no_resources) {
        const order& o = found.front().what;
        data.push_back(
            json::object{{"id", stable_id("resource " + o.server)},
                         {"resource_id", o.server},
                         {"service_type_code", ecs_type},
                         {"resource_type_code", "hws.resource.type.vm"},
                         {"resource_spec_code", (found.front().status == 5 ? o.flavor : o.flavor_before) + ".linux"},
                         {"project_id", o.project},
                         {"is_main_resource", 1},
                         {"status", 2},
                         {"update_time", utc(o.created)}});
    }
    return {200, json::serialize(json::object{{"total_count", data.size()}, {"data", data}})};
}

answer billing::settle(const call& what, const caller& who, cloud::settlement how, time_point now) {
    boost::system::error_code ec;
    const json::value body = json::parse(what.body, ec);
    const auto* const id = ec || !body.is_object() ? nullptr : body.get_object().if_contains("order_id");
    if (id == nullptr || !id->is_string()) return invalid("order_id");
    // By the customer only, never by its partner.
    const std::string name = id->get_string().c_str();
    if (orders_.orders(now, [&](const order& o) { return o.id == name && o.account == who.account; }).empty())
        return flat_error(400, "CBC.99000026", "The order does not exist.");
    if (!orders_.settle_order(name, how, now))
        return flat_error(400, "CBC.30000052", "The order is not in the pending payment state.");
    return {204, ""};
}

}  // namespace simulator

// What a test can turn and read of resizes, orders, traces and faults. No part of the cloud itself.

#include <boost/json.hpp>
#include <charconv>

#include "control.hpp"
#include "forms.hpp"
#include "front.hpp"
#include "gateway/base/time.hpp"
#include "members.hpp"
#include "query.hpp"

namespace simulator {

namespace json = boost::json;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t year_ms = 366L * 24 * 3600 * 1000;
constexpr double max_amount = 1e12;

std::string rfc3339(time_point at) {
    std::string text;
    gateway::append_rfc3339(text, at);
    return text;
}

json::value rfc3339(const std::optional<time_point>& at) {
    return at ? json::value(rfc3339(*at)) : json::value(nullptr);
}

milliseconds read_duration(members& from, const char* name, milliseconds otherwise) {
    const auto given = from.number(name, 0, year_ms);
    return given ? milliseconds(*given) : otherwise;
}

std::optional<job_end> read_end(const std::string& name) {
    if (name == "SUCCESS") return job_end::success;
    if (name == "FAIL") return job_end::fail;
    if (name == "never") return job_end::never;
    return std::nullopt;
}

constexpr const char* no_such_end = "ends is SUCCESS, FAIL or never";
constexpr const char* usual_code = "Ecs.0207";

bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

unsigned long read_count(const std::string& text, unsigned long otherwise) {
    unsigned long value = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

std::optional<answer> front::control_changes(const call& what, time now) {
    const std::string to = what.method + " " + what.path;
    if (to == "GET /simulator/resizes")
        return received_.show(parameter(what.query, "server"), read_count(parameter(what.query, "after"), 0),
                              read_count(parameter(what.query, "limit"), 1000));
    if (to == "POST /simulator/resizes") return set_course(what);
    if (to == "POST /simulator/resize") return resize_by_hand(what, now);
    if (to == "POST /simulator/job") return change_job(what, now);
    if (to == "GET /simulator/servers") return show_servers(now);
    if (to == "POST /simulator/server") return change_server(what, now);
    if (to == "GET /simulator/orders") return show_orders(now);
    if (to == "POST /simulator/order") return change_order(what, now);
    if (to == "GET /simulator/traces")
        return answer{200, json::serialize(json::object{{"forms", json::value_from(trace_forms())}})};
    if (to == "POST /simulator/traces") return set_traces(what);
    if (to == "GET /simulator/billing")
        return answer{200, json::serialize(json::object{{"forms", json::value_from(order_forms())}})};
    if (to == "POST /simulator/billing") return set_billing(what);
    if (to == "GET /simulator/faults") return show_faults();
    if (to == "POST /simulator/faults") return set_faults(what);
    if (to == "GET /simulator/calls") return show_calls();
    if (to == "POST /simulator/calls") return forget_calls(what);
    return std::nullopt;
}

answer front::set_course(const call& what) {
    members given(what.body);
    const std::string server = given.text("server").value_or("");
    course goes = cloud_.usual_course();
    goes.init = read_duration(given, "init_ms", goes.init);
    goes.running = read_duration(given, "running_ms", goes.running);
    goes.lag = read_duration(given, "lag_ms", goes.lag);
    goes.pays = given.flag("pays").value_or(true);
    goes.code = given.text("code").value_or(usual_code);
    const auto end = read_end(given.text("ends").value_or("SUCCESS"));
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    if (!end) return wrong(400, no_such_end);
    goes.end = *end;
    return cloud_.set_course(server, goes) ? done() : wrong(404, "there is no such server");
}

answer front::change_job(const call& what, time now) {
    members given(what.body);
    const auto id = given.text("job_id");
    cloud::job_change change;
    const auto end = given.text("ends");
    if (end) change.end = read_end(*end);
    change.code = given.text("code").value_or(usual_code);
    change.shown_as = given.text("status");
    change.gone = given.flag("gone").value_or(false);
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    if (!id) return wrong(400, "job_id is missing");
    if (end && !change.end) return wrong(400, no_such_end);
    return cloud_.change_job(*id, change, now) ? done() : wrong(404, "there is no such job, or it has ended");
}

answer front::change_server(const call& what, time now) {
    members given(what.body);
    const auto id = given.text("id");
    cloud::server_change change;
    change.flavor = given.text("flavor");
    change.status = given.text("status");
    change.task_state = given.text("task_state");
    change.charging_mode = given.text("charging_mode");
    change.locked = given.flag("locked");
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    if (!id) return wrong(400, "id is missing");
    return cloud_.change_server(*id, change, now) ? done() : wrong(404, "there is no such server or flavor");
}

answer front::change_order(const call& what, time now) {
    members given(what.body);
    const auto id = given.text("order_id"), action = given.text("do");
    cloud::order_change change;
    if (const auto status = given.number("status", 0, 1000)) change.shown_as = static_cast<int>(*status);
    change.amount = given.fraction("amount", -max_amount, max_amount);
    change.account = given.text("account");
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    if (!id) return wrong(400, "order_id is missing");
    if (!cloud_.change_order(*id, change)) return wrong(404, "there is no such order or account");
    if (!action) return done();
    if (action != "pay" && action != "cancel" && action != "expire") return wrong(400, "do is pay, cancel or expire");
    const auto how = action == "pay"      ? cloud::settlement::pay
                     : action == "cancel" ? cloud::settlement::cancel
                                          : cloud::settlement::expire;
    return cloud_.settle_order(*id, how, now) ? done() : wrong(409, "the order does not wait to be paid");
}

answer front::resize_by_hand(const call& what, time now) {
    members given(what.body);
    const auto server = given.text("server"), flavor = given.text("flavor");
    const bool pay = given.flag("pay").value_or(true), stop = given.flag("stop").value_or(true);
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    if (!server || !flavor) return wrong(400, "server and flavor are missing");
    const auto known = seed_.servers.find(*server);
    if (known == seed_.servers.end()) return wrong(404, "there is no such server");
    caller who{seed_.projects.at(known->second.project).account};
    who.user = "somebody";
    json::object resize{{"flavorRef", *flavor}, {"extendparam", json::object{{"isAutoPay", pay ? "true" : "false"}}}};
    if (stop) resize["mode"] = "withStopServer";
    call made{"POST",
              "/v1.1/" + known->second.project + "/cloudservers/" + *server + "/resize",
              "",
              {},
              json::serialize(json::object{{"resize", resize}}),
              what.request_id};
    auto given_answer = cloud_.handle(made, who, now);
    traces_.note(made, read_route(made.method, made.path), who, given_answer, now, true);
    return given_answer;
}

answer front::set_traces(const call& what) {
    members given(what.body);
    trace_settings change = traces_.usual();
    const std::string written = given.text("written").value_or(change.when_ended ? "ended" : "answered");
    change.when_ended = written == "ended";
    change.lag = read_duration(given, "lag_ms", change.lag);
    change.seed = static_cast<std::uint64_t>(given.number("seed", 0, INT64_MAX).value_or(0));
    change.blind = given.texts("blind").value_or(change.blind);
    change.denied = given.texts("denied").value_or(change.denied);
    change.endless = given.flag("endless").value_or(false);
    change.form = given.text("form").value_or("");
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    if (!change.when_ended && written != "answered") return wrong(400, "written is ended or answered");
    if (!change.form.empty() && !has(trace_forms(), change.form)) return wrong(400, "no such form: " + change.form);
    traces_.set(change);
    return done();
}

answer front::set_billing(const call& what) {
    members given(what.body);
    billing_settings change = billing_.usual();
    change.terms.amount = given.fraction("amount", -max_amount, max_amount).value_or(change.terms.amount);
    change.terms.currency = given.text("currency").value_or(change.terms.currency);
    change.terms.pay_within = read_duration(given, "pay_within_ms", change.terms.pay_within);
    change.lag = read_duration(given, "lag_ms", change.lag);
    change.amounts_as_text = given.flag("amounts_as_text").value_or(false);
    change.no_resources = given.flag("no_resources").value_or(false);
    change.endless = given.flag("endless").value_or(false);
    change.form = given.text("form").value_or("");
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    if (!change.form.empty() && !has(order_forms(), change.form)) return wrong(400, "no such form: " + change.form);
    billing_.set(change);
    return done();
}

answer front::set_faults(const call& what) {
    auto rules = read_faults(what.body);
    if (const auto* const why = std::get_if<std::string>(&rules)) return wrong(400, *why);
    faults_.set(std::get<0>(std::move(rules)));
    return done();
}

answer front::forget_calls(const call& what) {
    members given(what.body);
    const bool forget = given.flag("forget").value_or(false);
    if (const auto why = given.wrong(); !why.empty()) return wrong(400, why);
    if (!forget) return wrong(400, "forget is true");
    tally_.forget();
    return done();
}

answer front::show_servers(time now) {
    json::array list;
    for (const auto& s : cloud_.servers(now)) {
        const auto counts = received_.of_server(s.id);
        list.push_back(json::object{{"id", s.id},
                                    {"project", s.project},
                                    {"account", s.account},
                                    {"flavor", s.flavor},
                                    {"status", s.status},
                                    {"busy", s.busy},
                                    {"received", counts.received},
                                    {"acted", counts.acted}});
    }
    return {200, json::serialize(list)};
}

answer front::show_orders(time now) const {
    json::array list;
    for (const auto& [o, status] : cloud_.orders(now, [](const order&) { return true; }))
        list.push_back(json::object{{"order_id", o.id},
                                    {"job_id", o.job},
                                    {"account", o.account},
                                    {"project", o.project},
                                    {"server", o.server},
                                    {"flavor", o.flavor},
                                    {"status", status},
                                    {"amount", o.amount},
                                    {"currency", o.currency},
                                    {"created", rfc3339(o.created)},
                                    {"expires", rfc3339(o.expires)},
                                    {"paid", rfc3339(o.paid)},
                                    {"cancelled", rfc3339(o.cancelled)}});
    return {200, json::serialize(list)};
}

answer front::show_faults() const {
    json::array list;
    for (const auto& t : faults_.tallies())
        list.push_back(json::object{
            {"label", t.rule.label}, {"on", t.rule.name}, {"acts", t.rule.acts}, {"met", t.met}, {"struck", t.struck}});
    return {200, json::serialize(list)};
}

answer front::show_calls() const {
    json::object all;
    for (const auto& [name, c] : tally_.all())
        all[name] = json::object{{"calls", c.calls}, {"now", c.now}, {"at_once", c.at_once}};
    return {200, json::serialize(all)};
}

}  // namespace simulator

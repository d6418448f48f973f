#include "received.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "gateway/base/time.hpp"

namespace simulator {

namespace json = boost::json;

namespace {

constexpr std::size_t max_kept = 100'000;
constexpr std::size_t max_text = 4096;  // of a body and of an answer

// JSON as JSON, everything else as text.
json::value readable(const std::string& text) {
    boost::system::error_code ec;
    json::value parsed = json::parse(text, ec);
    return ec ? json::value(text) : parsed;
}

json::object describe(const received_resize& r) {
    std::string at;
    gateway::append_rfc3339(at, r.at);
    return {{"number", r.number},           {"at", at},
            {"server", r.server},           {"project", r.project},
            {"body", readable(r.body)},     {"request_id", r.request_id},
            {"traceparent", r.traceparent}, {"acted", r.acted},
            {"status", r.status},           {"answer", readable(r.answer)},
            {"struck", r.struck},           {"fault", r.fault}};
}

}  // namespace

void received::add(received_resize one) {
    one.body.resize(std::min(one.body.size(), max_text));
    one.answer.resize(std::min(one.answer.size(), max_text));
    const std::lock_guard held(lock_);
    counts& of_its_server = by_server_[one.server];
    for (counts* each : {&all_, &of_its_server}) {
        ++each->received;
        each->acted += one.acted ? 1 : 0;
    }
    one.number = all_.received;
    kept_.push_back(std::move(one));
    if (kept_.size() > max_kept) kept_.pop_front();
}

received::counts received::of_server(const std::string& server) const {
    const std::lock_guard held(lock_);
    const auto found = by_server_.find(server);
    return found == by_server_.end() ? counts{} : found->second;
}

answer received::show(const std::string& server, unsigned long after, std::size_t limit) const {
    json::array calls;
    const std::lock_guard held(lock_);
    const auto found = by_server_.find(server);
    const counts of_its_server = found == by_server_.end() ? counts{} : found->second;
    const counts& total = server.empty() ? all_ : of_its_server;
    for (const auto& r : kept_) {
        if (calls.size() == limit) break;
        if (r.number > after && (server.empty() || r.server == server)) calls.push_back(describe(r));
    }
    return {200, json::serialize(json::object{{"received", total.received}, {"acted", total.acted}, {"calls", calls}})};
}

}  // namespace simulator

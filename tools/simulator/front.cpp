#include "front.hpp"

namespace simulator {

front::front(const seed& from, bool with_control)
    : with_control_(with_control),
      seed_(from),
      gate_(from),
      cloud_(from),
      iam_(from, gate_),
      metadata_(from.metadata.value_or(metadata_settings{}), gate_.keys()),
      traces_(from, cloud_),
      billing_(from, cloud_) {}

reply front::handle(const call& what, time real) {
    const time now = clock_.at(real);
    if (with_control_ && what.path.starts_with("/simulator/")) return {control(what, now)};
    const route asked = read_route(what.method, what.path);
    auto under_way = tally_.begin({asked.name, name_of(asked.from)});
    const auto struck = faults_.strike(asked, what.query);
    reply given;
    if (struck && !struck->acts)
        given.with.status = 0;
    else
        given = serve(what, asked, now);
    if (asked.to == api::resize) note_resize(what, asked, given.with, struck, now);
    if (struck) {
        given.with = spoiled(std::move(given.with), *struck, asked, what.request_id);
        given.how = struck->how;
    }
    given.under_way = std::move(under_way);
    return given;
}

reply front::serve(const call& what, const route& asked, time now) {
    if (asked.from == service::iam) return iam_.handle(what, now);
    const auto passed = gate_.pass(what, now);
    reply given;
    if (const auto* const wrong = cloud_.fault_of(what)) given.how = *wrong;
    if (const auto* const refused = std::get_if<answer>(&passed)) {
        given.with = *refused;
        return given;
    }
    const caller& who = std::get<caller>(passed);
    if (asked.from == service::cts)
        given.with = traces_.handle(what, asked, who, now);
    else if (asked.from == service::bss)
        given.with = billing_.handle(what, asked, who, now);
    else
        given.with = cloud_.handle(what, who, now);
    if (asked.to == api::resize) traces_.note(what, asked, who, given.with, now);
    return given;
}

void front::note_resize(const call& what, const route& asked, const answer& meant, const std::optional<stroke>& struck,
                        time now) {
    received_resize one;
    one.at = now;
    one.server = asked.id;
    one.project = asked.project;
    one.body = what.body;
    one.request_id = what.request_id;
    for (const auto& parent : header_values(what, "traceparent"))
        one.traceparent = parent;
    one.acted = meant.status == 200;  // a refusal is 4xx or 5xx, a dry run 202
    one.status = meant.status;
    one.answer = meant.body;
    one.struck = struck.has_value();
    if (struck) one.fault = struck->label;
    received_.add(std::move(one));
}

reply front::handle_metadata(const call& what, time real) { return metadata_.handle(what, clock_.at(real)); }

}  // namespace simulator

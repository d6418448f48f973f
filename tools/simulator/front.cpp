#include "front.hpp"

namespace simulator {

front::front(const seed& from, bool with_control)
    : with_control_(with_control),
      gate_(from),
      cloud_(from),
      iam_(from, gate_),
      metadata_(from.metadata.value_or(metadata_settings{}), gate_.keys()) {}

reply front::handle(const call& what, time real) {
    if (with_control_ && what.path.starts_with("/simulator/")) return {control(what)};
    const time now = clock_.at(real);
    if (iam::is_asked_by(what)) return iam_.handle(what, now);
    ++ecs_;
    const auto passed = gate_.pass(what, now);
    reply given;
    given.with = passed.index() == 0 ? cloud_.handle(what, std::get<0>(passed), now) : std::get<1>(passed);
    if (const auto* const wrong = cloud_.fault_of(what)) given.how = *wrong;
    return given;
}

reply front::handle_metadata(const call& what, time real) { return metadata_.handle(what, clock_.at(real)); }

}  // namespace simulator

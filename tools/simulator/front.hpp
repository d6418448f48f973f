#pragma once
// All of the imitated cloud: which service a call is for. Knows no socket and no clock, so a test can drive it.

#include <chrono>
#include <optional>

#include "billing.hpp"
#include "call.hpp"
#include "cloud.hpp"
#include "faults.hpp"
#include "gate.hpp"
#include "iam.hpp"
#include "metadata.hpp"
#include "moved_clock.hpp"
#include "received.hpp"
#include "reply.hpp"
#include "route.hpp"
#include "seed.hpp"
#include "tally.hpp"
#include "traces.hpp"

namespace simulator {

// Thread-safe. `real` is the machine's time, which the cloud's can differ from.
class front {
public:
    using time = std::chrono::system_clock::time_point;

    // `with_control`: calls under /simulator/ turn what README.md names.
    front(const seed& from, bool with_control);

    // A call to the address that ECS, IAM, Cloud Trace Service and billing share.
    [[nodiscard]] reply handle(const call& what, time real);
    // A call to the metadata service.
    [[nodiscard]] reply handle_metadata(const call& what, time real);

    [[nodiscard]] const moved_clock& clock() const { return clock_; }

private:
    [[nodiscard]] reply serve(const call& what, const route& asked, time now);
    void note_resize(const call& what, const route& asked, const answer& meant, const std::optional<stroke>& struck,
                     time now);

    // control.cpp
    [[nodiscard]] answer control(const call& what, time now);
    [[nodiscard]] answer counts() const;
    [[nodiscard]] answer secrets_seen() const;
    [[nodiscard]] answer set_clock(const call& what);
    [[nodiscard]] answer revoke(const call& what);
    [[nodiscard]] answer change_key(const call& what);

    // control_changes.cpp
    [[nodiscard]] std::optional<answer> control_changes(const call& what, time now);
    [[nodiscard]] answer set_course(const call& what);
    [[nodiscard]] answer change_job(const call& what, time now);
    [[nodiscard]] answer change_server(const call& what, time now);
    [[nodiscard]] answer change_order(const call& what, time now);
    [[nodiscard]] answer resize_by_hand(const call& what, time now);
    [[nodiscard]] answer set_traces(const call& what);
    [[nodiscard]] answer set_billing(const call& what);
    [[nodiscard]] answer set_faults(const call& what);
    [[nodiscard]] answer forget_calls(const call& what);
    [[nodiscard]] answer show_servers(time now);
    [[nodiscard]] answer show_orders(time now) const;
    [[nodiscard]] answer show_faults() const;
    [[nodiscard]] answer show_calls() const;

    bool with_control_;
    seed seed_;
    moved_clock clock_;
    gate gate_;
    cloud cloud_;
    iam iam_;
    metadata metadata_;
    traces traces_;
    billing billing_;
    faults faults_;
    received received_;
    tally tally_;
};

}  // namespace simulator

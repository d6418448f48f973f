#pragma once
// All of the imitated cloud: which service a call is for. Knows no socket and no clock, so a test can drive it.

#include <atomic>
#include <chrono>

#include "call.hpp"
#include "cloud.hpp"
#include "gate.hpp"
#include "iam.hpp"
#include "metadata.hpp"
#include "moved_clock.hpp"
#include "reply.hpp"
#include "seed.hpp"

namespace simulator {

// Thread-safe. `real` is the machine's time, which the cloud's can differ from.
class front {
public:
    using time = std::chrono::system_clock::time_point;

    // `with_control`: calls under /simulator/ turn what README.md names.
    front(const seed& from, bool with_control);

    // A call to the address that ECS and IAM share.
    [[nodiscard]] reply handle(const call& what, time real);
    // A call to the metadata service.
    [[nodiscard]] reply handle_metadata(const call& what, time real);

    [[nodiscard]] const moved_clock& clock() const { return clock_; }

private:
    // control.cpp
    [[nodiscard]] answer control(const call& what);
    [[nodiscard]] answer counts() const;
    [[nodiscard]] answer secrets_seen() const;
    [[nodiscard]] answer set_clock(const call& what);
    [[nodiscard]] answer revoke(const call& what);
    [[nodiscard]] answer change_key(const call& what);

    bool with_control_;
    moved_clock clock_;
    gate gate_;
    cloud cloud_;
    iam iam_;
    metadata metadata_;
    std::atomic<unsigned long> ecs_ = 0;
};

}  // namespace simulator

#pragma once
// From a file to a snapshot: parse, then fetch secrets, then compile; nothing half-made is ever seen.

#include <memory>
#include <string>
#include <vector>

#include "gateway/follow/configuration.hpp"
#include "gateway/pipeline/snapshot.hpp"
#include "gateway/runtime/tls.hpp"

namespace gateway::runtime {

struct built {
    std::shared_ptr<const pipeline::snapshot> snapshot;  // nullptr when any problem is more than a warning
    std::vector<listener_tls> listeners;                 // in the order of the configuration
    std::vector<config::problem> problems;
};

// `before` is what is served until now, nullptr at start: rates and calls in flight are taken over.
[[nodiscard]] built build(const std::string& config_file, const pipeline::snapshot* before);

// What following needs of it; the snapshot lives as long as that.
[[nodiscard]] follow::configuration configuration_of(const std::shared_ptr<const pipeline::snapshot>& snapshot);

}  // namespace gateway::runtime

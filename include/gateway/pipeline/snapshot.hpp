#pragma once
// One configuration with its secrets, compiled: all that calls are checked and signed with. Immutable, shared by
// all workers, replaced whole by a reload.

#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/callers/directory.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/credentials/store.hpp"
#include "gateway/policy/admission.hpp"
#include "gateway/policy/rules.hpp"

namespace gateway::pipeline {

struct snapshot {
    config::settings settings;
    callers::directory callers;
    policy::rules rules;
    policy::admission admission;
    std::shared_ptr<const credentials::store> credentials;
    std::vector<config::endpoint> endpoints;  // ECS, in the order of rules.regions()
    std::shared_ptr<boost::asio::ssl::context> upstream_tls;
};

}  // namespace gateway::pipeline

#pragma once
// What following needs of the gateway's configuration.

#include <boost/asio/ssl/context.hpp>

#include <memory>

#include "gateway/config/settings.hpp"
#include "gateway/credentials/store.hpp"
#include "gateway/policy/rules.hpp"

namespace gateway::follow {

struct configuration {
    std::shared_ptr<const config::settings> settings;
    std::shared_ptr<const policy::rules> rules;
    std::shared_ptr<const credentials::store> credentials;
    std::shared_ptr<boost::asio::ssl::context> upstream_tls;
};

}  // namespace gateway::follow

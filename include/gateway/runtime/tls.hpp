#pragma once
// Everything that TLS needs from files, read and judged before it is used: by `run` at start and at each reload, and by
// `check`.

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <vector>

#include "gateway/base/sha256.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::runtime {

struct listener_tls {
    std::shared_ptr<boost::asio::ssl::context> context;  // nullptr: plain HTTP
    sha256_digest made_from{};                           // of the files and settings: equal when nothing has changed
};

struct tls_files {
    std::vector<listener_tls> listeners;  // in the order of the configuration
    std::shared_ptr<boost::asio::ssl::context> upstream;
};

// Reads certificates, keys and CAs. What can't be read, does not belong together or has no certificate in it is a
// problem at its place in the configuration; a certificate that is not valid today is a warning.
[[nodiscard]] tls_files load_tls(const config::settings& settings, std::vector<config::problem>& problems);

}  // namespace gateway::runtime

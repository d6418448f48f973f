#include <openssl/crypto.h>
#include <spdlog/version.h>

#include <boost/version.hpp>
#include <ostream>

#include "command.hpp"
#include "gateway/ledger/sqlite_store.hpp"

namespace gateway::cli {

int version(const command& self, const std::vector<std::string>& words, const streams& io) {
    if (!read_options(self, po::options_description("Options"), words, io)) return done;
    io.out << "ecs-gateway " GATEWAY_VERSION "\nBoost " << BOOST_VERSION / 100000 << '.' << BOOST_VERSION / 100 % 1000
           << '.' << BOOST_VERSION % 100 << '\n'
           << OpenSSL_version(OPENSSL_VERSION) << "\nspdlog " << SPDLOG_VER_MAJOR << '.' << SPDLOG_VER_MINOR << '.'
           << SPDLOG_VER_PATCH << "\nSQLite " << ledger::sqlite_version() << "\nyaml-cpp " YAML_CPP_VERSION "\n";
    return done;
}

}  // namespace gateway::cli

// ecs-simulator: an imitation of the cloud for the demo, the tests and trials. README.md has the seed's format.

#include <sys/resource.h>
#include <boost/program_options.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "certificate.hpp"
#include "front.hpp"
#include "server.hpp"

namespace {

namespace po = boost::program_options;
namespace asio = boost::asio;

asio::ssl::context make_tls(const std::string& certificate, const std::string& private_key, const std::string& ca_out) {
    asio::ssl::context tls(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
    if (certificate.empty() != private_key.empty())
        throw std::runtime_error("--certificate and --private-key go together");
    tls.set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string(); });
    if (!certificate.empty()) {
        tls.use_certificate_chain_file(certificate);
        tls.use_private_key_file(private_key, asio::ssl::context::pem);
        return tls;
    }
    const auto made = simulator::make_certificate();
    tls.use_certificate_chain(asio::buffer(made.pem));
    tls.use_private_key(asio::buffer(made.key_pem), asio::ssl::context::pem);
    if (!ca_out.empty() && !(std::ofstream(ca_out) << made.ca_pem << std::flush))
        throw std::runtime_error("can't write " + ca_out);
    return tls;
}

simulator::settings read_address(const char* option, const std::string& given) {
    const auto colon = given.rfind(':');
    const auto port = colon == std::string::npos ? "" : given.substr(colon + 1);
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
        std::stoul(port) > 65535)
        throw std::runtime_error(std::string(option) + " is address:port");
    simulator::settings how;
    how.address = given.substr(0, colon);
    how.port = static_cast<unsigned short>(std::stoul(port));
    return how;
}

// A thousand connections at once are a test; many systems allow a program 1,024 files unless it asks for more.
void allow_many_files() {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int run(int argc, char** argv) {
    std::string listen, metadata_listen, seed, record, certificate, private_key, ca_out;
    std::size_t most = SIZE_MAX;
    po::options_description known("ecs-simulator: an imitation of Huawei Cloud ECS");
    known.add_options()("help", "this text")("listen", po::value(&listen)->default_value("127.0.0.1:9443"),
                                             "address:port; port 0 = any")(
        "metadata-listen", po::value(&metadata_listen), "address:port of the metadata service, plain HTTP")(
        "control", "calls under /simulator/ turn faults, clock and keys")(
        "seed", po::value(&seed)->required(), "YAML file: accounts, keys, projects, flavors, servers")(
        "record", po::value(&record), "file that gets a line of JSON for each request")(
        "certificate", po::value(&certificate), "PEM file")("private-key", po::value(&private_key), "PEM file")(
        "ca-out", po::value(&ca_out), "without a certificate: where the CA of a made-up one is written")(
        "plain-http", "no TLS")("max-requests-per-connection", po::value(&most), "then the connection closes");
    po::variables_map given;
    po::store(po::parse_command_line(argc, argv, known), given);
    if (given.count("help") != 0) {
        std::cout << known;
        return 0;
    }
    po::notify(given);

    const auto world = simulator::read_seed(seed);
    if (!metadata_listen.empty() && !world.metadata)
        throw std::runtime_error("--metadata-listen needs metadata in the seed");
    allow_many_files();
    simulator::front front(world, given.count("control") != 0);
    using now = std::chrono::system_clock;
    auto how = read_address("--listen", listen);
    how.record = record;
    how.requests_per_connection = most;
    if (given.count("plain-http") == 0) how.tls.emplace(make_tls(certificate, private_key, ca_out));
    const std::string address = how.address;
    simulator::listener server(
        std::move(how), [&front](const simulator::call& what) { return front.handle(what, now::now()); },
        front.clock());
    std::unique_ptr<simulator::listener> metadata;
    if (!metadata_listen.empty())
        metadata = std::make_unique<simulator::listener>(
            read_address("--metadata-listen", metadata_listen),
            [&front](const simulator::call& what) { return front.handle_metadata(what, now::now()); }, front.clock());

    // The end: signals are for this thread, which waits for them; the others need no goodbye.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::thread([&server] { server.run(); }).detach();
    if (metadata) std::thread([&metadata] { metadata->run(); }).detach();
    std::cout << "listening on " << address << ":" << server.port() << '\n';
    if (metadata)
        std::cout << "metadata listening on " << metadata_listen.substr(0, metadata_listen.rfind(':')) << ":"
                  << metadata->port() << '\n';
    std::cout << std::flush;
    int signal = 0;
    sigwait(&ends, &signal);
    std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        std::cerr << "ecs-simulator: " << e.what() << "; see --help\n";
        return 2;
    }
}

#include "resolver.hpp"

#include <netdb.h>

#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace gateway::upstream {

namespace {

boost::system::error_code error_of(int status) {
    switch (status) {
        case 0:
            return {};
        case EAI_AGAIN:
            return asio::error::host_not_found_try_again;
        case EAI_MEMORY:
            return asio::error::no_memory;
        case EAI_FAIL:
        case EAI_SYSTEM:
            return asio::error::no_recovery;
        default:
            return asio::error::host_not_found;
    }
}

boost::system::error_code get_addresses(const std::string& host, std::uint16_t port,
                                        std::vector<asio::ip::tcp::endpoint>& addresses) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* first = nullptr;
    const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first);
    for (const addrinfo* each = first; status == 0 && each != nullptr; each = each->ai_next) {
        if (each->ai_family != AF_INET && each->ai_family != AF_INET6) continue;
        asio::ip::tcp::endpoint& address = addresses.emplace_back();
        std::memcpy(address.data(), each->ai_addr, each->ai_addrlen);
        address.resize(each->ai_addrlen);
    }
    if (first != nullptr) ::freeaddrinfo(first);
    return status == 0 && addresses.empty() ? asio::error::host_not_found : error_of(status);
}

}  // namespace

resolver::resolver(net::loop& loop) : loop_(loop), loop_ref_(std::make_shared<loop_ref>(loop)) {}

resolver::~resolver() {
    const std::lock_guard held(loop_ref_->lock);
    loop_ref_->alive = false;
}

task<std::shared_ptr<lookup>> resolver::resolve(const config::endpoint& endpoint, std::shared_ptr<lookup>& latest,
                                                std::chrono::milliseconds timeout) {
    if (latest == nullptr || latest->done) latest = start(endpoint);
    const auto current = latest;
    if (!current->done) co_await current->finished.wait(timeout);
    co_return current;
}

std::shared_ptr<lookup> resolver::start(const config::endpoint& endpoint) {
    auto current = std::make_shared<lookup>(loop_);
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(endpoint.host, not_an_address);
    if (!not_an_address) {
        current->addresses.emplace_back(address, endpoint.port);
        current->done = true;
        return current;
    }
    try {
        std::thread([host = endpoint.host, port = endpoint.port, owner = loop_ref_, current]() mutable {
            std::vector<asio::ip::tcp::endpoint> addresses;
            const auto error = get_addresses(host, port, addresses);
            const std::lock_guard held(owner->lock);
            if (!owner->alive) return;
            owner->loop.post([current = std::move(current), error, addresses = std::move(addresses)]() mutable {
                current->done = true;
                current->error = error;
                current->addresses = std::move(addresses);
                current->finished.notify_all();
            });
        }).detach();
    } catch (const std::system_error& e) {
        current->done = true;
        current->error = boost::system::error_code(e.code().value(), boost::system::system_category());
    }
    return current;
}

}  // namespace gateway::upstream

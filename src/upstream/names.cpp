#include "names.hpp"

#include <netdb.h>

#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace gateway::upstream {

namespace {

using addresses = std::vector<asio::ip::tcp::endpoint>;

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

boost::system::error_code look_up_now(const std::string& host, std::uint16_t port, addresses& found) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* first = nullptr;
    const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first);
    for (const addrinfo* each = first; status == 0 && each != nullptr; each = each->ai_next) {
        if (each->ai_family != AF_INET && each->ai_family != AF_INET6) continue;
        asio::ip::tcp::endpoint& one = found.emplace_back();
        std::memcpy(one.data(), each->ai_addr, each->ai_addrlen);
        one.resize(each->ai_addrlen);
    }
    if (first != nullptr) ::freeaddrinfo(first);
    return status == 0 && found.empty() ? asio::error::host_not_found : error_of(status);
}

}  // namespace

names::names(net::loop& in) : loop_(in), back_(std::make_shared<way_back>(in)) {}

names::~names() {
    const std::lock_guard held(back_->lock);
    back_->open = false;
}

task<std::shared_ptr<look_up>> names::find(const config::endpoint& what, std::shared_ptr<look_up>& under_way,
                                           std::chrono::milliseconds at_most) {
    if (under_way == nullptr || under_way->done) under_way = begin(what);
    const auto mine = under_way;
    if (!mine->done) co_await mine->came.wait(at_most);
    co_return mine;
}

std::shared_ptr<look_up> names::begin(const config::endpoint& what) {
    auto running = std::make_shared<look_up>(loop_);
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(what.host, not_an_address);
    if (!not_an_address) {
        running->found.emplace_back(address, what.port);
        running->done = true;
        return running;
    }
    try {
        std::thread([host = what.host, port = what.port, back = back_, running]() mutable {
            addresses found;
            const auto why = look_up_now(host, port, found);
            const std::lock_guard held(back->lock);
            if (!back->open) return;
            back->loop.post([running = std::move(running), why, found = std::move(found)]() mutable {
                running->done = true;
                running->why = why;
                running->found = std::move(found);
                running->came.notify_all();
            });
        }).detach();
    } catch (const std::system_error& e) {
        running->done = true;
        running->why = boost::system::error_code(e.code().value(), boost::system::system_category());
    }
    return running;
}

}  // namespace gateway::upstream

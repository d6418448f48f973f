#include "open_listeners.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>

namespace gateway::runtime {

// What a reload has opened stays open even if descriptors run out here: fewer workers accept then.
void open_listeners::accept(const open_listener& listener) {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        try {
            workers_[i].listen(listener.sockets.descriptor(i), listener.sockets.name(), listener.tls.context);
        } catch (const std::exception& e) {
            spdlog::error("listener is not served by every worker: {}", e.what());
        }
    }
    spdlog::info("listening address={} listener={}", listener.sockets.address(), listener.sockets.name());
}

void open_listeners::close_in_workers(const open_listener& listener) {
    for (auto& worker : workers_)
        worker.close(listener.sockets.name());
}

std::vector<open_listener> open_listeners::open_new(const std::vector<config::listener>& wanted,
                                                    const std::vector<listener_tls>& tls) const {
    std::vector<open_listener> fresh;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto serves_it = [&](const open_listener& each) {
            return each.sockets.name() == wanted[i].name && !(each.sockets.is_lost() && !each.sockets.is_handed_over());
        };
        if (std::ranges::any_of(open_, serves_it)) continue;
        fresh.push_back({http::listener_sockets(wanted[i], workers_.size(), manager_.socket_for(wanted[i])), tls[i]});
    }
    return fresh;
}

void open_listeners::replace(const std::vector<config::listener>& wanted, const std::vector<listener_tls>& tls,
                             std::vector<open_listener> fresh) {
    std::vector<open_listener> kept;
    for (auto& each : open_) {
        const auto is_opened_anew = [&](const open_listener& one) { return one.sockets.name() == each.sockets.name(); };
        const auto has_its_name = [&](const config::listener& one) { return one.name == each.sockets.name(); };
        if (std::ranges::any_of(fresh, is_opened_anew)) {
            close_in_workers(each);
            spdlog::warn("reload: the socket's file was gone or another's, a new one stands there: listener={}",
                         each.sockets.name());
            continue;
        }
        const auto as_wanted = std::ranges::find_if(wanted, has_its_name);
        if (as_wanted == wanted.end()) {
            close_in_workers(each);
            spdlog::info("closed listener={}", each.sockets.name());
            continue;
        }
        update(each, *as_wanted, tls[static_cast<std::size_t>(as_wanted - wanted.begin())]);
        kept.push_back(std::move(each));
    }
    for (auto& each : fresh) {
        accept(each);
        kept.push_back(std::move(each));
    }
    open_ = std::move(kept);
}

void open_listeners::update(open_listener& listener, const config::listener& wanted, const listener_tls& tls) {
    if (tls.made_from != listener.tls.made_from) {
        listener.tls = tls;
        for (auto& worker : workers_)
            worker.set_tls(listener.sockets.name(), tls.context);
        spdlog::info("tls: new certificates are shown from now on: listener={}", listener.sockets.name());
    }
    try {
        listener.sockets.set_mode(wanted.mode);
    } catch (const std::exception& e) {
        spdlog::error("reload: {}", e.what());
    }
    if (listener.sockets.is_lost())
        spdlog::error(
            "listener is lost, nobody can connect to it: its socket's file is gone or another's; restart the "
            "unit that holds the socket: listener={}",
            listener.sockets.name());
}

}  // namespace gateway::runtime

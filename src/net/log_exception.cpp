#include "gateway/net/log_exception.hpp"

#include <spdlog/spdlog.h>

namespace gateway::net {

void log_exception(std::string_view component, const std::exception_ptr& unforeseen) noexcept {
    if (!unforeseen) return;
    try {
        std::rethrow_exception(unforeseen);
    } catch (const std::exception& e) {
        spdlog::error("{}: ended by an unforeseen exception: error={}", component, e.what());
    } catch (...) {
        spdlog::error("{}: ended by an unforeseen exception", component);
    }
}

}  // namespace gateway::net

#include "gateway/net/log_exception.hpp"

#include <spdlog/spdlog.h>

namespace gateway::net {

void log_exception(std::string_view component, const std::exception_ptr& exception) noexcept {
    if (!exception) return;
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& e) {
        spdlog::error("{}: ended by an unforeseen exception: error={}", component, e.what());
    } catch (...) {
        spdlog::error("{}: ended by an unforeseen exception", component);
    }
}

}  // namespace gateway::net

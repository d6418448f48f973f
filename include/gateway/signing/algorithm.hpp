#pragma once
// The algorithms of a signature.

#include <cstdint>
#include <string_view>

namespace gateway::signing {

enum class algorithm : std::uint8_t { sdk_hmac_sha256, v11_hmac_sha256 };

// As an Authorization header and the configuration spell it: "SDK-HMAC-SHA256", "V11-HMAC-SHA256".
[[nodiscard]] constexpr std::string_view name_of(algorithm algorithm) noexcept {
    return algorithm == algorithm::sdk_hmac_sha256 ? "SDK-HMAC-SHA256" : "V11-HMAC-SHA256";
}

}  // namespace gateway::signing

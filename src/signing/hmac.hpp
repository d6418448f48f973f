#pragma once
// HMAC-SHA256 (RFC 2104) with the padded key hashed beforehand: what is left for a message is two states copied by
// value.

#include <initializer_list>
#include <string_view>

#include "gateway/base/secret_text.hpp"
#include "gateway/base/sha256.hpp"

namespace gateway::signing {

[[nodiscard]] inline std::string_view as_text(const sha256_digest& digest) noexcept {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// As good as the key itself: wiped when it goes.
struct hmac_pads {
    explicit hmac_pads(std::string_view key) noexcept;
    ~hmac_pads() {
        wipe(&inner, sizeof inner);
        wipe(&outer, sizeof outer);
    }
    hmac_pads(const hmac_pads&) = delete;
    hmac_pads& operator=(const hmac_pads&) = delete;

    sha256 inner, outer;
};

// Of the parts of a message, one after the other.
[[nodiscard]] sha256_digest hmac(sha256 inner, sha256 outer, std::initializer_list<std::string_view> message) noexcept;
[[nodiscard]] inline sha256_digest hmac(const hmac_pads& key,
                                        std::initializer_list<std::string_view> message) noexcept {
    return hmac(key.inner, key.outer, message);
}

}  // namespace gateway::signing

#include "hmac.hpp"

#include <array>
#include <cstring>

namespace gateway::signing {

namespace {

constexpr std::size_t block = 64;  // of SHA-256 (FIPS 180-4, 1)

}  // namespace

hmac_pads::hmac_pads(std::string_view key) noexcept {
    std::array<char, block> padded{};
    if (key.size() > block) {
        sha256 state;  // in sight, since its last value is the digest
        sha256_digest digest = state.update(key).finish();
        std::memcpy(padded.data(), digest.data(), digest.size());
        wipe(digest.data(), digest.size());
        wipe(&state, sizeof state);
    } else if (!key.empty()) {
        std::memcpy(padded.data(), key.data(), key.size());
    }
    for (char& c : padded)
        c = static_cast<char>(c ^ 0x36);
    inner.update({padded.data(), padded.size()});
    for (char& c : padded)
        c = static_cast<char>(c ^ 0x36 ^ 0x5c);
    outer.update({padded.data(), padded.size()});
    wipe(padded.data(), padded.size());
}

sha256_digest hmac(sha256 inner, sha256 outer, std::initializer_list<std::string_view> message) noexcept {
    for (const std::string_view part : message)
        inner.update(part);
    sha256_digest digest = inner.finish();
    digest = outer.update(as_text(digest)).finish();
    wipe(&inner, sizeof inner);
    wipe(&outer, sizeof outer);
    return digest;
}

}  // namespace gateway::signing

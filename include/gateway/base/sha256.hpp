#pragma once
// SHA-256 (FIPS 180-4) by OpenSSL, without an allocation: the state is a plain value that can be kept and copied,
// which is what lets signing hash an HMAC key's pads once for each key.

#include <openssl/sha.h>

#include <array>
#include <string_view>

namespace gateway {

using sha256_digest = std::array<unsigned char, 32>;

class sha256 {
public:
    sha256() noexcept;
    sha256& update(std::string_view bytes) noexcept;
    // The digest of all that was given so far. The object is of no use afterwards; copy it first to go on.
    [[nodiscard]] sha256_digest finish() noexcept;

private:
    SHA256_CTX state_;
};

[[nodiscard]] sha256_digest sha256_of(std::string_view bytes) noexcept;

}  // namespace gateway

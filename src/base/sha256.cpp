// SHA256_* is deprecated in OpenSSL 3 in favour of EVP, yet it is the same SHA-NI code behind it. EVP_MD_CTX_copy_ex,
// which EVP needs to re-use an HMAC's hashed pads, allocates on every copy; a SHA256_CTX is copied by value.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "gateway/base/sha256.hpp"

namespace gateway {

sha256::sha256() noexcept { SHA256_Init(&state_); }

sha256& sha256::update(std::string_view bytes) noexcept {
    SHA256_Update(&state_, bytes.data(), bytes.size());
    return *this;
}

sha256_digest sha256::finish() noexcept {
    sha256_digest digest;
    SHA256_Final(digest.data(), &state_);
    return digest;
}

sha256_digest sha256_of(std::string_view bytes) noexcept { return sha256().update(bytes).finish(); }

}  // namespace gateway

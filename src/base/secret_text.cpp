#include "gateway/base/secret_text.hpp"

#include <openssl/crypto.h>

#include <cstring>
#include <utility>

namespace gateway {

secret_text::secret_text(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
    if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
}

secret_text::secret_text(secret_text&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

secret_text& secret_text::operator=(secret_text&& other) noexcept {
    if (this != &other) {
        wipe(bytes_.get(), size_);
        bytes_ = std::move(other.bytes_);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

secret_text::~secret_text() { wipe(bytes_.get(), size_); }

bool secret_text::same_as(std::string_view other) const noexcept {
    return other.size() == size_ && CRYPTO_memcmp(other.data(), bytes_.get(), size_) == 0;
}

void wipe(void* bytes, std::size_t size) noexcept {
    if (bytes != nullptr) OPENSSL_cleanse(bytes, size);
}

}  // namespace gateway

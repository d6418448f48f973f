#include "gateway/base/secret_text.hpp"

#include <openssl/crypto.h>

#include <cstring>
#include <new>
#include <utility>

namespace gateway {

secret_text::secret_text(std::string_view text) : size_(text.size()) {
    if (text.empty()) return;
    bytes_ = static_cast<char*>(allocate_secret(text.size()));
    std::memcpy(bytes_, text.data(), text.size());
}

secret_text::secret_text(secret_text&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

secret_text& secret_text::operator=(secret_text&& other) noexcept {
    if (this != &other) {
        free_secret(bytes_, size_);
        bytes_ = std::exchange(other.bytes_, nullptr);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

secret_text::~secret_text() { free_secret(bytes_, size_); }

bool secret_text::same_as(std::string_view other) const noexcept {
    return other.size() == size_ && CRYPTO_memcmp(other.data(), bytes_, size_) == 0;
}

void* allocate_secret(std::size_t size) {
    void* memory = OPENSSL_secure_malloc(size);
    if (memory == nullptr) memory = OPENSSL_malloc(size);  // the secure heap is full
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

void free_secret(void* bytes, std::size_t size) noexcept { OPENSSL_secure_clear_free(bytes, size); }

void wipe(void* bytes, std::size_t size) noexcept {
    if (bytes != nullptr) OPENSSL_cleanse(bytes, size);
}

}  // namespace gateway

#pragma once
// Text that must not be seen: a secret key, a token, a password. It can't be printed, formatted, compared with == or
// copied by accident, and its bytes are wiped when it goes. Whoever needs the bytes says so with reveal().
// The bytes are in OpenSSL's secure heap where that has been set up and has room (credentials/memory.hpp): locked into
// memory and left out of core dumps.

#include <cstddef>
#include <ostream>
#include <string_view>

namespace gateway {

class secret_text {
public:
    secret_text() = default;
    explicit secret_text(std::string_view text);
    secret_text(secret_text&& other) noexcept;
    secret_text& operator=(secret_text&& other) noexcept;
    secret_text(const secret_text&) = delete;
    secret_text& operator=(const secret_text&) = delete;
    ~secret_text();

    // The bytes, for signing, hashing or sending: a view that lives as long as this object.
    [[nodiscard]] std::string_view reveal() const noexcept { return {bytes_, size_}; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] secret_text clone() const { return secret_text(reveal()); }
    // Compares in a time that depends on the lengths alone.
    [[nodiscard]] bool same_as(std::string_view other) const noexcept;

    bool operator==(const secret_text&) const = delete;
    friend std::ostream& operator<<(std::ostream&, const secret_text&) = delete;

private:
    char* bytes_ = nullptr;
    std::size_t size_ = 0;
};

// Memory for what is secret without being text: like secret_text's. Never nullptr; throws std::bad_alloc.
[[nodiscard]] void* allocate_secret(std::size_t size);
void free_secret(void* bytes, std::size_t size) noexcept;  // wiped first

// For std::allocate_shared and containers.
template <class T>
struct secret_allocator {
    using value_type = T;
    secret_allocator() = default;
    template <class U>
    explicit secret_allocator(const secret_allocator<U>&) noexcept {}
    [[nodiscard]] T* allocate(std::size_t count) { return static_cast<T*>(allocate_secret(count * sizeof(T))); }
    void deallocate(T* memory, std::size_t count) noexcept { free_secret(memory, count * sizeof(T)); }
    template <class U>
    bool operator==(const secret_allocator<U>&) const noexcept {
        return true;
    }
};

// Overwrites bytes so that the compiler can't leave it out.
void wipe(void* bytes, std::size_t size) noexcept;

}  // namespace gateway

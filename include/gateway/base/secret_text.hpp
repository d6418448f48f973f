#pragma once
// Text that must not be seen: a secret key, a token, a password. It can't be printed, formatted, compared with == or
// copied by accident, and its bytes are wiped when it goes. Whoever needs the bytes says so with reveal().

#include <cstddef>
#include <memory>
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
    [[nodiscard]] std::string_view reveal() const noexcept { return {bytes_.get(), size_}; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] secret_text clone() const { return secret_text(reveal()); }
    // Compares in a time that depends on the lengths alone.
    [[nodiscard]] bool same_as(std::string_view other) const noexcept;

    bool operator==(const secret_text&) const = delete;
    friend std::ostream& operator<<(std::ostream&, const secret_text&) = delete;

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

// Overwrites bytes so that the compiler can't leave it out.
void wipe(void* bytes, std::size_t size) noexcept;

}  // namespace gateway

#pragma once
// Sixteen bytes looked at in one go, by the compilers' vectors: one register on every processor of the last twenty
// years.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gateway {

using sixteen [[gnu::vector_size(16)]] = unsigned char;
using sixteen_flags [[gnu::vector_size(16)]] = signed char;  // what a comparison makes: each byte is 0 or -1

[[nodiscard]] inline sixteen load_sixteen(const void* source) noexcept {
    sixteen bytes;
    std::memcpy(&bytes, source, sizeof bytes);
    return bytes;
}

// Where the first flag stands that is set; 16 where none is.
[[nodiscard]] inline std::size_t first_of(sixteen_flags flags) noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, &flags, sizeof halves);
    const auto zeros = [](std::uint64_t half) {
        return static_cast<std::size_t>(std::endian::native == std::endian::little ? std::countr_zero(half)
                                                                                   : std::countl_zero(half)) /
               8;
    };
    return halves[0] != 0 ? zeros(halves[0]) : 8 + zeros(halves[1]);
}

}  // namespace gateway

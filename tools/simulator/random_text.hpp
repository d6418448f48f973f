#pragma once
// Text that nobody can guess.

#include <cstddef>
#include <string>
#include <string_view>

namespace simulator {

inline constexpr std::string_view upper_case_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
inline constexpr std::string_view letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
// Base64 as the cloud's tokens have it: a header field takes it as it stands.
inline constexpr std::string_view base64_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

[[nodiscard]] std::string random_text(std::size_t length, std::string_view of);

}  // namespace simulator

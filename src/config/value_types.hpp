#pragma once
// The types of single values in the file: how each is spelled, and what is expected where it is misspelled. A type has
//   bool parse(std::string_view text, T& output) const    false and `output` untouched when the text is not of that
// type
//   std::string expected() const                        completes "expected …"
//   static constexpr bool echo                          whether a wrong text may be repeated: not where it may be a
//   secret

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/sha256.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

// Decimal digits only, no sign, no leading zero but 0 itself.
[[nodiscard]] std::optional<std::uint64_t> read_number(std::string_view text);
// 250ms, 10s, 5m, 1h, 7d; at most 10,000 days, so that no sum of them overflows.
[[nodiscard]] std::optional<milliseconds> read_duration(std::string_view text);
[[nodiscard]] std::string write_duration(milliseconds duration);
// 512B, 16KiB, 1MiB
[[nodiscard]] std::optional<std::size_t> read_size(std::string_view text);
[[nodiscard]] std::string write_size(std::size_t bytes);
// At least one character, none of them white space or control characters, ASCII only.
[[nodiscard]] bool is_token(std::string_view text, std::size_t max);

struct boolean {
    static constexpr bool echo = true;
    bool parse(std::string_view text, bool& output) const;
    [[nodiscard]] std::string expected() const { return "true or false"; }
};

struct count {
    std::uint64_t min = 1;
    std::uint64_t max = std::numeric_limits<std::uint32_t>::max();
    static constexpr bool echo = true;
    template <class Integer>
    bool parse(std::string_view text, Integer& output) const {
        const auto value = read_number(text);
        if (!value || *value < min || *value > max) return false;
        output = static_cast<Integer>(*value);
        return true;
    }
    [[nodiscard]] std::string expected() const {
        return min == max ? std::to_string(min)
                          : "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
    }
};

// `workers`: auto is 0.
struct count_or_auto {
    std::uint64_t max;
    static constexpr bool echo = true;
    bool parse(std::string_view text, std::size_t& output) const;
    [[nodiscard]] std::string expected() const;
};

struct size {
    std::size_t min;
    std::size_t max;
    static constexpr bool echo = true;
    bool parse(std::string_view text, std::size_t& output) const;
    [[nodiscard]] std::string expected() const;
};

struct duration {
    milliseconds min = milliseconds(1);
    milliseconds max = std::chrono::hours(24);
    static constexpr bool echo = true;
    bool parse(std::string_view text, milliseconds& output) const;
    bool parse(std::string_view text, seconds& output) const;
    [[nodiscard]] std::string expected() const;
};

// One of a few words, each with what it means.
template <class Meaning, std::size_t N>
struct choice {
    std::array<std::pair<std::string_view, Meaning>, N> words;
    static constexpr bool echo = true;
    bool parse(std::string_view text, Meaning& output) const {
        for (const auto& [word, meaning] : words) {
            if (word == text) {
                output = meaning;
                return true;
            }
        }
        return false;
    }
    [[nodiscard]] std::string expected() const {
        std::string all;
        for (std::size_t i = 0; i < N; ++i) {
            if (i != 0) all += i + 1 == N ? " or " : ", ";
            all += words[i].first;
        }
        return all;
    }
};

template <class Meaning, std::size_t N>
constexpr choice<Meaning, N> one_of(const std::pair<std::string_view, Meaning> (&words)[N]) {
    return {std::to_array(words)};
}

// A name or other text of one line.
struct text {
    std::string_view description = "a text";
    static constexpr bool echo = true;
    bool parse(std::string_view input, std::string& output) const;
    [[nodiscard]] std::string expected() const;
};

// * and ? as in a file name. What they are matched against has no white space, so a pattern has none either.
struct pattern {
    std::string_view subject;
    static constexpr bool echo = true;
    bool parse(std::string_view input, std::string& output) const;
    [[nodiscard]] std::string expected() const;
};

// As it stands in an Authorization header, between separators. Not echoed: a secret key is easily pasted in its place.
struct access_key_id {
    static constexpr bool echo = false;
    bool parse(std::string_view input, std::string& output) const;
    [[nodiscard]] std::string expected() const;
};

struct sha256_hex {
    static constexpr bool echo = false;  // the API key itself is easily pasted in its place
    bool parse(std::string_view input, sha256_digest& output) const;
    [[nodiscard]] std::string expected() const;
};

// A subject alternative name of a certificate.
struct san {
    static constexpr bool echo = true;
    bool parse(std::string_view input, std::string& output) const;
    [[nodiscard]] std::string expected() const;
};

// Reads name, is_unix, host and port of a listener.
struct listener_address {
    static constexpr bool echo = true;
    bool parse(std::string_view input, listener& output) const;
    [[nodiscard]] std::string expected() const;
};

struct admin_address {
    static constexpr bool echo = true;
    bool parse(std::string_view input, admin& output) const;
    [[nodiscard]] std::string expected() const;
};

// Permission bits of a socket. 432, which tools that write YAML or JSON make of an unquoted 0660, is refused: read as
// octal it would let everybody connect.
struct octal_mode {
    static constexpr bool echo = true;
    bool parse(std::string_view input, unsigned& output) const;
    [[nodiscard]] std::string expected() const;
};

// A host name or an IP address, lower case; IPv6 without brackets.
struct host_name {
    static constexpr bool echo = true;
    bool parse(std::string_view input, std::string& output) const;
    [[nodiscard]] std::string expected() const;
};

struct endpoint_url {
    static constexpr bool echo = false;  // a URL may hold a password
    bool parse(std::string_view input, endpoint& output) const;
    [[nodiscard]] std::string expected() const;
};

// Source: the SDKs' own check of region ids.
struct region_id {
    static constexpr bool echo = true;
    bool parse(std::string_view input, std::string& output) const;
    [[nodiscard]] std::string expected() const;
};

// A pattern that some server's id fits: they are lower case, and a UUID has its dashes.
struct server_pattern {
    static constexpr bool echo = true;
    bool parse(std::string_view input, std::string& output) const;
    [[nodiscard]] std::string expected() const;
};

// What the path of a call may hold.
struct project_id {
    static constexpr bool echo = true;
    bool parse(std::string_view input, std::string& output) const;
    [[nodiscard]] std::string expected() const;
};

struct operation_name {
    static constexpr bool echo = true;
    bool parse(std::string_view input, operations::operation_id& output) const;
    [[nodiscard]] std::string expected() const;
};

struct variable_name {
    static constexpr bool echo = false;  // a secret is easily pasted in its place
    bool parse(std::string_view input, std::string& output) const;
    [[nodiscard]] std::string expected() const;
};

}  // namespace gateway::config

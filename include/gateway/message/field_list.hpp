#pragma once
// The fields of a head, each identified once: those that a call asks for a dozen times are found without a search.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/base/field.hpp"

namespace gateway::message {

// The names that the gateway knows; all others are `other`.
enum class known : std::uint8_t {
    other,
    accept,
    authorization,
    connection,
    content_length,
    content_type,
    date,
    expect,
    host,
    idempotency_key,
    keep_alive,
    proxy_authenticate,
    proxy_authorization,
    proxy_connection,
    te,
    traceparent,
    tracestate,
    trailer,
    transfer_encoding,
    upgrade,
    user_agent,
    x_api_key,
    x_auth_token,
    x_client_token,
    x_gateway,  // X-Gateway-… of any kind: the gateway's own words
    x_language,
    x_request_id,
    x_sdk_content_sha256,
    x_sdk_date,
    x_security_token,
    count
};

// A set of them, for questions like "is it one of these?".
class known_names {
public:
    constexpr known_names(std::initializer_list<known> names) noexcept {
        for (const known each : names)
            bits_ |= bit(each);
    }
    [[nodiscard]] constexpr bool has(known name) const noexcept { return (bits_ & bit(name)) != 0; }

private:
    friend class field_list;
    static constexpr std::uint32_t bit(known name) noexcept { return std::uint32_t{1} << static_cast<unsigned>(name); }
    std::uint32_t bits_ = 0;
};
static_assert(static_cast<unsigned>(known::count) <= 32);

// In any case; `name` is a token (RFC 9110, 5.1).
[[nodiscard]] known find_known(std::string_view name) noexcept;

class field_list {
public:
    field_list() = default;
    field_list(std::initializer_list<field> fields) {
        for (const field& each : fields)
            add(each);
    }

    void clear() noexcept;
    known add(const field& one);  // which it is

    [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
    [[nodiscard]] std::span<const field> all() const noexcept { return fields_; }
    [[nodiscard]] const field& operator[](std::size_t index) const noexcept { return fields_[index]; }
    [[nodiscard]] known name_of(std::size_t index) const noexcept { return names_[index]; }

    // The first field of that name, which is not `other`; nullptr when there is none.
    [[nodiscard]] const field* find(known name) const noexcept {
        const std::size_t position = positions_[static_cast<std::size_t>(name)];
        return position == 0 ? nullptr : &fields_[position - 1];
    }
    // Whether one of these occurs more than once.
    [[nodiscard]] bool repeats(known_names any) const noexcept { return (repeated_ & any.bits_) != 0; }

private:
    std::vector<field> fields_;
    std::vector<known> names_;
    std::array<std::uint8_t, static_cast<std::size_t>(known::count)> positions_{};  // of the first, plus one
    std::uint32_t repeated_ = 0;
};

}  // namespace gateway::message

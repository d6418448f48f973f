#pragma once

#include <cstdint>
#include <string_view>

namespace gateway {

// What is known of a request to the cloud: whether the cloud can have acted on it (docs/outcomes.md).
enum class delivery : std::uint8_t {
    not_sent,  // no byte of it left
    answered,  // a whole answer came back
    unknown,   // a byte of it left or may have left, and no whole answer came back
};

[[nodiscard]] constexpr std::string_view name_of(delivery known) noexcept {
    switch (known) {
        case delivery::not_sent:
            return "not_sent";
        case delivery::answered:
            return "answered";
        case delivery::unknown:
            return "unknown";
    }
    return {};
}

}  // namespace gateway

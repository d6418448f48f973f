#pragma once
// Which members a body of a kind can have, and where their values go. body_format.cpp has a table for each kind.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/operations/body.hpp"

namespace gateway::operations {

// An object of a body: the whole, one whose members are known, by a number that its format gives it, or any other.
enum class body_object : std::uint8_t { root = 0, elsewhere = 255 };

struct known_member {
    body_object object = body_object::elsewhere;
    body_object opens = body_object::elsewhere;  // the object that its value is, `elsewhere` where it is none
    std::string_view key;
    std::string_view pointer;  // RFC 6901
    std::string_view wanted;   // what its value must be
    // Each takes a value of its type into the body; false where the member can't have it. nullptr: none of that type.
    bool (*take_text)(body& output, const std::string& text) = nullptr;
    bool (*take_bool)(body& output, bool value) = nullptr;
    bool (*take_integer)(body& output, std::int64_t number) = nullptr;
    std::string_view missing = {};  // what to send where its object lacks it; empty: it may be left out
};

struct body_format {
    std::span<const known_member> members;  // at most 64
    std::string_view example;               // of a whole body
    // Makes `output` an empty request of this kind, which keeps its memory.
    void (*clear)(body& output);
    // Where the pointer to the first unknown member goes.
    std::string& (*unknown_member)(body& output);
};

// Of a kind other than body_kind::none.
[[nodiscard]] const body_format& format_of(body_kind kind) noexcept;

// The longest string that a known member takes, in bytes: far beyond any id, and it bounds what is kept of a body.
inline constexpr std::size_t longest_string = 255;

// The known member of exactly that key in that object, or nullptr.
[[nodiscard]] const known_member* find_member(const body_format& format, body_object object,
                                              std::string_view key) noexcept;

// The known member that a lenient reader could take the key for, or nullptr: readers are about that ignore case (some
// fold the long s and the Kelvin sign with it, as Unicode does), that ignore '_', '-' and other punctuation, and that
// stop at a NUL. Letters and digits alone count here, the ASCII ones in either case.
[[nodiscard]] const known_member* find_lookalike(const body_format& format, body_object object,
                                                 std::string_view key) noexcept;

}  // namespace gateway::operations

#pragma once
// The members of a resize body that are known, and which keys could be taken for them.
// Source: ECS API reference, "Modifying the Specifications of an ECS (v1.1)", tables of resize, extendparam,
// cpu_options.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::operations {

// An object of the body: one whose members are known, or any other.
enum class body_object : std::uint8_t { root, resize, extendparam, cpu_options, elsewhere };

enum class member : std::uint8_t {
    unknown,
    resize,
    dry_run,
    flavor,
    dedicated_host,
    extendparam,
    auto_pay,
    mode,
    cpu_options,
    cpu_threads
};

struct known_member {
    member name = member::unknown;
    body_object object = body_object::elsewhere;
    body_object opens = body_object::elsewhere;  // the object that its value is, `elsewhere` where it is none
    std::string_view key;
    std::string_view pointer;  // RFC 6901
    std::string_view wanted;   // what its value must be
};

inline constexpr std::array<known_member, 9> known_members{{
    {member::resize, body_object::root, body_object::resize, "resize", "/resize", "must be a JSON object"},
    {member::dry_run, body_object::root, body_object::elsewhere, "dry_run", "/dry_run",
     "must be the JSON boolean true or false, without quotes"},
    {member::flavor, body_object::resize, body_object::elsewhere, "flavorRef", "/resize/flavorRef",
     "must be the id of a flavor: a string of 1 to 255 visible ASCII characters"},
    {member::dedicated_host, body_object::resize, body_object::elsewhere, "dedicated_host_id",
     "/resize/dedicated_host_id", "must be a string of at most 255 bytes"},
    {member::extendparam, body_object::resize, body_object::extendparam, "extendparam", "/resize/extendparam",
     "must be a JSON object"},
    {member::mode, body_object::resize, body_object::elsewhere, "mode", "/resize/mode",
     R"(must be the string "withStopServer"; leave it out for a server that is stopped)"},
    {member::cpu_options, body_object::resize, body_object::cpu_options, "cpu_options", "/resize/cpu_options",
     "must be a JSON object"},
    {member::auto_pay, body_object::extendparam, body_object::elsewhere, "isAutoPay", "/resize/extendparam/isAutoPay",
     R"(must be the string "true" or "false", with its quotes)"},
    {member::cpu_threads, body_object::cpu_options, body_object::elsewhere, "hw:cpu_threads",
     "/resize/cpu_options/hw:cpu_threads", "must be the number 1 or 2"},
}};

// The longest string that a known member takes, in bytes: far beyond any id, and it bounds what is kept of a body.
inline constexpr std::size_t longest_string = 255;

// The known member of exactly that key in that object, or nullptr.
[[nodiscard]] const known_member* find_member(body_object object, std::string_view key) noexcept;

// The known member that a lenient reader could take the key for, or nullptr: readers are about that ignore case (some
// fold the long s and the Kelvin sign with it, as Unicode does), that ignore '_', '-' and other punctuation, and that
// stop at a NUL. Letters and digits alone count here, the ASCII ones in either case.
[[nodiscard]] const known_member* find_lookalike(body_object object, std::string_view key) noexcept;

}  // namespace gateway::operations

#pragma once
// The last outcome lines, for the status page. Older ones are only in the log.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace gateway::outcome {

// Its owner guards it.
class recent {
public:
    static constexpr std::size_t max_lines = 200;

    // `count` whole lines, each with its LF, which come behind those before. From some dozens on that is an exchange of
    // memory, so that nobody knows what `lines` holds afterwards. (To copy them was a third of what recording cost.)
    void take(std::string& lines, std::size_t count);

    // Oldest first, with a comma between two: the last ones of what was taken and of `newer_lines`.
    [[nodiscard]] std::string as_json_members(std::string_view newer_lines = {}) const;

private:
    // Pieces of some lines each, the newest of which takes the next ones; so many that those that are full have enough.
    static constexpr std::size_t full = 50;  // lines, or more
    static_assert(max_lines % full == 0);
    struct piece {
        std::string text;
        std::size_t lines = 0;
    };
    std::array<piece, max_lines / full + 1> pieces_;
    std::size_t newest_ = 0;
};

}  // namespace gateway::outcome

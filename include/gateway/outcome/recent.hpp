#pragma once
// The last outcome lines, for whoever looks at the process while it runs. The log stays the record: this forgets.

#include <cstddef>
#include <string>
#include <string_view>

namespace gateway::outcome {

// Its owner guards it.
class recent {
public:
    static constexpr std::size_t most = 200;

    // Whole lines, each with its LF, which come behind those before. Under load that is an exchange of memory: `lines`
    // then holds what was kept before them. (To copy them was a third of what recording cost.)
    void take(std::string& lines);

    // Oldest first, with a comma between two: the last ones of what was taken and of `and_these`.
    [[nodiscard]] std::string as_json_members(std::string_view and_these = {}) const;

private:
    std::string text_;
};

}  // namespace gateway::outcome

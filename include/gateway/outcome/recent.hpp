#pragma once
// The last outcome lines, for whoever looks at the process while it runs. The log stays the record: this forgets.

#include <array>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace gateway::outcome {

class recent {
public:
    static constexpr std::size_t most = 200;

    // Whole lines, each with its LF. From one thread; of more than `most` only the last are looked at.
    void add(std::string_view lines);

    // Oldest first, with a comma between two. From any thread.
    [[nodiscard]] std::string as_json_members() const;

private:
    mutable std::mutex lock_;
    std::array<std::string, most> ring_;  // without LF
    std::size_t next_ = 0;
};

}  // namespace gateway::outcome

#pragma once
// What goes wrong with calls, as a test wants it: which calls, how often, whether the service acts all the same, and
// what becomes of the answer.

#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "call.hpp"
#include "route.hpp"
#include "seed.hpp"

namespace simulator {

struct fault_rule {
    std::string name;                    // of an API or a service, or "any"
    std::string project, id;             // of the path, for traces the resource_id; empty: any
    unsigned long skip = 0;              // so many calls pass before it begins
    std::optional<unsigned long> count;  // so many calls are struck, and no more
    double chance = 1;
    std::uint64_t seed = 0;  // of the chances
    bool acts = true;        // false: the service never learns of the call
    fault how;               // its status and body take the place of the answer
    std::string label{};     // how a test calls it
};

// What is to be made of one call.
struct stroke {
    std::string label;
    bool acts = true;
    fault how;
};

// The rules in a control call's body, or what is wrong with it. README.md names the members.
[[nodiscard]] std::variant<std::vector<fault_rule>, std::string> read_faults(const std::string& body);

// Thread-safe.
class faults {
public:
    void set(std::vector<fault_rule> rules);
    // By the first rule that fits; absent when none does.
    [[nodiscard]] std::optional<stroke> strike(const route& call, const std::string& query);

    struct tally {
        fault_rule rule;
        unsigned long met = 0, struck = 0;
    };
    [[nodiscard]] std::vector<tally> tallies() const;

private:
    struct entry {
        tally so_far;
        std::mt19937_64 chances;
    };
    mutable std::mutex lock_;
    std::vector<entry> entries_;
};

// The answer to a call that is struck: the service's own, or what the fault has in its place. `own` has the status 0
// where the service never learned of the call, which is answered with 503 unless the fault has more to say.
[[nodiscard]] answer spoiled(answer own, const stroke& by, const route& asked, const std::string& request_id);

}  // namespace simulator

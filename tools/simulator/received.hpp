#pragma once
// Every resize that reached the cloud, and whether the cloud acted on it: by this a test tells what was sent twice.

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "call.hpp"
#include "jobs.hpp"
#include "route.hpp"

namespace simulator {

struct received_resize {
    unsigned long number = 0;  // from 1
    time_point at;
    std::string server, project, body, request_id, traceparent;
    bool acted = false;
    unsigned status = 0;  // of the answer as the cloud means it; 0: nobody answered
    std::string answer;
    std::string fault;  // the label of what went wrong
    bool struck = false;
};

// Thread-safe. Keeps the last 100,000; the counts are of all.
class received {
public:
    void add(received_resize one);
    // Those of a server (empty: of all) that came after the number `after`, as README.md has them, at most `limit`.
    [[nodiscard]] answer show(const std::string& server, unsigned long after, std::size_t limit) const;

    struct counts {
        unsigned long received = 0, acted = 0;
    };
    [[nodiscard]] counts of_server(const std::string& server) const;

private:
    mutable std::mutex lock_;
    std::deque<received_resize> kept_;
    std::map<std::string, counts> by_server_;
    counts all_;
};

}  // namespace simulator

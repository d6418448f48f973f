#pragma once
// Cloud Trace Service: who resized which server, as its list tells a while later. Source: CTS API reference, "Querying
// a Trace List"; CTS user guide, "Example Traces", where the trace of an operation that is a job has the time of the
// job's end and the job as its response.

#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "call.hpp"
#include "cloud.hpp"
#include "route.hpp"
#include "seed.hpp"

namespace simulator {

struct trace {
    std::string id, project, account, user, access_key, server, request_id, trace_type;
    std::string request, response, code;
    std::string job;  // empty: none began
    bool good = false;
    time_point at;
    double lateness = 0;  // in the list after this part of the greatest lag
};

// Thread-safe. Keeps the last 100,000.
class traces {
public:
    traces(const seed& from, const cloud& jobs);

    // A resize that the gate let pass, and its answer. `by_hand`: somebody made it in the console.
    void note(const call& what, const route& asked, const caller& who, const answer& given, time_point now,
              bool by_hand = false);
    // The answer to a look at the list.
    [[nodiscard]] answer handle(const call& what, const route& asked, const caller& who, time_point now) const;

    [[nodiscard]] const trace_settings& usual() const { return seed_.traces; }
    [[nodiscard]] trace_settings settings() const;
    void set(const trace_settings& to);

private:
    // Brings a trace to what the list has of it now; false while it has nothing.
    [[nodiscard]] bool appears(trace& t, const trace_settings& current, time_point now) const;
    [[nodiscard]] std::vector<trace> find(const call& what, const route& asked, const trace_settings& current,
                                          time_point now) const;

    const seed seed_;
    const cloud& jobs_;
    mutable std::mutex lock_;
    trace_settings settings_;
    std::deque<trace> kept_;  // the oldest first
    std::mt19937_64 lags_;
    unsigned long noted_ = 0;
};

}  // namespace simulator

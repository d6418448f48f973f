#pragma once
// Counts calls, for dashboards: each worker counts for itself, and a reader adds the workers up. A call
// pays some tens of nanoseconds and no shared atomic.

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/outcome/record.hpp"
#include "gateway/outcome/series.hpp"

namespace gateway::outcome {

// How an exchange with the cloud went wrong: the step at which it failed, that time ran out, or an answer that says so.
enum class upstream_error : std::uint8_t {
    resolve,
    connect,
    handshake,
    write,
    read,
    parse,
    timeout,
    credential_refused,  // an answer 401: the cloud rejected the gateway's credential
    server_error         // an answer 5xx
};
inline constexpr std::size_t upstream_errors = 9;
[[nodiscard]] std::string_view name_of(upstream_error error) noexcept;

// Upper bounds of the histograms' buckets, inclusive. From an answer of the gateway's own to the longest that a call
// may take by default; a resize is answered by the cloud in tenths of a second.
inline constexpr std::array<std::chrono::microseconds, 15> time_buckets{
    std::chrono::milliseconds(1),   std::chrono::microseconds(2500), std::chrono::milliseconds(5),
    std::chrono::milliseconds(10),  std::chrono::milliseconds(25),   std::chrono::milliseconds(50),
    std::chrono::milliseconds(100), std::chrono::milliseconds(250),  std::chrono::milliseconds(500),
    std::chrono::seconds(1),        std::chrono::milliseconds(2500), std::chrono::seconds(5),
    std::chrono::seconds(10),       std::chrono::seconds(30),        std::chrono::seconds(60)};

// Label values where a call has none, and where there are more than a worker keeps apart.
inline constexpr std::string_view no_label = "none";
inline constexpr std::string_view other_label = "other";
// Label sets of calls that one worker keeps apart, some 250 bytes each: thousands of accounts. Reloads that change
// accounts add to them. Beyond it the account is "other".
inline constexpr std::size_t max_call_series = 20000;
inline constexpr std::size_t max_regions = 256, max_operations = 64;

// The sums of any number of workers.
struct totals {
    struct call {
        std::string operation, account;
        decision decided = decision::rejected;
        unsigned status = 0;  // 0: the caller was gone before it got one
        auto operator<=>(const call&) const = default;
    };
    struct times {
        std::array<std::uint64_t, time_buckets.size() + 1>
            in_bucket{};  // not cumulative; the last is beyond all bounds
        std::chrono::microseconds sum{};
    };
    std::map<call, std::uint64_t> calls;
    std::map<std::string, times> call_seconds;                               // by operation
    std::map<std::string, times> upstream_seconds;                           // by region
    std::map<std::pair<std::string, upstream_error>, std::uint64_t> errors;  // of upstream, by region and kind
    std::map<std::string, std::uint64_t> rules;  // how often each decided; of a shadow rule, would have
};

// One for each worker.
class alignas(cache_line) counters {
public:
    // The worker's thread only. `call` is a call that has ended: counted are its labels, its times, and an answer of
    // the cloud that is an error.
    void count(const record& call);
    // The worker's thread only: an exchange with the cloud that brought no whole answer.
    void count_failure(std::string_view region, upstream_error error);

    // Any thread. A call that is just being counted may be there in one place and not yet in another.
    void add_to(totals& sums) const;

private:
    struct histogram {
        void add(std::chrono::microseconds time) noexcept;
        std::array<tally, time_buckets.size() + 1> in_bucket;
        tally sum;  // microseconds
    };
    // Calls of one label set, with the histograms that they belong to: one look-up for all.
    struct call_series {
        tally calls;
        histogram* call_seconds = nullptr;
        histogram* upstream_seconds = nullptr;  // nullptr until one of them goes upstream
        bool has_one_region = true;             // but for those beyond max_call_series
    };
    [[nodiscard]] call_series& series_of(const record& call);
    void count_rule(std::string_view name);
    [[nodiscard]] histogram& times_of_region(std::string_view region);

    series<call_series> calls_;  // by operation, account, region; decision and status
    series<histogram> call_seconds_, upstream_seconds_;
    series<tally> errors_, rules_;
    // The rule that decided last, which as a rule decides next, too.
    std::string last_rule_;
    tally* hits_of_last_rule_ = nullptr;
};

}  // namespace gateway::outcome

#pragma once
// Asks a database thread and waits for its results.

#include <future>
#include <thread>

#include "gateway/ledger/database_thread.hpp"
#include "stores.hpp"

namespace gateway::ledger {

using clock = std::chrono::steady_clock;

inline constexpr auto patience = 20s;  // for what has to come; a test that waits so long has failed

template <class Write>
auto submit(database_thread& to, Write write, clock::duration patient = patience) {
    auto promise = std::make_unique<std::promise<typename Write::result>>();
    auto future = promise->get_future();
    to.submit(std::move(write), clock::now() + patient,
              completion<typename Write::result>([promise = std::move(promise)](typename Write::result result) {
                  promise->set_value(std::move(result));
              }));
    return future;
}

template <class Result>
Result get(std::future<Result> future) {
    if (future.wait_for(patience) != std::future_status::ready) throw std::runtime_error("no result");
    return future.get();
}

inline std::future<record_result> record(database_thread& to, change_request r, clock::duration patient = patience) {
    return submit(to, writes::record{std::move(r)}, patient);
}

inline outcome<std::optional<change>> find(database_thread& thread, const std::string& id) {
    auto promise = std::make_unique<std::promise<outcome<std::optional<change>>>>();
    auto future = promise->get_future();
    thread.read<std::optional<change>>(
        [id](store& from) { return from.find(id, start); }, clock::now() + patience,
        [promise = std::move(promise)](outcome<std::optional<change>> found) { promise->set_value(std::move(found)); });
    return get(std::move(future));
}

// The state once it is that one; else what it is in the end.
inline std::string state_in(database_thread& thread, const std::string& id, std::string_view wanted) {
    std::string last;
    for (const auto end = clock::now() + patience; clock::now() < end && last != wanted; std::this_thread::yield()) {
        const auto found = find(thread, id);
        last = !found ? "unavailable" : *found ? std::string(name((*found)->current)) : "none";
    }
    return last;
}

template <class Condition>
bool comes_true(Condition condition) {
    for (const auto end = clock::now() + patience; clock::now() < end; std::this_thread::yield()) {
        if (condition()) return true;
    }
    return false;
}

}  // namespace gateway::ledger

#pragma once
// A place where the ledger lives. Used by one thread at a time; every call may wait for a disk or a network.
// An interface because there are two: a file of SQLite (or memory), and a database that replicas share.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/ledger/rate.hpp"
#include "gateway/ledger/writes.hpp"

namespace gateway::ledger {

struct commit_failure {
    unavailable cause;
    bool in_doubt = false;  // it may be durable all the same; false: nothing of it is
};

class store {
public:
    store() = default;
    store(const store&) = delete;
    store& operator=(const store&) = delete;
    virtual ~store() = default;

    // What it is, for logs and pages: "file /var/lib/ecs-gateway/ledger.db". Never a secret.
    [[nodiscard]] virtual std::string describe() const = 0;

    // Opens it, once more after trouble. Every other call fails until it is open.
    [[nodiscard]] virtual std::optional<unavailable> open() = 0;
    [[nodiscard]] virtual bool is_open() const noexcept = 0;

    // All of the batch in one transaction, in this order, durable when it returns. A write that is refused has its
    // result like the others; a failure is one of all, and leaves no results.
    // An empty batch asks whether it would take one.
    [[nodiscard]] virtual std::optional<commit_failure> commit(std::span<const any_write> batch,
                                                               std::vector<any_result>& results) = 0;

    // What is due between two batches: whether the ledger is still there, and what keeps it small. Called at least once
    // a second.
    [[nodiscard]] virtual std::optional<unavailable> maintain() = 0;

    // The change that such a call would repeat.
    [[nodiscard]] virtual outcome<found_repeat> find_repeat(const ledger::identity& identity) = 0;
    [[nodiscard]] virtual outcome<std::optional<change>> find(std::string_view id, instant now) = 0;
    [[nodiscard]] virtual outcome<change_page> list(const list_filter& filter, instant now) = 0;
    // As list, but oldest first.
    [[nodiscard]] virtual outcome<change_page> list_oldest_first(const list_filter& filter, instant now) = 0;
    [[nodiscard]] virtual outcome<std::vector<freeze>> freezes(instant now) = 0;
    // Those that count for the rate of such a request, newest first; no more than decide on it.
    [[nodiscard]] virtual outcome<std::vector<counted_change>> counted_changes(const change_request& request) = 0;
    // When the next change is due to be claimed; nothing where none is.
    [[nodiscard]] virtual outcome<std::optional<instant>> next_due() = 0;
    [[nodiscard]] virtual outcome<std::vector<open_count>> count_open() = 0;
    // Of accounts that have changes which have not ended.
    [[nodiscard]] virtual outcome<std::vector<account_count>> count_open_by_account() = 0;
    // Counts all changes: seconds, where there are millions.
    [[nodiscard]] virtual outcome<ledger_facts> describe_contents(instant now) = 0;
    // Nothing when it is whole, else what is not. Reads all of it.
    [[nodiscard]] virtual outcome<std::vector<std::string>> check() = 0;
};

// One write by itself.
template <class Write>
[[nodiscard]] typename Write::result commit_one(store& target, Write write) {
    const any_write batch[] = {any_write(std::move(write))};
    std::vector<any_result> results;
    if (auto failed = target.commit(batch, results)) return std::move(failed->cause);
    return std::get<typename Write::result>(std::move(results.front()));
}

}  // namespace gateway::ledger

#pragma once
// Requests to a database thread that have no result yet. Two threads may end one, the database's and the watchdog: who
// claims it first calls its completion.

#include <atomic>
#include <chrono>
#include <type_traits>
#include <utility>
#include <variant>

#include "gateway/ledger/completion.hpp"
#include "gateway/ledger/store.hpp"

namespace gateway::ledger {

class pending {
public:
    explicit pending(std::chrono::steady_clock::time_point deadline) : deadline_(deadline) {}
    virtual ~pending() = default;
    pending(const pending&) = delete;
    pending& operator=(const pending&) = delete;

    [[nodiscard]] std::chrono::steady_clock::time_point deadline() const noexcept { return deadline_; }
    // True for the one caller that has to end it.
    [[nodiscard]] bool claim() noexcept { return !is_claimed_.exchange(true); }
    [[nodiscard]] bool is_claimed() const noexcept { return is_claimed_.load(); }

    // Called by the thread that has claimed it.
    virtual void fail(unavailable cause) = 0;

private:
    std::chrono::steady_clock::time_point deadline_;
    std::atomic<bool> is_claimed_{false};
};

class pending_write : public pending {
public:
    pending_write(any_write requested, std::chrono::steady_clock::time_point deadline)
        : pending(deadline), write(std::move(requested)) {}
    virtual void finish(any_result result) = 0;

    // What became of an exchange is written however late.
    [[nodiscard]] bool outlives_deadline() const noexcept {
        return std::holds_alternative<writes::answered>(write) || std::holds_alternative<writes::unknown>(write) ||
               std::holds_alternative<writes::not_sent>(write);
    }
    // Waits for the next commit instead of asking for one.
    [[nodiscard]] bool rides() const noexcept { return std::holds_alternative<writes::followed>(write); }

    any_write write;
};

template <class Write>
class pending_write_of final : public pending_write {
public:
    using result = typename Write::result;
    pending_write_of(Write requested, std::chrono::steady_clock::time_point deadline, completion<result> done)
        : pending_write(std::move(requested), deadline), done_(std::move(done)) {}
    void fail(unavailable cause) override { done_(result(std::move(cause))); }
    void finish(any_result all) override { done_(std::get<result>(std::move(all))); }

private:
    completion<result> done_;
};

class pending_read : public pending {
public:
    using pending::pending;
    // Claims it and gives the result, if nobody was faster.
    virtual void run(store& target) = 0;
};

template <class T, class Work>
class pending_read_of final : public pending_read {
public:
    pending_read_of(Work work, std::chrono::steady_clock::time_point deadline, completion<outcome<T>> done)
        : pending_read(deadline), work_(std::move(work)), done_(std::move(done)) {}
    void fail(unavailable cause) override { done_(outcome<T>(std::move(cause))); }
    void run(store& target) override {
        outcome<T> found = work_(target);
        if (claim()) done_(std::move(found));
    }

private:
    Work work_;
    completion<outcome<T>> done_;
};

}  // namespace gateway::ledger

#pragma once
// What is called with a result, once: a callable that can be moved but need not be copied (std::move_only_function is
// C++23).

#include <memory>
#include <type_traits>
#include <utility>

namespace gateway::ledger {

template <class Result>
class completion {
public:
    completion() = default;
    template <class Call>
    requires(!std::is_same_v<std::decay_t<Call>, completion>)
        completion(Call&& call)  // NOLINT(google-explicit-constructor): lambdas are passed
        : call_(std::make_unique<holder<std::decay_t<Call>>>(std::forward<Call>(call))) {}

    void operator()(Result result) {
        if (const auto called = std::move(call_)) called->run(std::move(result));
    }

private:
    struct base {
        base() = default;
        base(const base&) = delete;
        base& operator=(const base&) = delete;
        virtual ~base() = default;
        virtual void run(Result result) = 0;
    };
    template <class Call>
    struct holder final : base {
        template <class From>
        explicit holder(From&& from) : call(std::forward<From>(from)) {}
        void run(Result result) override { call(std::move(result)); }
        Call call;
    };
    std::unique_ptr<base> call_;
};

}  // namespace gateway::ledger

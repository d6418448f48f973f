#pragma once
// What a step of a call returns: nothing, so that the next step follows, or the answer that ends the path of the call.

#include <memory>
#include <utility>

#include "gateway/pipeline/own_answer.hpp"

namespace gateway::pipeline {

// Behind a pointer: every step returns one, and most are nothing.
class rejection {
public:
    rejection() = default;
    rejection(own_answer answer)
        : answer_(std::make_unique<own_answer>(std::move(answer))) {}  // NOLINT: as an optional does

    [[nodiscard]] explicit operator bool() const noexcept { return answer_ != nullptr; }
    [[nodiscard]] const own_answer& operator*() const noexcept { return *answer_; }
    [[nodiscard]] own_answer* operator->() noexcept { return answer_.get(); }

private:
    std::unique_ptr<own_answer> answer_;
};

}  // namespace gateway::pipeline

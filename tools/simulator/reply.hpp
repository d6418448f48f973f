#pragma once
// An answer and what becomes of it on its way to the caller.

#include <memory>

#include "call.hpp"
#include "seed.hpp"

namespace simulator {

struct reply {
    answer with;
    fault how{};
    std::shared_ptr<void> under_way{};  // the call has ended when this has
};

}  // namespace simulator

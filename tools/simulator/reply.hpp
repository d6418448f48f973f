#pragma once
// An answer and what becomes of it on its way to the caller.

#include "call.hpp"
#include "seed.hpp"

namespace simulator {

struct reply {
    answer with;
    fault how{};
};

}  // namespace simulator

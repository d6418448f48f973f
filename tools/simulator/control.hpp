#pragma once
// Answers of control calls.

#include <string>

#include "call.hpp"

namespace simulator {

[[nodiscard]] answer done();
[[nodiscard]] answer wrong(unsigned status, const std::string& why);

}  // namespace simulator

#pragma once
// Rules between structs: checked when the whole file is read.

#include "gateway/config/settings.hpp"
#include "reader.hpp"

namespace gateway::config {

// `all` was read from `root`, which has the locations.
void cross_check(const settings& all, const node& root, reader& reader);

}  // namespace gateway::config

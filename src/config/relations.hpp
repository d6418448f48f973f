#pragma once
// Rules between structs: what can only be judged once the whole file is read.

#include "gateway/config/settings.hpp"
#include "reader.hpp"

namespace gateway::config {

// `root` is what `all` was read from: it knows the places.
void check_relations(const settings& all, const node& root, reader& in);

}  // namespace gateway::config

#pragma once
// How every store spells lists of words and signatures in its rows.

#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger/records.hpp"

namespace gateway::ledger {

// Sixteen bytes that stand for a signature within its scope; they begin with its time, so that an index of them grows
// at its end.
[[nodiscard]] std::string signature_digest(const ledger::identity& identity);

[[nodiscard]] std::string join(const std::vector<std::string>& words);
[[nodiscard]] std::vector<std::string> split(std::string_view words);

// Stands for one run of this program in the changes that it records: 32 random hexadecimal digits.
[[nodiscard]] std::string make_process_id();

}  // namespace gateway::ledger

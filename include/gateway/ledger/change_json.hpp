#pragma once
// Changes and freezes as JSON (RFC 8259): one spelling for answers, commands and exports. docs/changes.md names the
// keys.

#include <string>

#include "gateway/ledger/records.hpp"

namespace gateway::ledger {

// Appends {"id":…,"state":…,…} on one line. Keys without a value are left out, as is `history` where it was not read.
// Times are RFC 3339, UTC, with microseconds.
void append_json(std::string& to, const change& c);
void append_json(std::string& to, const freeze& f);
// {"changes":[…]}, and where there are more "next_marker".
void append_json(std::string& to, const change_page& page);

}  // namespace gateway::ledger

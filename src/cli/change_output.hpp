#pragma once
// Changes and freezes as commands print them: for people, with text from outside escaped, or as JSON.

#include <iosfwd>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/ledger/records.hpp"

namespace gateway::cli {

// Columns as wide as their widest cell, two spaces between them.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);
// A name and its value on each line; those without a value are left out.
void print_fields(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& fields);

void print_changes(std::ostream& out, std::span<const ledger::change> changes, ledger::instant now);
void print_change(std::ostream& out, const ledger::change& c, ledger::instant now);
// {"change":{…}}
void print_change_json(std::ostream& out, const ledger::change& c);
void print_freezes(std::ostream& out, std::span<const ledger::freeze> freezes);

// "account acme, operations resize", or "everywhere, operations resize"
[[nodiscard]] std::string describe_scope(const ledger::freeze_scope& scope);
// "3 changes"
[[nodiscard]] std::string count_of(std::size_t count, std::string_view noun);

}  // namespace gateway::cli

// The names that a rule may use for operations are those of the table of operations.

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "gateway/config/settings.hpp"
#include "gateway/operations/operation.hpp"

namespace gateway::policy {
namespace {

TEST(operation_names, are_those_of_the_table) {
    std::set<std::string_view> in_table;
    for (const auto& row : operations::table())
        in_table.insert(row.name);
    const std::set<std::string_view> in_rules(config::operation_names.begin(), config::operation_names.end());
    EXPECT_EQ(in_rules, in_table);
}

}  // namespace
}  // namespace gateway::policy

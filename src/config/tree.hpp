#pragma once
// The file as a tree of plain values, each with its place. Only tree.cpp uses yaml-cpp. Built from parser
// events and not from YAML::Node, since a Node drops repeated keys silently and takes ten times the memory.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/settings.hpp"

namespace gateway::config {

struct node {
    // Scalars stay text: the schema decides what is a number and what is a name, so 0660, 1e3, yes and 12:30 keep
    // their spelling. Aliases and tags (!…) are kept only to be refused where they stand.
    enum class kind : std::uint8_t { nothing, scalar, list, map, alias, tagged };
    kind type = kind::nothing;
    std::uint32_t line = 0;  // from 1
    std::uint32_t column = 0;
    std::string text;          // scalar
    std::vector<node> keys;    // map: one for each value; not necessarily scalars, repeated ones included
    std::vector<node> values;  // map, list

    // The value of the first key of that name, or nullptr.
    [[nodiscard]] const node* find(std::string_view key) const;
};

// The one document in `yaml`. A syntax error, no document or more than one is a problem, and then the root is of no
// use.
[[nodiscard]] node read_tree(std::string_view yaml, std::vector<problem>& problems);

}  // namespace gateway::config

#pragma once
// Descriptions of the configuration: its format, for editors and readers, and its effective values. All three walk the
// schema that the file is read by, so none of them can differ from it.

#include <boost/json/object.hpp>

#include <string>

#include "gateway/config/settings.hpp"

namespace gateway::config {

// The format as a JSON Schema (draft 2020-12), for editors. What it accepts, `check` may still refuse: rules between
// keys and names that are defined nowhere are beyond it.
[[nodiscard]] boost::json::object json_schema();

// The format as Markdown: a table for each section, with types, defaults and the purpose of each key.
[[nodiscard]] std::string reference();

// The effective values, key by key: {"value": …, "from": "line 12"}, or from "default" or "built-in table". No secret
// is in it, and nothing of what could be pasted in the place of one: for these there is {"secret": where it is read
// from}.
[[nodiscard]] boost::json::object effective_values(const settings& all);

}  // namespace gateway::config

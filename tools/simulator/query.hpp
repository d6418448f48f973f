#pragma once
// Percent-encoding and the parameters of a query (RFC 3986, 2.1).

#include <string>

namespace simulator {

// What is no valid %XX stays as it is.
[[nodiscard]] std::string percent_decoded(const std::string& text);
// The value of the first parameter of that name, decoded; empty when there is none.
[[nodiscard]] std::string parameter(const std::string& query, const std::string& name);

}  // namespace simulator

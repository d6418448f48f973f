#pragma once
// Answers that are not as the reference has them: what a reader of traces and orders has to bear.

#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace simulator {

// The text of an answer in the form of that name; as it should be where the name is empty.
[[nodiscard]] std::string in_trace_form(const std::string& form, const boost::json::object& page);
// Both a list of orders and a single order.
[[nodiscard]] std::string in_order_form(const std::string& form, const boost::json::object& page);

[[nodiscard]] const std::vector<std::string>& trace_forms();
[[nodiscard]] const std::vector<std::string>& order_forms();

}  // namespace simulator

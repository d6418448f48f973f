#pragma once
// status_page.html, as CMake puts it into the program.

#include <string_view>

namespace gateway::admin {

extern const std::string_view status_page;

}  // namespace gateway::admin

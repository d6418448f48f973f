#pragma once
// The end of a coroutine that should not have thrown.

#include <exception>
#include <string_view>

namespace gateway::net {

// Logs what ended a coroutine of `component`; nothing when `exception` is null. For loop::spawn().
void log_exception(std::string_view component, const std::exception_ptr& exception) noexcept;

}  // namespace gateway::net

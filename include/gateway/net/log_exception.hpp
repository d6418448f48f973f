#pragma once
// The end of a coroutine that should not have thrown.

#include <exception>
#include <string_view>

namespace gateway::net {

// Logs what ended a coroutine of `component`; nothing when `unforeseen` is null. For loop::spawn().
void log_exception(std::string_view component, const std::exception_ptr& unforeseen) noexcept;

}  // namespace gateway::net

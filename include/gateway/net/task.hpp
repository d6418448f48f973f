#pragma once
// The coroutine type of this program: each thread that has coroutines runs one io_context (a loop's queue, or the main
// thread's), so the executor is known at compile time, which saves Asio the type erasure of any_io_executor on every
// hop.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gateway {

namespace asio = boost::asio;

using executor = asio::io_context::executor_type;
template <class T = void>
using task = asio::awaitable<T, executor>;

// Completion token: an operation's error code comes back as a value beside its result, never as an exception.
inline constexpr auto use_result = asio::as_tuple(asio::use_awaitable_t<executor>{});

}  // namespace gateway

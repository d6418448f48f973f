#pragma once
// The rules of "sent at most once": what is known of a request that failed, and whether it is sent a second time.

#include <cstddef>

#include "gateway/upstream/failure.hpp"

namespace gateway::upstream {

struct connection_facts {
    bool reused = false;            // it has served a request before
    bool response_started = false;  // a byte came back for this request
};

// Whether a request is sent again, over a new connection, after `error`. `may_repeat`: it changes nothing, so sending
// it twice does no harm.
[[nodiscard]] bool may_send_again(const failure& error, connection_facts connection, bool may_repeat) noexcept;

// The delivery of a request whose write ended with an error after so many bytes of it.
[[nodiscard]] delivery delivery_of_failed_write(std::size_t bytes_written, bool over_tls, bool timed_out) noexcept;

}  // namespace gateway::upstream

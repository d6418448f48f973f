#include "retry.hpp"

namespace gateway::upstream {

// The peer may close a kept connection at the moment of its reuse (RFC 9112, 9.3.1). Then, and only then, a request is
// sent again: one of which nothing was written, or one that changes nothing (RFC 9110, 9.2.2).
bool may_send_again(const failure& error, connection_facts connection, bool may_repeat) noexcept {
    const bool connection_died = connection.reused && !connection.response_started && !error.timed_out;
    const bool harmless = error.delivery == delivery::not_sent || may_repeat;
    return connection_died && harmless;
}

delivery delivery_of_failed_write(std::size_t bytes_written, bool over_tls, bool timed_out) noexcept {
    // Over TLS a record may be on its way although no byte of the request counts as written.
    return bytes_written == 0 && !over_tls && !timed_out ? delivery::not_sent : delivery::unknown;
}

}  // namespace gateway::upstream

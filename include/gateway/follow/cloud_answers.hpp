#pragma once
// What the cloud says of jobs, servers, traces and orders, as far as it tells what became of a change. Pure. A text
// that is malformed says nothing: it is never taken for "there is none". Sources: ECS API reference, "Querying Details
// About an ECS"; CTS API reference, "Querying a Trace List"; BSS API reference, "Querying Orders", "Querying Order
// Details", "Querying a Customer's Resources".

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger/change.hpp"

namespace gateway::follow {

// Ids of jobs, orders and servers: [A-Za-z0-9_-]{1,64}. Nothing else gets into a path or the ledger.
[[nodiscard]] bool is_id(std::string_view text) noexcept;

struct server_state {
    std::string flavor;              // its id
    std::string task_state;          // empty: nothing is under way
    std::optional<bool> is_prepaid;  // metadata.charging_mode
};
[[nodiscard]] std::optional<server_state> read_server(std::string_view body);

// A call that the Cloud Trace Service saw.
struct trace {
    bool is_readable = true;                   // else nothing can be said of it
    ledger::instant time;                      // when it was written: at the call, or at the end of its job
    std::optional<ledger::instant> job_begun;  // where the response is a job
    int code = 0;        // of the HTTP answer; 0 = absent, as in traces written at the end of a job
    std::string flavor;  // asked for
    std::optional<bool> auto_pay;
    bool has_response = false;  // else it can't be told whether there are ids
    std::string job_id, order_id;
};
struct trace_page {
    std::vector<trace> traces;
    std::string next;  // to go on with; empty: that was all
};
// Of the server's traces by the name resizeServer. Nothing where the body is no such list.
[[nodiscard]] std::optional<trace_page> read_traces(std::string_view body, std::string_view server_id);

struct order {
    std::string id;
    int status = 0;                // 4 cancelled, 5 completed, 6 waits to be paid; 0 = unreadable
    std::string amount, currency;  // empty where they can't be read
};
// Nothing where the body is no order, or another one; billing errors come with HTTP 200.
[[nodiscard]] std::optional<order> read_order(std::string_view body, std::string_view order_id);

struct order_page {
    std::vector<std::string> ids;
    bool is_whole = true;   // else some entry could not be read
    std::size_t total = 0;  // entries there are; those of the page at least
    std::size_t entries = 0;
};
[[nodiscard]] std::optional<order_page> read_order_ids(std::string_view body);

// The resources of an order. Nothing where they can't be told.
[[nodiscard]] std::optional<std::vector<std::string>> read_order_resources(std::string_view body);

}  // namespace gateway::follow

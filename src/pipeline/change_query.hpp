#pragma once
// The query strings of show_change and list_changes (docs/changes.md). Pure.

#include <chrono>
#include <string_view>

#include "gateway/ledger/records.hpp"

namespace gateway::pipeline {

struct wait_query {
    std::chrono::seconds wait{0};
    std::string_view problem;  // what is malformed, as a sentence; empty: nothing
};
// Of "wait_s=…". `query` is one that operations::query_problem() has no objection to, as below.
[[nodiscard]] wait_query read_wait_query(std::string_view query);

struct list_query {
    ledger::list_filter filter;
    std::string_view problem;
};
// Of "server_id=&state=&key=&since=&limit=&marker=", each of which may be left out.
[[nodiscard]] list_query read_list_query(std::string_view query);

}  // namespace gateway::pipeline

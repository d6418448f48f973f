#pragma once
// All that can be written to the ledger, each with its result. A store takes any number of them into one transaction.

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/ledger/records.hpp"

namespace gateway::ledger {

template <class T>
using outcome = boost::system::result<T, unavailable>;
[[noreturn]] void throw_exception_from_error(const unavailable& e, const boost::source_location& location);

// Of record, in the order in which they are checked.
struct repeat {
    std::string id;
    state current;
    std::optional<kept_answer> answer;
    facts known;
    std::string reason;
    bool by_signature = false;  // its key was another or none
};
struct other_request {  // the key, or the text of the signature, was used for other bytes, path or project
    std::string id;
};
struct frozen {
    ledger::freeze freeze;
};
struct over_rate {
    std::chrono::seconds retry_after;
};
struct busy {
    std::string server_id;
    change holder;  // without history
};
struct recorded {
    std::string awaiting_payment;  // the id of an earlier change of its server whose order waits; empty = none
};
// Of a look for one.
using found_repeat = std::variant<std::monostate, repeat, other_request>;
using record_result = std::variant<unavailable, repeat, other_request, frozen, over_rate, busy, recorded>;

// A change that a write has ended, as far as it is counted.
struct ended_change {
    std::string operation, account;
};

// Of everything that moves a change.
struct moved {
    enum class fate : std::uint8_t {
        done,
        contradicted,  // done, and an end that was believed was none
        no_change,     // no change of that id
        no_arrow,      // its state has no such arrow; what was learnt is kept all the same
        fenced_off,    // the claim has passed to another
    };
    fate result = fate::done;
    state current = state::sending;  // afterwards
    std::optional<ended_change> end = std::nullopt;
};

struct claimed {
    ledger::change change;                   // without history
    std::int64_t fence = 0;                  // to be named by every write under the claim
    std::vector<evidence_entry> evidence{};  // oldest first
    bool sender_is_silent = false;           // and may merely sleep; else it has ended the exchange, or is gone
};

// Times are the caller's clock; a store that replicas share takes its database's for leases.
namespace writes {

struct record {
    change_request request;
    using result = record_result;
};
// A whole answer of the cloud, at once or late.
struct answered {
    std::string id;
    state meaning = state::unknown;  // find_meaning()
    kept_answer answer;
    facts learnt;
    instant time;
    using result = outcome<moved>;
};
// The exchange ended without a whole answer.
struct unknown {
    std::string id, reason;
    instant time;
    using result = outcome<moved>;
};
// Given up before the first byte. Where the record never came to be, it is written now: a commit of it that arrives
// late then fails on its id.
struct not_sent {
    change_request request;
    std::string reason;
    instant time;
    using result = outcome<moved>;
};
// What one source says of an unknown change.
struct evidence {
    std::string id, source, says, detail;  // see evidence_entry
    std::chrono::microseconds settle_after{};
    instant time, due;  // due: when to look again
    std::optional<std::int64_t> fence;
    std::optional<bool> is_prepaid = std::nullopt;  // where this look told it
    using result = outcome<moved>;
};
// How its job stands; rides with the next commit.
struct followed {
    std::string id, job_status;  // empty: it could not be read
    instant time, due;
    std::optional<std::int64_t> fence;
    using result = outcome<moved>;
};
struct settle {
    std::string id;
    state to;
    ledger::cause cause;  // evidence or following
    facts learnt;
    std::string evidence, detail;
    instant time, due;  // due: when to look again, where it has not ended
    std::optional<std::int64_t> fence;
    using result = outcome<moved>;
};
struct resolve {
    std::string id;
    state to;
    std::string author, reason;
    instant time;
    using result = outcome<moved>;
};
// Changes that are due to be looked at, for `lease`: nobody else gets them meanwhile. Among them are those that have
// ended since their callers were answered, until somebody has reported that.
struct claim {
    std::size_t count = 1;
    std::string owner;
    std::chrono::microseconds lease{};
    instant time;
    // Given: ids of all that the owner still looks at. What else it has claimed it has lost track of: due at once.
    std::optional<std::vector<std::string>> still_looked_at = std::nullopt;
    using result = outcome<std::vector<claimed>>;
};
struct hand_back {
    std::string id;
    std::int64_t fence = 0;
    instant due;
    using result = outcome<moved>;
};
// The end of a change is in the outcome log.
struct reported {
    std::string id;
    std::int64_t fence = 0;
    using result = outcome<moved>;
};
struct add_freeze {
    ledger::freeze freeze;
    using result = outcome<bool>;
};
struct unfreeze {
    std::string id, author;
    instant time;
    using result = outcome<bool>;  // false: no such freeze stands
};
// What other processes left in `sending` becomes unknown: for a store that only one at a time may own. The ids of those
// changes.
struct recover {
    instant time;
    using result = outcome<std::vector<std::string>>;
};
// Deletes changes that ended before that time, so many at most. How many.
struct forget {
    instant ended_before;
    std::size_t count = 100;
    using result = outcome<std::size_t>;
};

}  // namespace writes

using any_write = std::variant<writes::record, writes::answered, writes::unknown, writes::not_sent, writes::evidence,
                               writes::followed, writes::settle, writes::resolve, writes::claim, writes::hand_back,
                               writes::reported, writes::add_freeze, writes::unfreeze, writes::recover, writes::forget>;
using any_result = std::variant<std::monostate, record_result, outcome<moved>, outcome<std::vector<claimed>>,
                                outcome<bool>, outcome<std::vector<std::string>>, outcome<std::size_t>>;

}  // namespace gateway::ledger

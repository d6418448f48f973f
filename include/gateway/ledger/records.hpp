#pragma once
// What the ledger holds, as plain values: changes, freezes, the answers that are kept for repeats.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/ledger/change.hpp"

namespace gateway::ledger {

// What makes two calls the same change. Key and signature count within caller, subject and account.
struct identity {
    std::string caller, subject, account;  // subject: of a JWT, else empty
    std::string key;                       // Idempotency-Key; empty = none
    std::string signature;                 // the Authorization's text; empty = none. Only a digest of it is kept
    std::chrono::sys_seconds signed_at{};  // its X-Sdk-Date
    std::string fingerprint;               // a digest of method, path, project and body
};

// `calls` servers of changes in any span of length `per`, by caller and rule.
struct rate_limit {
    std::int64_t calls = 0;
    std::chrono::seconds per{};
};

// A change before its first byte.
struct change_request {
    std::string id;  // the request id of its call
    ledger::identity identity;
    std::string operation, project_id, region, rule, flavor;
    std::vector<std::string> server_ids;  // [A-Za-z0-9_-]{1,64} each
    std::optional<bool> auto_pay;
    std::optional<bool> is_prepaid;  // where the server was looked at
    bool holds_server = false;       // a resize
    std::optional<rate_limit> rate;  // of the rule
    std::string after;               // X-Gateway-After, where the rule allows it
    instant begun;
};

// The cloud's answer as its caller got it, for repeats.
struct kept_answer {
    int status = 0;
    std::string content_type, body;
    bool operator==(const kept_answer&) const = default;
};
inline constexpr std::size_t max_kept_body = 4096;  // bytes; an answer with a longer body is not kept

// What is learnt of a change. Empty = nothing new.
struct facts {
    std::string job_id{}, order_id{}, amount{}, currency{}, code{}, message{};
};

struct history_entry {
    instant time;
    std::string state;   // the name of a state, or what happened in it: "contradicted", "taken_over", "evidence"
    std::string detail;  // for people
};

// What one source said of an unknown change, at one look.
struct evidence_entry {
    instant time;
    std::string source;  // trace, server, order
    std::string says;    // took_place, did_not, wait, nothing
    std::string detail;  // for people
};

struct change {
    change_request request;  // without signature, rate and after
    state current = state::sending;
    instant updated;
    std::optional<instant> ended;
    bool holds = false;  // its servers, just now
    bool was_contradicted = false;
    facts known;
    std::string evidence, resolved_by, reason;
    std::optional<kept_answer> answer;
    std::string job_status;              // as the cloud spells it
    std::vector<history_entry> history;  // oldest first; read by find() alone
};

// Where changes are frozen. An empty text or list = everywhere, everybody, every operation.
struct freeze_scope {
    std::string account, caller, server_id;
    std::vector<std::string> operations;
};

struct freeze {
    std::string id;
    freeze_scope scope;
    std::string reason, author;
    instant since;
    std::optional<instant> until;
};

// Whether the freeze stands at that time, and the change is within its scope.
[[nodiscard]] bool stops(const freeze& f, const change_request& request, instant now) noexcept;

// What is asked of a list; newest first. Empty = all.
struct list_filter {
    std::string project_id{}, server_id{}, key{}, caller{}, subject{}, account{};
    std::optional<state> current{};
    std::optional<bool> ended{};
    std::optional<instant> since{}, until{};  // of its beginning; since included, until not
    bool with_history = false;
    std::string marker{};    // next_marker of the page before
    std::size_t limit = 50;  // 1 to 200
};

// A page may hold fewer than `limit` changes, even none, and still not be the last: so one that few changes match never
// reads the whole ledger in one go.
struct change_page {
    std::vector<change> changes;
    std::string next_marker;  // empty = that was all
};

// The number of changes in a state that is no end, and the beginning of the oldest.
struct open_count {
    state current;
    std::size_t count = 0;
    instant oldest;  // its beginning; of no meaning where there is none
};

struct account_count {
    std::string account;
    std::size_t count = 0;
};

// What a ledger is, for its operator.
struct ledger_facts {
    std::int64_t version = 0;              // of its tables
    std::uint64_t bytes = 0;               // of the file, or in memory
    std::uint64_t log_bytes = 0;           // of the write-ahead log beside it
    std::size_t changes = 0, freezes = 0;  // freezes: that stand
    std::optional<change> oldest_open;     // without history
    std::vector<open_count> open;
};

// Whose changes of a project a caller may see: its own, or with an empty `caller` everybody's.
struct viewer {
    std::string project_id, caller, subject;
};
[[nodiscard]] bool can_see(const viewer& identity, const change& c) noexcept;

// Why the ledger can't be used just now.
enum class trouble : std::uint8_t {
    held,          // another process has it, for good or for a moment
    away,          // deleted, replaced, or not reachable
    full,          // no space left
    failing,       // input/output error
    overloaded,    // too much waits, or it answers too late
    no_directory,  // these and the following: waiting can't mend it
    outdated,      // of an older version, and this one must not change its tables
    not_there,     // and this one must not create it
    not_writable,  // the file, or where it is to be
    not_allowed,   // by PostgreSQL: the reason says what to do
    network_file_system,
    corrupt,
    not_a_ledger,
    too_new,
};

// Of a ledger that was never opened: whether the start has to end.
[[nodiscard]] bool can_wait(trouble t) noexcept;

struct unavailable {
    trouble kind = trouble::failing;
    std::string reason;  // one line that names the ledger, for operators
};

}  // namespace gateway::ledger

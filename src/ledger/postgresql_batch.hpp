#pragma once
// Writes to changes, many in two round trips: what they concern is read at once, each is applied to it in memory as the
// rules have it (moves.hpp), and all that became of it is written at once. Every row that is written must be as it was
// read, and every one that is made must be new: else the transaction ends with a conflict, and the caller tries again.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/ledger/rate.hpp"
#include "gateway/ledger/writes.hpp"
#include "postgresql_connection.hpp"
#include "postgresql_rows.hpp"

namespace gateway::ledger {

// The freezes that stand, as of a version that the transaction of a write compares.
struct known_freezes {
    std::int64_t version = 0;
    std::vector<freeze> all;
};
[[nodiscard]] std::vector<freeze> read_freezes(const postgresql_rows& rows);
extern const char* const select_freezes;

// Whether a write is one of those that a batch takes.
[[nodiscard]] bool is_of_a_change(const any_write& write);

class postgresql_batch {
public:
    postgresql_batch(postgresql_connection& db, const std::string& process, std::optional<known_freezes>& freezes)
        : db_(db), process_(process), freezes_(freezes) {}

    // Reads what the writes concern: one round trip.
    void read(std::span<const any_write> writes);
    [[nodiscard]] any_result apply(const any_write& write);
    // Others take the change for unknown.
    void take_for_unknown(const std::string& id, instant time);
    // Adds the statements that write what has changed; none where nothing has.
    void add_writes();
    [[nodiscard]] bool has_changes() const noexcept;
    // Whether any write looked at the freezes.
    [[nodiscard]] bool has_records() const noexcept { return has_records_; }

private:
    struct held {
        std::int64_t change = 0;
        std::optional<instant> until;
        bool operator==(const held&) const = default;
    };
    struct server_hold {
        std::optional<held> before, after;
    };
    struct rate_count {
        std::int64_t version = 0;
        bool is_changed = false;
        std::vector<counted_change> all;  // newest first
    };
    struct kept_evidence {
        std::int64_t number;
        evidence_entry entry;
    };
    struct new_evidence {
        std::int64_t change;
        evidence_entry entry;
    };
    struct new_history {
        std::int64_t change;
        history_entry entry;
    };
    using server = std::pair<std::string, std::string>;  // project and server
    using scoped = std::tuple<std::string, std::string, std::string, std::string>;

    void add_reads(std::span<const any_write> writes);
    void take_changes(const postgresql_rows& rows);
    void take_holds(const postgresql_rows& rows);
    void take_rates(const postgresql_rows& versions, const postgresql_rows& rows);
    postgresql_row& insert(const change_request& request, state first);
    postgresql_row* find(const std::string& id);
    postgresql_row& by_number(std::int64_t number);
    std::optional<std::int64_t> find_holder(const server& at, instant now) const;
    found_repeat find_repeat(const ledger::identity& identity);
    record_result record(const change_request& request);
    std::optional<busy> find_conflict(const change_request& request);
    std::string find_awaiting_payment(const change_request& request) const;
    void take_servers(const change_request& request, const postgresql_row& row);
    void write_hold(const postgresql_row& row, const hold& now);
    void free_identity(postgresql_row& row, state from);
    template <class Write>
    moved apply_to(postgresql_row& row, const Write& write);
    moved apply_not_sent(const writes::not_sent& write);
    void add_change_writes();
    void add_hold_writes();
    void add_history_writes();
    void add_rate_writes();

    postgresql_connection& db_;
    const std::string& process_;
    std::optional<known_freezes>& freezes_;
    bool has_records_ = false;
    std::vector<std::int64_t> numbers_;  // for new changes
    std::map<std::int64_t, postgresql_row> rows_;
    std::map<std::string, std::int64_t> by_id_, by_signature_;
    std::map<scoped, std::int64_t> by_key_;
    std::map<server, server_hold> holds_;
    std::map<std::pair<std::string, std::string>, rate_count> rates_;  // by caller and rule
    std::map<std::int64_t, std::vector<kept_evidence>> evidence_;
    std::vector<std::pair<std::int64_t, std::int64_t>> evidence_to_delete_;  // change and number
    std::vector<new_evidence> new_evidence_;
    std::vector<new_history> new_history_;
};

}  // namespace gateway::ledger

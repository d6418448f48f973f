#pragma once
// libpq with deadlines: a connection, and statements that go out together and come back together. Nothing of a session
// is kept between two flushes outside a transaction, so that a pool may lend the server to others meanwhile.
// Source: https://www.postgresql.org/docs/15/libpq-pipeline-mode.html

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/secret_text.hpp"
#include "gateway/ledger/records.hpp"

namespace gateway::ledger {

class postgresql_error : public std::exception {
public:
    // `sqlstate` of five characters, empty where the server said nothing.
    postgresql_error(trouble kind, std::string sqlstate, std::string message, bool is_lost)
        : kind_(kind), sqlstate_(std::move(sqlstate)), message_(std::move(message)), is_lost_(is_lost) {}
    [[nodiscard]] trouble kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_lost() const noexcept { return is_lost_; }  // the connection, and with it what was sent
    // Another transaction was faster: the same once more may go through.
    [[nodiscard]] bool is_conflict() const noexcept {
        return sqlstate_ == "40001" || sqlstate_ == "40P01" || sqlstate_ == "23505";
    }
    [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

private:
    trouble kind_;
    std::string sqlstate_, message_;
    bool is_lost_;
};

// Where a connection string leads, without what is secret in it.
struct postgresql_place {
    std::string name;                    // "host db1, database ecs"
    std::optional<std::string> problem;  // why it can't be used: it can't be read, or would not be verified
};
[[nodiscard]] postgresql_place read_connection_string(std::string_view text);

// Rows of one statement, all as text.
class postgresql_rows {
public:
    explicit postgresql_rows(PGresult* owned) : result_(owned) {}
    [[nodiscard]] int size() const noexcept { return PQntuples(result_.get()); }
    [[nodiscard]] bool is_null(int row, int column) const noexcept {
        return PQgetisnull(result_.get(), row, column) != 0;
    }
    [[nodiscard]] std::string_view view(int row, int column) const noexcept;  // NULL is empty
    [[nodiscard]] std::string text(int row, int column) const { return std::string(view(row, column)); }
    [[nodiscard]] std::int64_t integer(int row, int column) const noexcept;
    [[nodiscard]] instant time(int row, int column) const noexcept;
    [[nodiscard]] std::optional<instant> maybe_time(int row, int column) const noexcept;
    [[nodiscard]] std::string bytes(int row, int column) const;  // of a bytea
    [[nodiscard]] std::int64_t changed() const noexcept;         // rows that the statement changed

private:
    struct clearer {
        void operator()(PGresult* r) const noexcept { PQclear(r); }
    };
    std::unique_ptr<PGresult, clearer> result_;
};

// NULL where it has no value.
using parameter = std::optional<std::string>;

class postgresql_connection {
public:
    // Throws postgresql_error. `timeout`: for this, and for each flush.
    postgresql_connection(const secret_text& connection_string, std::chrono::milliseconds timeout);

    // Sends a statement with the next flush. Its place among the results.
    std::size_t add(const char* sql, std::vector<parameter> values = {});
    // Sends what was added and waits for all of it. Throws postgresql_error: of the first statement that failed, after
    // which none of the others has run.
    std::vector<postgresql_rows> flush();
    // Ends a transaction that an error has broken. Throws where the connection is lost.
    void roll_back();
    // Whether the server has closed it meanwhile.
    [[nodiscard]] bool is_broken() noexcept;

private:
    using clock = std::chrono::steady_clock;
    struct closer {
        void operator()(PGconn* c) const noexcept { PQfinish(c); }
    };
    struct statement {
        const char* sql;
        std::vector<parameter> values;
    };
    void connect(const secret_text& connection_string);
    void wait(short events, clock::time_point deadline);
    void send(const statement& one);
    PGresult* next_result(clock::time_point deadline);
    [[noreturn]] void fail(trouble kind, const std::string& reason);

    std::chrono::milliseconds timeout_;
    std::unique_ptr<PGconn, closer> handle_;
    std::vector<statement> added_;
};

}  // namespace gateway::ledger

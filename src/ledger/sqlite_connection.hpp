#pragma once
// SQLite's C API with owners and exceptions: a connection, its kept statements, a transaction.
// Source: https://sqlite.org/c3ref/intro.html

#include <sqlite3.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/ledger/records.hpp"

namespace gateway::ledger {

class sqlite_error : public std::exception {
public:
    sqlite_error(int code, std::string message) : code_(code), message_(std::move(message)) {}
    [[nodiscard]] int code() const noexcept { return code_; }  // extended
    [[nodiscard]] trouble kind() const noexcept;
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

private:
    int code_;
    std::string message_;
};

struct blob_view {
    std::string_view bytes;
};

// Empty text is NULL.
[[nodiscard]] inline std::optional<std::string_view> or_null(std::string_view text) {
    if (text.empty()) return std::nullopt;
    return text;
}

class statement {
public:
    explicit statement(sqlite3_stmt* owned) : handle_(owned) {}

    template <class... Values>
    void bind(const Values&... values) {
        int index = 0;
        (bind_one(++index, values), ...);
    }
    // True: there is a row to read.
    [[nodiscard]] bool step();
    void reset() noexcept;

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::string text(int column) const;       // of a blob too; NULL is empty
    [[nodiscard]] std::string_view view(int column) const;  // until the next step
    [[nodiscard]] instant time(int column) const;

private:
    struct finalizer {
        void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
    };
    // Values live until the statement is reset: see run() and query.
    void bind_one(int index, std::string_view value);
    void bind_one(int index, const std::string& value) { bind_one(index, std::string_view(value)); }
    void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
    void bind_one(int index, blob_view value);
    void bind_one(int index, std::int64_t value);
    void bind_one(int index, std::size_t value) { bind_one(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, int value) { bind_one(index, std::int64_t{value}); }
    void bind_one(int index, bool value) { bind_one(index, std::int64_t{value ? 1 : 0}); }
    void bind_one(int index, instant value) { bind_one(index, std::int64_t{value.time_since_epoch().count()}); }
    void bind_one(int index, state value) { bind_one(index, name(value)); }
    void bind_one(int index, std::nullopt_t);
    template <class T>
    void bind_one(int index, const std::optional<T>& value) {
        value ? bind_one(index, *value) : bind_one(index, std::nullopt);
    }
    void check(int code) const;

    std::unique_ptr<sqlite3_stmt, finalizer> handle_;
};

class connection {
public:
    // `flags` of sqlite3_open_v2. Throws sqlite_error.
    connection(const std::string& path, int flags);

    // Runs statements that are not kept and give no rows.
    void execute(const char* sql);
    // A kept statement. `sql` is a literal: its address is what it is kept by.
    [[nodiscard]] statement& kept(const char* sql);

    [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }
    [[nodiscard]] std::int64_t changed_rows() const noexcept { return sqlite3_changes64(handle_.get()); }
    [[nodiscard]] std::int64_t last_row() const noexcept { return sqlite3_last_insert_rowid(handle_.get()); }
    [[nodiscard]] std::int64_t pragma(const char* sql);  // the number it answers

private:
    struct closer {
        void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
    };
    std::unique_ptr<sqlite3, closer> handle_;
    std::unordered_map<const void*, statement> kept_;
};

// One use of a kept statement that gives rows. The values that are bound must outlive it.
class query {
public:
    template <class... Values>
    query(connection& db, const char* sql, const Values&... values) : used_(db.kept(sql)) {
        used_.bind(values...);
    }
    ~query() { used_.reset(); }
    query(const query&) = delete;
    query& operator=(const query&) = delete;

    [[nodiscard]] bool next() { return used_.step(); }
    const statement* operator->() const noexcept { return &used_; }
    const statement& operator*() const noexcept { return used_; }

private:
    statement& used_;
};

// One use of a kept statement that gives none. The number of rows that it changed.
template <class... Values>
std::int64_t run(connection& db, const char* sql, const Values&... values) {
    query once(db, sql, values...);
    while (once.next()) {
    }
    return db.changed_rows();
}

}  // namespace gateway::ledger

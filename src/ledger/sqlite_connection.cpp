#include "sqlite_connection.hpp"

#include <utility>

namespace gateway::ledger {

namespace {

[[noreturn]] void fail(sqlite3* db, int code) {
    throw sqlite_error(code, db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

}  // namespace

trouble sqlite_error::kind() const noexcept {
    switch (code_ & 0xff) {  // the primary code
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return trouble::held;
        case SQLITE_FULL:
            return trouble::full;
        case SQLITE_CORRUPT:
            return trouble::corrupt;
        case SQLITE_NOTADB:
            return trouble::not_a_ledger;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            return trouble::not_writable;
        default:
            return trouble::failing;
    }
}

void statement::check(int code) const {
    if (code != SQLITE_OK) fail(sqlite3_db_handle(handle_.get()), code);
}

void statement::bind_one(int index, std::string_view value) {
    // SQLite takes a null pointer for NULL.
    const char* bytes = value.data() != nullptr ? value.data() : "";
    check(sqlite3_bind_text64(handle_.get(), index, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void statement::bind_one(int index, blob_view value) {
    const char* bytes = value.bytes.data() != nullptr ? value.bytes.data() : "";
    check(sqlite3_bind_blob64(handle_.get(), index, bytes, value.bytes.size(), SQLITE_STATIC));
}

void statement::bind_one(int index, std::int64_t value) { check(sqlite3_bind_int64(handle_.get(), index, value)); }

void statement::bind_one(int index, std::nullopt_t) { check(sqlite3_bind_null(handle_.get(), index)); }

bool statement::step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    fail(sqlite3_db_handle(handle_.get()), code);
}

void statement::reset() noexcept {
    sqlite3_reset(handle_.get());  // says once more what step() has said
    sqlite3_clear_bindings(handle_.get());
}

std::int64_t statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }

bool statement::is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }

std::string_view statement::view(int column) const {
    const void* bytes = sqlite3_column_blob(handle_.get(), column);  // of a text: its bytes
    const int size = sqlite3_column_bytes(handle_.get(), column);
    if (bytes == nullptr || size <= 0) return {};
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::string statement::text(int column) const { return std::string(view(column)); }

instant statement::time(int column) const { return instant(std::chrono::microseconds(integer(column))); }

connection::connection(const std::string& path, int flags) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
    handle_.reset(opened);  // there is one after a failure too, to tell of it
    if (code != SQLITE_OK) fail(opened, opened != nullptr ? sqlite3_extended_errcode(opened) : code);
    sqlite3_extended_result_codes(opened, 1);
}

void connection::execute(const char* sql) {
    const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(handle_.get(), code);
}

statement& connection::kept(const char* sql) {
    const auto found = kept_.find(sql);
    if (found != kept_.end()) return found->second;
    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    if (code != SQLITE_OK) fail(handle_.get(), code);
    return kept_.emplace(sql, statement(prepared)).first->second;
}

std::int64_t connection::pragma(const char* sql) {
    query asked(*this, sql);
    return asked.next() ? asked->integer(0) : 0;
}

}  // namespace gateway::ledger

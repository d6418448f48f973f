#pragma once
// Rows of the tables in PostgreSQL as values, and back: many at once, as one JSON text that a statement takes apart.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "moves.hpp"
#include "postgresql_connection.hpp"

namespace gateway::ledger {

struct postgresql_row : stored_change {
    std::int64_t number = 0, version = 0, key_freed = 0, server_count = 0;
    std::string signature;  // its digest, while it counts
    std::string process;
    bool is_silent = false;  // its process was, when others took the change for unknown
    bool is_rated = false, is_counted = false;
    bool is_new = false, is_changed = false;  // since it was read
};

// For SELECT … FROM changes c; read by read_change().
extern const char* const change_columns;
[[nodiscard]] postgresql_row read_change(const postgresql_rows& rows, int row);

// Objects of one JSON array.
class json_rows {
public:
    json_rows& begin();  // the next object
    json_rows& text(std::string_view column, std::string_view value);
    json_rows& text_or_null(std::string_view column, std::string_view value);  // empty is NULL
    json_rows& bytes(std::string_view column, std::string_view value);
    json_rows& number(std::string_view column, std::int64_t value);
    json_rows& time(std::string_view column, instant value);
    json_rows& time(std::string_view column, const std::optional<instant>& value);
    json_rows& flag(std::string_view column, std::optional<bool> value);
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::string finish();

private:
    void name(std::string_view column);
    std::string all_{"["};
    std::size_t size_ = 0;
    bool is_first_ = true;
};

// All columns of the row; those that a move never touches only where it is new.
void append_change(json_rows& to, const postgresql_row& row);

// Bytes as a parameter.
[[nodiscard]] std::string bytea(std::string_view bytes);
// An array of texts as a parameter.
[[nodiscard]] std::string text_array(const std::vector<std::string>& values);

}  // namespace gateway::ledger

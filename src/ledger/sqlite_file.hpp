#pragma once
// The file of a ledger as a file: who owns it, where it lies, whether it is still there. Never opens the file itself
// while SQLite has it open: closing it again would drop SQLite's locks (https://sqlite.org/howtocorrupt.html, 2.2).

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/ledger/records.hpp"

namespace gateway::ledger {

// What a path leads to. Equal for as long as it is the same file.
struct file_identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const file_identity&) const = default;
};
[[nodiscard]] std::optional<file_identity> identify(const std::string& path);

// In bytes; 0 where there is none.
[[nodiscard]] std::uint64_t file_size(const std::string& path);

// By statfs(2): f_type. Those whose locks or flushes can't be relied upon, FUSE's among them.
[[nodiscard]] bool is_network_file_system(long type) noexcept;

// Why no ledger can be in the directory of that path, or nothing.
[[nodiscard]] std::optional<unavailable> check_directory(const std::string& path);

// Why no file of that path could be made, or nothing; makes none.
[[nodiscard]] std::optional<unavailable> check_creation(const std::string& path);
// Makes an empty file with mode 0600 if there is none. An error's text, or nothing.
[[nodiscard]] std::optional<std::string> create_file(const std::string& path);
// Makes the names in the file's directory durable. An error's text, or nothing.
[[nodiscard]] std::optional<std::string> sync_directory(const std::string& path);

// Says that a gateway owns the ledger: an advisory lock on a file of its own beside it (fcntl(2)), which ends with the
// process however it ends.
class owner_lock {
public:
    owner_lock() = default;
    ~owner_lock();
    owner_lock(const owner_lock&) = delete;
    owner_lock& operator=(const owner_lock&) = delete;

    // Nothing once it is ours.
    [[nodiscard]] std::optional<unavailable> take(const std::string& ledger_path);

private:
    int file_ = -1;
};

// The process that owns the ledger of that path, as it says itself; nothing where none does.
[[nodiscard]] std::optional<std::string> find_owner(const std::string& ledger_path);

}  // namespace gateway::ledger

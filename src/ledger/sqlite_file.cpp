#include "sqlite_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace gateway::ledger {

namespace {

std::string error_text() { return std::generic_category().message(errno); }

std::string directory_of(const std::string& path) {
    const std::string directory = std::filesystem::path(path).parent_path().string();
    return directory.empty() ? "." : directory;
}

std::string lock_path(const std::string& ledger_path) { return ledger_path + ".lock"; }

// An "open file description" lock of fcntl(2), not flock(2): only of that can be asked who has it without taking it,
// and a command that looked would otherwise keep a gateway from starting at that moment.
struct flock whole_file(short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

std::string read_process(int file) {
    std::array<char, 32> text{};
    const auto size = ::pread(file, text.data(), text.size(), 0);
    std::string process(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const bool is_number = !process.empty() && process.find_first_not_of("0123456789") == std::string::npos;
    return is_number ? "process " + process : "another process";
}

}  // namespace

std::optional<file_identity> identify(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return std::nullopt;
    return file_identity{found.st_dev, found.st_ino};
}

std::uint64_t file_size(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

bool is_network_file_system(long type) noexcept {
    // statfs(2) names them; those that linux/magic.h lacks by number.
    constexpr std::array<unsigned long, 14> types{
        NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, CODA_SUPER_MAGIC,
        AFS_SUPER_MAGIC, V9FS_MAGIC,      FUSE_SUPER_MAGIC, CEPH_SUPER_MAGIC, OCFS2_SUPER_MAGIC,
        0x01161970,  // GFS2
        0x0bd00bd0,  // Lustre
        0x47504653,  // GPFS
        0x564c,      // NCP
    };
    return std::ranges::find(types, static_cast<unsigned long>(type) & 0xffffffffUL) != types.end();
}

std::optional<unavailable> check_directory(const std::string& path) {
    const std::string directory = directory_of(path);
    struct stat found {};
    if (::stat(directory.c_str(), &found) != 0)
        return unavailable{trouble::no_directory, "its directory " + directory + ": " + error_text()};
    if (!S_ISDIR(found.st_mode)) return unavailable{trouble::no_directory, directory + " is no directory"};
    struct statfs system {};
    if (::statfs(directory.c_str(), &system) == 0 && is_network_file_system(system.f_type))
        return unavailable{trouble::network_file_system,
                           directory +
                               " is on a network file system, where locks and flushes can't be relied upon; "
                               "use a local disk, or a database"};
    return std::nullopt;
}

std::optional<unavailable> check_creation(const std::string& path) {
    if (auto problem = check_directory(path)) return problem;
    const std::string directory = directory_of(path);
    if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return std::nullopt;
    return unavailable{trouble::not_writable, "it can't be created in " + directory + ": " + error_text()};
}

std::optional<std::string> create_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return errno == EEXIST ? std::nullopt : std::optional(error_text());
    ::close(file);
    return std::nullopt;
}

std::optional<std::string> sync_directory(const std::string& path) {
    const int directory = ::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return error_text();
    const bool done = ::fsync(directory) == 0;
    const std::string error = done ? std::string() : error_text();
    ::close(directory);
    return done ? std::nullopt : std::optional(error);
}

owner_lock::~owner_lock() {
    if (file_ >= 0) ::close(file_);
}

std::optional<unavailable> owner_lock::take(const std::string& ledger_path) {
    if (file_ >= 0) return std::nullopt;
    const std::string path = lock_path(ledger_path);
    const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        const auto kind = errno == ENOSPC || errno == EDQUOT ? trouble::full : trouble::not_writable;
        return unavailable{kind, path + ": " + error_text()};
    }
    struct flock whole = whole_file(F_WRLCK);
    if (::fcntl(file, F_OFD_SETLK, &whole) != 0) {
        const std::string owner = read_process(file);
        ::close(file);
        return unavailable{
            trouble::held,
            owner +
                " owns it; a ledger in a file is one gateway's, several share one in PostgreSQL: ledger.postgresql"};
    }
    // A lock on a file that was deleted since is nobody's.
    struct stat locked {};
    const bool is_same = ::fstat(file, &locked) == 0 && identify(path) == file_identity{locked.st_dev, locked.st_ino};
    if (!is_same) {
        ::close(file);
        return unavailable{trouble::held, path + " was replaced at this moment"};
    }
    // For find_owner(); only the lock itself counts.
    const std::string process = std::to_string(::getpid());
    if (::ftruncate(file, 0) == 0) static_cast<void>(!::pwrite(file, process.data(), process.size(), 0));
    file_ = file;
    return std::nullopt;
}

std::optional<std::string> find_owner(const std::string& ledger_path) {
    const int file = ::open(lock_path(ledger_path).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return std::nullopt;
    struct flock whole = whole_file(F_RDLCK);
    const bool is_held = ::fcntl(file, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    auto owner = is_held ? std::optional(read_process(file)) : std::nullopt;
    ::close(file);
    return owner;
}

}  // namespace gateway::ledger

#pragma once
// A ledger in a file, and other processes that use it.

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "stores.hpp"

namespace gateway::ledger {

class ledger_file : public testing::Test {
protected:
    using access = sqlite_options::access;

    std::unique_ptr<store> make(access mode = access::owner) {
        return make_sqlite_store({.file = folder.file(), .mode = mode, .busy_timeout = 50ms, .process = "me"});
    }
    std::unique_ptr<store> opened(access mode = access::owner) {
        auto made = make(mode);
        const auto problem = made->open();
        if (problem) throw std::runtime_error(problem->reason);
        return made;
    }
    static trouble kind(const std::optional<unavailable>& problem) { return problem.value().kind; }
    // By a connection of its own, as any other program would.
    void execute(const char* sql) {
        sqlite3* db = nullptr;
        ASSERT_EQ(sqlite3_open(folder.file().c_str(), &db), SQLITE_OK);
        char* error = nullptr;
        EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, &error), SQLITE_OK) << error;
        sqlite3_close(db);
    }
    static std::string record(store& target, const std::string& id, const std::string& server = "s1") {
        return word(commit_one(target, writes::record{resize(id, server)}));
    }
    temporary_folder folder;
};

// A process of its own, killed at the end.
class child {
public:
    template <class Work>
    explicit child(Work work) : process_(::fork()) {
        if (process_ == 0) {
            work();
            ::_exit(0);
        }
    }
    ~child() { kill(); }
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    void wait_until_stopped() {
        int status = 0;
        ASSERT_EQ(::waitpid(process_, &status, WUNTRACED), process_);
        ASSERT_TRUE(WIFSTOPPED(status));
    }
    void go_on() { ::kill(process_, SIGCONT); }
    void kill() {
        if (process_ <= 0) return;
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
    }
    [[nodiscard]] pid_t id() const { return process_; }

private:
    pid_t process_;
};

}  // namespace gateway::ledger

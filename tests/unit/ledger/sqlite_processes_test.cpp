// Several processes with one ledger's file: owners, commands, and what is left when one is stopped or killed.
#include "files.hpp"

namespace gateway::ledger {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ledger_file_of_processes : public ledger_file {};

TEST_F(ledger_file_of_processes, has_one_owner) {
    int told[2];
    ASSERT_EQ(::pipe(told), 0);
    child other([&] {
        const auto ledger = opened();
        record(*ledger, "c1");
        static_cast<void>(!::write(told[1], "x", 1));
        ::pause();
    });
    char byte = 0;
    ASSERT_EQ(::read(told[0], &byte, 1), 1);
    const auto ledger = make();
    const auto problem = ledger->open();
    EXPECT_EQ(kind(problem), trouble::held);
    EXPECT_TRUE(can_wait(problem->kind));
    EXPECT_THAT(problem->reason, HasSubstr("process " + std::to_string(other.id())));
    EXPECT_EQ(find_file_owner(folder.file()), "process " + std::to_string(other.id()));
    {  // a command may read and freeze meanwhile
        const auto command = opened(access::writer);
        EXPECT_TRUE(commit_one(*command, writes::add_freeze{{"f1", {}, "why", "me", start, std::nullopt}}).value());
        EXPECT_TRUE(opened(access::reader)->find("c1", start).value());
    }
    other.kill();
    EXPECT_FALSE(ledger->open());
    EXPECT_EQ(find_file_owner(folder.file()), "process " + std::to_string(::getpid()));
    EXPECT_EQ(record(*ledger, "c2"), "frozen");
    ::close(told[0]);
    ::close(told[1]);
}

TEST_F(ledger_file_of_processes, opens_while_a_command_looks_for_its_owner) {
    opened();
    const child command([&] {
        for (;;)
            static_cast<void>(find_file_owner(folder.file()));
    });
    for (int attempt = 0; attempt < 200; ++attempt) {
        const auto problem = make()->open();
        ASSERT_FALSE(problem) << "attempt " << attempt << ": " << problem->reason;
    }
}

// The stores name their processes themselves here.
TEST_F(ledger_file_of_processes, has_unknown_what_a_gone_process_was_sending) {
    const auto open_by_another = [&] {
        auto made = make_sqlite_store({.file = folder.file()});
        if (const auto problem = made->open()) throw std::runtime_error(problem->reason);
        return made;
    };
    {
        const auto before = open_by_another();
        record(*before, "c1");
        record(*before, "c2", "s2");
        commit_one(*before, answer("c2", state::accepted)).value();
        EXPECT_THAT(commit_one(*before, writes::recover{start}).value(), IsEmpty());
    }
    const auto after = open_by_another();
    EXPECT_THAT(commit_one(*after, writes::recover{start + 1s}).value(), testing::ElementsAre("c1"));
    const change c1 = after->find("c1", start + 1s).value().value();
    EXPECT_EQ(c1.current, state::unknown);
    EXPECT_TRUE(c1.holds);
    EXPECT_EQ(after->find("c2", start).value()->current, state::accepted);
    EXPECT_THAT(commit_one(*after, writes::recover{start + 2s}).value(), IsEmpty());
}

TEST_F(ledger_file_of_processes, waits_no_longer_than_it_may_for_a_command_that_was_stopped_in_its_transaction) {
    child command([&] {
        opened();
        sqlite3* db = nullptr;
        if (sqlite3_open(folder.file().c_str(), &db) != SQLITE_OK) ::_exit(1);
        sqlite3_exec(db, "PRAGMA wal_autocheckpoint = 0; BEGIN IMMEDIATE; UPDATE ledger SET oldest_schema = 1", nullptr,
                     nullptr, nullptr);
        ::raise(SIGSTOP);
        sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
        ::pause();
    });
    command.wait_until_stopped();
    const auto ledger = make();
    EXPECT_EQ(kind(ledger->open()), trouble::held);
    command.go_on();
    std::optional<unavailable> problem;
    for (int i = 0; i < 400 && (problem = ledger->open()); ++i) {  // each waits for the lock for 50 ms
    }
    EXPECT_FALSE(problem);
    EXPECT_EQ(record(*ledger, "c1"), "recorded");
}

TEST_F(ledger_file_of_processes, that_is_open_goes_on_when_a_stopped_command_has_gone) {
    { opened(); }
    child command([&] {
        sqlite3* db = nullptr;
        if (sqlite3_open(folder.file().c_str(), &db) != SQLITE_OK) ::_exit(1);
        ::raise(SIGSTOP);
        sqlite3_exec(db, "PRAGMA wal_autocheckpoint = 0; BEGIN IMMEDIATE; UPDATE ledger SET oldest_schema = 1", nullptr,
                     nullptr, nullptr);
        ::raise(SIGSTOP);
    });
    command.wait_until_stopped();
    const auto ledger = opened();
    record(*ledger, "c1");
    command.go_on();
    command.wait_until_stopped();
    const auto result = commit_one(*ledger, writes::record{resize("c2", "s2")});
    ASSERT_EQ(word(result), "unavailable");
    EXPECT_EQ(std::get<unavailable>(result).kind, trouble::held);
    EXPECT_TRUE(ledger->is_open());
    EXPECT_TRUE(ledger->find("c1", start).value());
    command.kill();
    EXPECT_EQ(record(*ledger, "c2", "s2"), "recorded");
}

// The child says on a pipe what it was told; after its end by SIGKILL the ledger has all of that, and nothing half.
TEST_F(ledger_file_of_processes, has_what_was_acknowledged_when_its_process_is_killed) {
    for (std::size_t kill_after = 0; kill_after <= 12; ++kill_after) {
        const std::string prefix = "k" + std::to_string(kill_after) + ".";
        const auto id = [&](std::size_t i) { return prefix + std::to_string(i); };
        int told[2];
        ASSERT_EQ(::pipe(told), 0);
        child sender([&] {
            const auto ledger = make_sqlite_store({.file = folder.file(), .process = prefix});
            if (ledger->open()) ::_exit(1);
            for (std::size_t i = 0;; ++i) {
                record(*ledger, id(i), id(i));
                static_cast<void>(!::write(told[1], "r", 1));
                static_cast<void>(commit_one(*ledger, answer(id(i), state::accepted)));
                static_cast<void>(!::write(told[1], "a", 1));
            }
        });
        ::close(told[1]);
        std::string acknowledged(kill_after, ' ');
        for (char& each : acknowledged)
            ASSERT_EQ(::read(told[0], &each, 1), 1);
        sender.kill();
        for (char byte = 0; ::read(told[0], &byte, 1) == 1;)
            acknowledged += byte;
        ::close(told[0]);
        const auto ledger = make();
        const auto problem = ledger->open();
        ASSERT_FALSE(problem) << problem->reason;
        const auto left = commit_one(*ledger, writes::recover{start}).value();
        EXPECT_LE(left.size(), 1U);
        EXPECT_THAT(ledger->check().value(), IsEmpty());
        const std::size_t records = (acknowledged.size() + 1) / 2, answers = acknowledged.size() / 2;
        for (std::size_t i = 0; i < records; ++i) {
            const auto found = ledger->find(id(i), start).value();
            ASSERT_TRUE(found) << id(i);
            EXPECT_NE(found->current, state::sending) << id(i);
            EXPECT_TRUE(i >= answers || found->current == state::accepted) << id(i);
        }
        EXPECT_FALSE(ledger->find(id(records + 1), start).value());
    }
}

TEST_F(ledger_file_of_processes, has_nothing_of_a_transaction_whose_process_was_killed) {
    { opened(); }
    child command([&] {
        sqlite3* db = nullptr;
        if (sqlite3_open(folder.file().c_str(), &db) != SQLITE_OK) ::_exit(1);
        sqlite3_exec(db,
                     "BEGIN IMMEDIATE; INSERT INTO freezes (id, account, caller, server_id, operations, reason, set_by,"
                     " since) VALUES ('f1', '', '', '', '', '', '', 0)",
                     nullptr, nullptr, nullptr);
        ::raise(SIGSTOP);
    });
    command.wait_until_stopped();
    command.kill();
    const auto ledger = opened();
    EXPECT_THAT(ledger->freezes(start).value(), IsEmpty());
    EXPECT_EQ(record(*ledger, "c1"), "recorded");
}

}  // namespace
}  // namespace gateway::ledger

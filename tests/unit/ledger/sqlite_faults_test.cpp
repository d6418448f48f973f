// What can happen to a ledger's file.
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "files.hpp"
#include "sqlite_file.hpp"

namespace gateway::ledger {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// As somebody who may not do everything.
class as_nobody {
public:
    as_nobody() {
        if (was_ == 0 && ::seteuid(65534) != 0) throw std::runtime_error("seteuid");
    }
    ~as_nobody() { static_cast<void>(!::seteuid(was_)); }
    as_nobody(const as_nobody&) = delete;
    as_nobody& operator=(const as_nobody&) = delete;

private:
    uid_t was_ = ::geteuid();
};

TEST_F(ledger_file, is_for_its_owner_alone) {
    const auto ledger = opened();
    EXPECT_EQ(record(*ledger, "c1"), "recorded");
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
        struct stat found {};
        ASSERT_EQ(::stat(folder.file("ledger.db" + std::string(suffix)).c_str(), &found), 0) << suffix;
        EXPECT_EQ(found.st_mode & 07777, 0600U) << suffix;
    }
}

TEST_F(ledger_file, keeps_what_was_recorded) {
    EXPECT_EQ(record(*opened(), "c1"), "recorded");
    EXPECT_EQ(record(*opened(), "c2"), "busy");
    EXPECT_THAT(opened()->check().value(), IsEmpty());
}

TEST_F(ledger_file, is_not_made_where_it_can_not_be) {
    const auto nowhere = make_sqlite_store({.file = folder.file("nowhere/ledger.db")});
    const auto problem = nowhere->open();
    EXPECT_EQ(kind(problem), trouble::no_directory);
    EXPECT_THAT(problem->reason, HasSubstr("nowhere"));
    EXPECT_FALSE(can_wait(problem->kind));
    EXPECT_EQ(word(commit_one(*nowhere, writes::record{resize("c1")})), "unavailable");
    ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
    const as_nobody unprivileged;
    EXPECT_EQ(kind(make()->open()), trouble::not_writable);
}

TEST_F(ledger_file, is_made_by_its_owner_alone) {
    EXPECT_EQ(kind(make(access::writer)->open()), trouble::not_there);
    EXPECT_EQ(kind(make(access::reader)->open()), trouble::not_there);
    EXPECT_FALSE(std::filesystem::exists(folder.file()));
}

TEST_F(ledger_file, that_is_read_only_is_refused) {
    record(*opened(), "c1");
    for (const char* suffix : {"", "-wal", "-shm", ".lock"})
        std::filesystem::permissions(folder.file("ledger.db" + std::string(suffix)), std::filesystem::perms(0666));
    ASSERT_EQ(::chmod(folder.file().c_str(), 0444), 0);
    ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
    const as_nobody unprivileged;
    const auto problem = make()->open();
    EXPECT_EQ(kind(problem), trouble::not_writable) << problem->reason;
    EXPECT_THAT(problem->reason, HasSubstr(folder.file()));
}

TEST_F(ledger_file, on_a_full_disk_fails_closed_and_works_again) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a small disk";
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0)
        GTEST_SKIP() << "no small disk can be mounted here";
    {
        const auto ledger = opened();
        EXPECT_EQ(record(*ledger, "c1"), "recorded");
        {
            std::ofstream filler(folder.file("filler"), std::ios::binary);
            const std::string block(4096, 'x');
            while (filler.write(block.data(), 4096).flush()) {
            }
        }
        record_result last;
        for (int i = 0;
             i < 100 &&
             word(last = commit_one(*ledger, writes::record{resize("d" + std::to_string(i),
                                                                   "s" + std::to_string(i + 9))})) == "recorded";
             ++i) {
        }
        ASSERT_EQ(word(last), "unavailable");
        EXPECT_EQ(std::get<unavailable>(last).kind, trouble::full) << std::get<unavailable>(last).reason;
        EXPECT_FALSE(ledger->is_open());
        std::filesystem::remove(folder.file("filler"));
        EXPECT_FALSE(ledger->open());
        EXPECT_EQ(record(*ledger, "c2"), "busy");
        EXPECT_EQ(record(*ledger, "c3", "s3"), "recorded");
        EXPECT_THAT(ledger->check().value(), IsEmpty());
    }
    EXPECT_EQ(::umount2(folder.path().c_str(), MNT_DETACH), 0);
}

TEST_F(ledger_file, that_is_deleted_is_not_made_anew) {
    const auto ledger = opened();
    record(*ledger, "c1");
    std::filesystem::rename(folder.file(), folder.file("elsewhere"));
    EXPECT_EQ(record(*ledger, "c2", "s2"), "unavailable");
    EXPECT_EQ(kind(ledger->open()), trouble::away);
    EXPECT_FALSE(std::filesystem::exists(folder.file()));
    std::filesystem::rename(folder.file("elsewhere"), folder.file());
    EXPECT_FALSE(ledger->open());
    EXPECT_EQ(record(*ledger, "c3"), "busy");
    EXPECT_EQ(record(*ledger, "c4", "s2"), "recorded");
}

TEST_F(ledger_file, that_is_replaced_is_not_taken_for_the_old_one) {
    const auto ledger = opened();
    record(*ledger, "c1");
    std::filesystem::copy_file(folder.file(), folder.file("copy"));
    std::filesystem::rename(folder.file("copy"), folder.file());
    const auto problem = ledger->maintain();
    EXPECT_EQ(kind(problem), trouble::away);
    EXPECT_THAT(problem->reason, HasSubstr("replaced by another file"));
    EXPECT_EQ(kind(ledger->open()), trouble::away);
}

TEST_F(ledger_file, that_is_no_ledger_is_left_alone) {
    std::ofstream(folder.file()) << std::string(8192, 'x');
    const auto problem = make()->open();
    EXPECT_EQ(kind(problem), trouble::not_a_ledger) << problem->reason;
    std::filesystem::remove(folder.file());
    execute("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    EXPECT_EQ(kind(make()->open()), trouble::not_a_ledger);
    execute("SELECT * FROM theirs");
}

TEST_F(ledger_file, that_is_corrupt_is_said_to_be) {
    {
        const auto ledger = opened();
        for (int i = 0; i < 200; ++i)
            record(*ledger, "c" + std::to_string(i), "s" + std::to_string(i));
    }
    const auto size = std::filesystem::file_size(folder.file());
    std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    for (std::uintmax_t offset = 4096; offset < size; ++offset)
        file.put('\x55');
    file.close();
    const auto ledger = make();
    auto problem = ledger->open();
    if (!problem) {
        const auto problems = ledger->check();
        EXPECT_TRUE(!problems || !problems->empty());
        const auto result = commit_one(*ledger, writes::record{resize("d1", "t1")});
        ASSERT_EQ(word(result), "unavailable");
        problem = std::get<unavailable>(result);
    }
    EXPECT_EQ(kind(problem), trouble::corrupt) << problem->reason;
}

TEST_F(ledger_file, of_a_newer_version_is_used_as_far_as_it_allows) {
    opened();
    execute("PRAGMA user_version = 99");
    EXPECT_FALSE(make()->open());  // that version only added
    execute("UPDATE ledger SET oldest_schema = 99");
    const auto problem = make()->open();
    EXPECT_EQ(kind(problem), trouble::too_new);
    EXPECT_THAT(problem->reason, HasSubstr("newer version"));
}

TEST_F(ledger_file, of_an_older_version_is_migrated_by_its_owner_alone) {
    std::ofstream(folder.file()).flush();  // as one is that was created, and not yet written to
    const auto command = make(access::writer);
    const auto problem = command->open();
    EXPECT_EQ(kind(problem), trouble::outdated);
    EXPECT_THAT(problem->reason, HasSubstr("ecs-gateway ledger check --migrate"));
    opened();
    EXPECT_FALSE(command->open());
}

TEST_F(ledger_file, is_tried_without_being_made_or_changed) {
    EXPECT_FALSE(try_file(folder.file()));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    const auto nowhere = try_file(folder.file("nowhere/ledger.db"));
    EXPECT_EQ(kind(nowhere), trouble::no_directory);
    EXPECT_THAT(nowhere->reason, HasSubstr("ledger in file " + folder.file("nowhere/ledger.db")));
    std::ofstream(folder.file()).flush();
    EXPECT_FALSE(try_file(folder.file())) << "a start migrates it";
    const auto ledger = opened();
    EXPECT_FALSE(try_file(folder.file())) << "a start waits for its owner to go";
    execute("PRAGMA user_version = 99; UPDATE ledger SET oldest_schema = 99");
    EXPECT_EQ(kind(try_file(folder.file())), trouble::too_new);
    std::ofstream(folder.file("other.db")) << std::string(8192, 'x');
    EXPECT_EQ(kind(try_file(folder.file("other.db"))), trouble::not_a_ledger);
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
    const as_nobody unprivileged;
    EXPECT_EQ(kind(try_file(folder.file("new.db"))), trouble::not_writable);
}

TEST_F(ledger_file, is_checkpointed_by_its_owner_alone) {
    const auto log_size = [&] { return std::filesystem::file_size(folder.file("ledger.db-wal")); };
    const auto ledger = opened();
    {
        const auto command = opened(access::writer);
        for (int i = 0; i < 300; ++i)
            record(*command, "c" + std::to_string(i), "s" + std::to_string(i));
        EXPECT_FALSE(command->maintain());
    }
    EXPECT_GT(log_size(), 1000U * 4096U);
    record(*ledger, "d1", "t1");
    EXPECT_FALSE(ledger->maintain());
    EXPECT_EQ(log_size(), 0U);
    EXPECT_TRUE(ledger->find("c299", start).value());
}

TEST_F(ledger_file, is_not_held_up_by_a_reader_in_its_transaction) {
    const auto ledger = opened();
    record(*ledger, "c0", "t0");
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(folder.file().c_str(), &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    ASSERT_EQ(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM changes", nullptr, nullptr, nullptr), SQLITE_OK);
    for (int i = 0; i < 300; ++i)
        ASSERT_EQ(record(*ledger, "c" + std::to_string(i + 1), "s" + std::to_string(i)), "recorded");
    EXPECT_FALSE(ledger->maintain());
    EXPECT_EQ(record(*ledger, "d1", "t1"), "recorded");
    sqlite3_close(db);
    EXPECT_THAT(ledger->check().value(), IsEmpty());
}

TEST_F(ledger_file, is_not_put_on_a_network_file_system) {
    for (const long type : {0x6969L, 0xff534d42L, 0xfe534d42L, 0x65735546L, 0x00c36400L, 0x01021997L})
        EXPECT_TRUE(is_network_file_system(type)) << std::hex << type;
    for (const long type : {0xef53L, 0x58465342L, 0x9123683eL, 0x01021994L, 0x794c7630L, 0x2fc12fc1L})
        EXPECT_FALSE(is_network_file_system(type)) << std::hex << type;
    EXPECT_FALSE(can_wait(trouble::network_file_system));
}

}  // namespace
}  // namespace gateway::ledger

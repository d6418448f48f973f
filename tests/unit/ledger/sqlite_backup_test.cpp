#include <sys/stat.h>

#include <thread>

#include "files.hpp"

namespace gateway::ledger {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class backup_of_a_ledger_file : public ledger_file {
protected:
    std::optional<unavailable> back_up(const std::string& to) {
        return back_up_file(folder.file(), to, [this](std::size_t done, std::size_t total) {
            ++steps;
            EXPECT_LE(done, total);
        });
    }
    std::string copy = folder.file("copy.db");
    int steps = 0;
};

TEST_F(backup_of_a_ledger_file, has_what_was_recorded_and_is_for_its_owner_alone) {
    const auto ledger = opened();
    record(*ledger, "c1");
    const auto problem = back_up(copy);
    ASSERT_FALSE(problem) << problem->reason;
    EXPECT_GT(steps, 0);
    struct stat found {};
    ASSERT_EQ(::stat(copy.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0600U);
    EXPECT_FALSE(std::filesystem::exists(copy + ".partial"));
    record(*ledger, "c2", "s2");
    const auto restored = make_sqlite_store({.file = copy});
    ASSERT_FALSE(restored->open());
    EXPECT_TRUE(restored->find("c1", start).value());
    EXPECT_FALSE(restored->find("c2", start).value());
    EXPECT_THAT(restored->check().value(), IsEmpty());
}

// Between the steps of the copy, the gateway commits: the copy neither begins anew nor has a bit of it.
TEST_F(backup_of_a_ledger_file, is_of_one_moment_though_the_gateway_goes_on) {
    const auto ledger = opened();
    for (int i = 0; i < 20; ++i) {
        std::vector<any_write> batch;
        for (int j = 0; j < 300; ++j)
            batch.emplace_back(writes::record{resize("c" + std::to_string(300 * i + j), std::to_string(300 * i + j))});
        std::vector<any_result> results;
        ASSERT_FALSE(ledger->commit(batch, results));
    }
    int meanwhile = 0;
    const auto problem = back_up_file(folder.file(), copy, [&](std::size_t, std::size_t) {
        EXPECT_EQ(record(*ledger, "d" + std::to_string(meanwhile), "t" + std::to_string(meanwhile)), "recorded");
        EXPECT_FALSE(ledger->maintain());
        ++meanwhile;
    });
    ASSERT_FALSE(problem) << problem->reason;
    EXPECT_GT(meanwhile, 1);
    EXPECT_LT(meanwhile, 50);
    const auto restored = make_sqlite_store({.file = copy});
    ASSERT_FALSE(restored->open());
    EXPECT_EQ(restored->describe_contents(start).value().changes, 6000U);
    EXPECT_THAT(restored->check().value(), IsEmpty());
}

TEST_F(backup_of_a_ledger_file, replaces_no_file) {
    opened();
    for (const char* suffix : {"", ".partial"}) {
        std::ofstream(copy + suffix) << "mine";
        const auto problem = back_up(copy);
        EXPECT_EQ(kind(problem), trouble::not_writable);
        EXPECT_THAT(problem->reason, HasSubstr(copy + suffix + " is there already"));
        EXPECT_EQ(std::filesystem::file_size(copy + suffix), 4U);
        std::filesystem::remove(copy + suffix);
    }
}

TEST_F(backup_of_a_ledger_file, that_can_not_be_made_leaves_no_copy) {
    EXPECT_EQ(kind(back_up(copy)), trouble::not_there);
    std::ofstream(folder.file()) << std::string(8192, 'x');
    EXPECT_EQ(kind(back_up(copy)), trouble::not_a_ledger);
    EXPECT_EQ(kind(back_up(folder.file("nowhere/copy.db"))), trouble::not_writable);
    EXPECT_FALSE(std::filesystem::exists(copy));
    EXPECT_FALSE(std::filesystem::exists(copy + ".partial"));
}

}  // namespace
}  // namespace gateway::ledger

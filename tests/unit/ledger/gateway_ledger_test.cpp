#include "gateway/ledger/gateway_ledger.hpp"

#include "threads.hpp"

namespace gateway::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ledger_of_a_gateway : public testing::Test {
protected:
    ledger_options options() {
        return {.file = folder.file(), .timeout = 2s, .keep = 24h * 365 * 100, .on_first_open = {}};
    }
    temporary_folder folder;
};

TEST_F(ledger_of_a_gateway, takes_what_comes_while_it_is_being_opened) {
    gateway_ledger ledger(options());
    EXPECT_EQ(word(get(record(ledger.writer(), resize("c1")))), "recorded");
}

TEST_F(ledger_of_a_gateway, reads_by_a_thread_of_its_own_what_was_written) {
    gateway_ledger ledger(options());
    get(record(ledger.writer(), resize("c1")));
    EXPECT_NE(&ledger.reader(), &ledger.writer());
    EXPECT_TRUE(find(ledger.reader(), "c1").value());
    EXPECT_EQ(ledger.reader().describe(), "file " + folder.file());
}

TEST_F(ledger_of_a_gateway, in_memory_reads_where_it_writes) {
    gateway_ledger ledger({.keep = 24h});
    get(record(ledger.writer(), resize("c1")));
    EXPECT_TRUE(find(ledger.reader(), "c1").value());
    EXPECT_EQ(ledger.reader().describe(), "memory");
}

// In containers each of them is process 1.
TEST_F(ledger_of_a_gateway, takes_no_process_before_it_for_itself) {
    {
        gateway_ledger before(options());
        get(record(before.writer(), resize("c1")));
    }
    std::promise<std::vector<std::string>> recovered;
    auto with_recovered = options();
    with_recovered.on_first_open = [&](std::vector<std::string> ids) { recovered.set_value(std::move(ids)); };
    gateway_ledger ledger(std::move(with_recovered));
    EXPECT_THAT(get(recovered.get_future()), ElementsAre("c1"));
    EXPECT_EQ(state_in(ledger.reader(), "c1", "unknown"), "unknown");
}

TEST_F(ledger_of_a_gateway, says_why_it_can_not_be_opened) {
    auto elsewhere = options();
    elsewhere.file = folder.file("nowhere/ledger.db");
    std::promise<std::vector<std::string>> recovered;
    gateway_ledger ledger(std::move(elsewhere));
    ASSERT_TRUE(comes_true([&] { return ledger.writer().status().cause.has_value(); }));
    EXPECT_EQ(ledger.writer().status().cause->kind, trouble::no_directory);
    EXPECT_EQ(find(ledger.reader(), "c1").error().kind, trouble::no_directory);
}

}  // namespace
}  // namespace gateway::ledger

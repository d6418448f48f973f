#include "ledger_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace gateway::runtime {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class a_watched_ledger : public testing::Test {
protected:
    template <class Write>
    void write(Write made) {
        std::promise<bool> done;
        watched.writer().submit(std::move(made), std::chrono::steady_clock::now() + 20s,
                                ledger::completion<typename Write::result>([&](auto&&) { done.set_value(true); }));
        ASSERT_EQ(done.get_future().wait_for(20s), std::future_status::ready);
    }
    void record(const std::string& id) {
        ledger::writes::record made;
        made.request.id = id;
        made.request.operation = "resize";
        made.request.server_ids = {"of-" + id};
        made.request.begun = begun;
        write(std::move(made));
    }
    // Runs the context until that is so.
    bool comes_true(const std::function<bool()>& condition) {
        for (const auto end = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < end;) {
            if (condition()) return true;
            context.run_one_for(100ms);
            context.restart();
        }
        return false;
    }
    static std::vector<std::string> ids(const std::vector<ledger::change>& changes) {
        std::vector<std::string> all;
        for (const auto& each : changes)
            all.push_back(each.request.id);
        return all;
    }
    static std::size_t unknown(const ledger_contents& contents) {
        for (const auto& each : contents.counts) {
            if (each.current == ledger::state::unknown) return each.count;
        }
        return 0;
    }

    const ledger::instant begun =
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    boost::asio::io_context context;
    ledger::gateway_ledger watched{{.keep = 24h}};
};

TEST_F(a_watched_ledger, is_read_again_and_again) {
    ledger_watch watch(context, watched, 2s);
    EXPECT_THAT(watch.last().counts, IsEmpty());
    ASSERT_TRUE(comes_true([&] { return !watch.last().counts.empty(); }));
    EXPECT_EQ(unknown(watch.last()), 0U);
    record("c1");
    write(ledger::writes::unknown{"c1", "no answer in time", begun});
    write(ledger::writes::add_freeze{
        {.id = "f1", .scope = {}, .reason = "r", .author = "a", .since = begun, .until = {}}});
    EXPECT_TRUE(comes_true([&] { return unknown(watch.last()) == 1 && watch.last().freezes.size() == 1; }));
    EXPECT_THAT(watch.last().open, IsEmpty());  // nobody looks at the lists
}

TEST_F(a_watched_ledger, gives_the_lists_to_who_looks_at_them) {
    ledger_watch watch(context, watched, 2s);
    for (const char* id : {"c1", "c2", "c3", "c4"})
        record(id);
    for (const char* id : {"c2", "c3"})
        write(ledger::writes::answered{id, ledger::state::refused, {400, "application/json", "{}"}, {}, begun});
    ASSERT_TRUE(comes_true([&] { return !watch.last_with_lists().ended.empty(); }));
    EXPECT_THAT(ids(watch.last().open), ElementsAre("c1", "c4"));
    EXPECT_THAT(ids(watch.last().ended), ElementsAre("c3", "c2"));
}

TEST_F(a_watched_ledger, may_outlive_the_watch_and_its_reads) {
    for (int i = 0; i < 100; ++i)
        const ledger_watch watch(context, watched, 2s);
    record("c1");
    context.run_for(20s);
    EXPECT_TRUE(context.stopped());
}

}  // namespace
}  // namespace gateway::runtime

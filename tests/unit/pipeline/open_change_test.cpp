#include "open_change.hpp"

#include <gtest/gtest.h>

namespace gateway::pipeline {
namespace {

using namespace std::chrono_literals;
using ledger::state;

ledger::change_request request_of(const std::string& id) {
    ledger::change_request request;
    request.id = id;
    request.identity.caller = "planner";
    request.identity.account = "acme";
    request.identity.fingerprint = "f";
    request.operation = "resize";
    request.project_id = "p";
    request.region = "cn-north-4";
    request.rule = "grow";
    request.server_ids = {id};
    request.holds_server = true;
    request.begun = ledger_time();
    return request;
}

struct a_change_whose_call_is_cut_off : testing::Test {
    net::loop loop;
    ledger::gateway_ledger memory{{.file = {}, .timeout = 2s, .keep = 24h}};
    ledger::ledger_client client{loop, memory};

    void run(task<> work) {
        loop.spawn(std::move(work), [](const std::exception_ptr& exception) { EXPECT_FALSE(exception); });
        loop.post([this] { loop.finish(); });
        loop.run();
    }
    task<std::optional<ledger::change>> find(std::string id) {
        auto look_up = [id](ledger::store& store) { return store.find(id, ledger_time()); };
        auto reading = client.read<std::optional<ledger::change>>(std::move(look_up), 2s);
        auto found = co_await std::move(reading);
        if (!found) co_return std::nullopt;
        co_return *found;
    }
    // What the call does not wait for is written a moment later.
    task<> expect(std::string id, state expected) {
        std::string_view current;
        for (int i = 0; i < 5000 && current != ledger::name(expected); ++i) {
            const auto found = co_await find(id);
            current = found ? ledger::name(found->current) : "none";
            co_await net::pause(loop, 1ms);
        }
        EXPECT_EQ(current, ledger::name(expected));
    }
};

TEST_F(a_change_whose_call_is_cut_off, before_it_was_sent_is_not_sent) {
    const auto work = [&]() -> task<> {
        {
            open_change change(client, request_of("one"), 2s);
            const auto result = co_await change.record();
            EXPECT_TRUE(std::holds_alternative<ledger::recorded>(result));
            co_await expect("one", state::sending);
        }
        co_await expect("one", state::not_sent);
    };
    run(work());
}

TEST_F(a_change_whose_call_is_cut_off, after_it_was_sent_is_unknown) {
    const auto work = [&]() -> task<> {
        {
            open_change change(client, request_of("one"), 2s);
            static_cast<void>(co_await change.record());
            change.on_sending();
        }
        co_await expect("one", state::unknown);
    };
    run(work());
}

TEST_F(a_change_whose_call_is_cut_off, after_its_answer_is_what_the_answer_said) {
    const auto work = [&]() -> task<> {
        {
            open_change change(client, request_of("one"), 2s);
            static_cast<void>(co_await change.record());
            change.on_sending();
            const ledger::kept_answer answer{200, "application/json", "{}"};
            const ledger::facts learnt;
            const bool is_recorded = co_await change.finish(state::accepted, answer, learnt);
            EXPECT_TRUE(is_recorded);
            EXPECT_EQ(change.close(), std::nullopt);
        }
        co_await expect("one", state::accepted);
    };
    run(work());
}

TEST_F(a_change_whose_call_is_cut_off, while_its_record_is_refused_leaves_nothing) {
    const auto work = [&]() -> task<> {
        open_change first(client, request_of("one"), 2s);
        static_cast<void>(co_await first.record());
        {
            auto request = request_of("two");
            request.server_ids = {"one"};
            open_change second(client, std::move(request), 2s);
            const auto result = co_await second.record();
            EXPECT_TRUE(std::holds_alternative<ledger::busy>(result));
        }
        const auto found = co_await find("two");
        EXPECT_FALSE(found.has_value());
    };
    run(work());
}

// The call is gone while its record is on its way to the disk.
TEST(a_result_that_nobody_awaits, goes_to_its_fallback_whichever_was_first) {
    net::loop loop;
    for (const bool delivered_first : {true, false}) {
        int unawaited = 0;
        ledger::ledger_reply<int> reply(loop, [&](int result) { unawaited = result; });
        if (delivered_first) reply.deliver(7);
        reply.abandon();
        if (!delivered_first) reply.deliver(7);
        EXPECT_EQ(unawaited, 7);
    }
    int unawaited = 0;
    ledger::ledger_reply<int> reply(loop, [&](int result) { unawaited = result; });
    reply.deliver(7);
    EXPECT_EQ(reply.take(), 7);
    reply.abandon();
    EXPECT_EQ(unawaited, 0);
}

TEST(the_clock_of_records, goes_on) {
    const auto before = time_since_boot();
    EXPECT_GT(before, 0s);
    EXPECT_GE(time_since_boot(), before);
}

}  // namespace
}  // namespace gateway::pipeline

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "threads.hpp"

namespace gateway::ledger {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
// What a store's disk does, by hand.
struct disk {
    std::mutex lock;
    std::condition_variable changed;
    bool hangs = false;
    bool is_hanging = false;  // a commit is in there
    std::vector<std::size_t> batches;
    std::vector<commit_failure> failures;  // of the next commits; the write is done all the same where it is in doubt
    std::optional<unavailable> closed;     // why it can't be opened

    void set_hanging(bool now) {
        const std::lock_guard held(lock);
        hangs = now;
        changed.notify_all();
    }
    void wait_until_hanging() {
        std::unique_lock held(lock);
        ASSERT_TRUE(changed.wait_for(held, patience, [&] { return is_hanging; }));
    }
    std::vector<std::size_t> batch_sizes() {
        const std::lock_guard held(lock);
        return batches;
    }
};

class store_on_a_disk final : public store {
public:
    explicit store_on_a_disk(disk& device) : device_(device) {}
    std::string describe() const override { return "test"; }
    std::optional<unavailable> open() override {
        {
            const std::lock_guard held(device_.lock);
            if (device_.closed) return device_.closed;
        }
        return inner_->open();
    }
    bool is_open() const noexcept override { return inner_->is_open(); }
    std::optional<commit_failure> commit(std::span<const any_write> batch, std::vector<any_result>& results) override {
        std::optional<commit_failure> failure;
        {
            std::unique_lock held(device_.lock);
            if (!batch.empty()) device_.batches.push_back(batch.size());
            device_.is_hanging = device_.hangs;
            device_.changed.notify_all();
            device_.changed.wait(held, [&] { return !device_.hangs; });
            device_.is_hanging = false;
            if (!batch.empty() && !device_.failures.empty()) {
                failure = device_.failures.front();
                device_.failures.erase(device_.failures.begin());
            }
        }
        if (!failure || failure->in_doubt) {
            if (auto real = inner_->commit(batch, results)) return real;
        }
        return failure;
    }
    std::optional<unavailable> maintain() override { return inner_->maintain(); }
    outcome<found_repeat> find_repeat(const ledger::identity& identity) override {
        return inner_->find_repeat(identity);
    }
    outcome<std::optional<change>> find(std::string_view id, instant now) override { return inner_->find(id, now); }
    outcome<change_page> list(const list_filter& f, instant now) override { return inner_->list(f, now); }
    outcome<change_page> list_oldest_first(const list_filter& f, instant now) override {
        return inner_->list_oldest_first(f, now);
    }
    outcome<std::vector<freeze>> freezes(instant now) override { return inner_->freezes(now); }
    outcome<std::vector<counted_change>> counted_changes(const change_request& request) override {
        return inner_->counted_changes(request);
    }
    outcome<std::optional<instant>> next_due() override { return inner_->next_due(); }
    outcome<std::vector<open_count>> count_open() override { return inner_->count_open(); }
    outcome<std::vector<account_count>> count_open_by_account() override { return inner_->count_open_by_account(); }
    outcome<ledger_facts> describe_contents(instant now) override { return inner_->describe_contents(now); }
    outcome<std::vector<std::string>> check() override { return inner_->check(); }

private:
    disk& device_;
    std::unique_ptr<store> inner_ = make_sqlite_store({.process = "me"});
};

class the_database_thread : public testing::Test {
protected:
    std::unique_ptr<database_thread> start_thread(database_options options = {}) {
        auto made = std::make_unique<database_thread>(std::make_unique<store_on_a_disk>(device), std::move(options));
        EXPECT_TRUE(comes_true([&] { return made->status().is_up; }));
        return made;
    }
    // The thread, whose commit of c1 hangs.
    std::unique_ptr<database_thread> start_hanging(std::future<record_result>& first,
                                                   clock::duration patient = patience, database_options options = {}) {
        auto made = start_thread(std::move(options));
        device.set_hanging(true);
        first = record(*made, resize("c1"), patient);
        device.wait_until_hanging();
        return made;
    }
    void TearDown() override { device.set_hanging(false); }

    disk device;
};

TEST_F(the_database_thread, takes_all_that_waits_into_one_commit) {
    std::future<record_result> first;
    const auto ledger = start_hanging(first);
    std::vector<std::future<record_result>> others;
    for (int i = 0; i < 50; ++i)
        others.push_back(record(*ledger, power_operation("p" + std::to_string(i))));
    device.set_hanging(false);
    EXPECT_EQ(word(get(std::move(first))), "recorded");
    for (auto& each : others)
        EXPECT_EQ(word(get(std::move(each))), "recorded");
    EXPECT_THAT(device.batch_sizes(), ElementsAre(1, 50));
    EXPECT_EQ(ledger->figures().commits, 2U);
    EXPECT_EQ(ledger->figures().rows, 51U);
}

TEST_F(the_database_thread, counts_the_ends_of_changes_and_those_that_were_none) {
    const auto ledger = start_thread();
    for (const std::string id : {"c1", "c2", "c3"})
        get(record(*ledger, resize(id, "of " + id)));
    get(submit(*ledger, answer("c1", state::refused)));
    get(submit(*ledger, answer("c2", state::refused)));
    get(submit(*ledger, writes::unknown{"c3", "no answer in time", start}));
    get(submit(*ledger, writes::resolve{"c3", state::not_applied, "alice", "looked at it", start}));
    get(submit(*ledger, answer("c3", state::accepted)));
    const database_figures counted = ledger->figures();
    EXPECT_EQ(counted.ends, (std::map<database_figures::end, std::uint64_t>{
                                {{"resize", "acme", state::refused}, 2}, {{"resize", "acme", state::not_applied}, 1}}));
    EXPECT_EQ(counted.contradicted, 1U);
}

TEST_F(the_database_thread, drops_a_record_that_waited_until_its_caller_was_gone) {
    std::future<record_result> first;
    const auto ledger = start_hanging(first);
    EXPECT_EQ(word(get(record(*ledger, resize("c2", "s2"), 10ms))), "unavailable");
    device.set_hanging(false);
    EXPECT_EQ(word(get(std::move(first))), "recorded");
    EXPECT_EQ(word(get(record(*ledger, resize("c3", "s2")))), "recorded");
    EXPECT_FALSE(find(*ledger, "c2").value());
}

TEST_F(the_database_thread, settles_a_record_as_not_sent_that_was_given_up_on_its_way) {
    std::future<record_result> first;
    const auto ledger = start_hanging(first, 50ms);
    const auto problem = std::get<unavailable>(get(std::move(first)));
    EXPECT_EQ(problem.kind, trouble::overloaded);
    device.set_hanging(false);
    EXPECT_EQ(state_in(*ledger, "c1", "not_sent"), "not_sent");
    EXPECT_EQ(word(get(record(*ledger, resize("c2")))), "recorded");
}

TEST_F(the_database_thread, writes_what_became_of_an_exchange_however_late) {
    std::future<record_result> first;
    const auto ledger = start_hanging(first);
    EXPECT_FALSE(get(submit(*ledger, answer("c1", state::accepted), 10ms)));
    device.set_hanging(false);
    EXPECT_EQ(state_in(*ledger, "c1", "accepted"), "accepted");
}

TEST_F(the_database_thread, settles_as_not_sent_what_a_commit_leaves_in_doubt) {
    const auto ledger = start_thread();
    device.failures.push_back({{trouble::failing, "the disk"}, true});
    EXPECT_EQ(std::get<unavailable>(get(record(*ledger, resize("c1")))).reason, "the disk");
    EXPECT_EQ(state_in(*ledger, "c1", "not_sent"), "not_sent");
}

TEST_F(the_database_thread, leaves_nothing_of_a_record_whose_commit_failed) {
    const auto ledger = start_thread();
    device.failures.push_back({{trouble::full, "no space"}, false});
    EXPECT_EQ(word(get(record(*ledger, resize("c1")))), "unavailable");
    EXPECT_FALSE(find(*ledger, "c1").value());
    EXPECT_EQ(word(get(record(*ledger, resize("c1")))), "recorded");
}

TEST_F(the_database_thread, tries_again_to_write_what_became_of_an_exchange) {
    const auto ledger = start_thread();
    get(record(*ledger, resize("c1")));
    device.failures.assign(3, {{trouble::full, "no space"}, false});
    EXPECT_EQ(get(submit(*ledger, answer("c1", state::accepted))).value().current, state::accepted);
    EXPECT_TRUE(comes_true([&] { return ledger->status().is_up; }));
}

TEST_F(the_database_thread, takes_no_more_than_so_many_requests) {
    std::future<record_result> first;
    database_options options;
    options.max_waiting = 2;
    const auto ledger = start_hanging(first, patience, std::move(options));
    auto second = record(*ledger, resize("c2", "s2")), third = record(*ledger, resize("c3", "s3"));
    auto fourth = record(*ledger, resize("c4", "s4"));
    ASSERT_EQ(fourth.wait_for(0s), std::future_status::ready);
    EXPECT_EQ(std::get<unavailable>(fourth.get()).kind, trouble::overloaded);
    auto result = submit(*ledger, answer("c1", state::accepted));  // always has room
    device.set_hanging(false);
    EXPECT_EQ(get(std::move(result)).value().current, state::accepted);
    EXPECT_EQ(word(get(std::move(third))), "recorded");
}

TEST_F(the_database_thread, refuses_at_once_while_a_commit_hangs) {
    std::future<record_result> first;
    database_options options;
    options.timeout = 20ms;
    const auto ledger = start_hanging(first, 50ms, std::move(options));
    EXPECT_THAT(std::get<unavailable>(get(std::move(first))).reason, HasSubstr("waiting for its disk"));
    auto second = record(*ledger, resize("c2", "s2"));
    ASSERT_EQ(second.wait_for(0s), std::future_status::ready);
    EXPECT_EQ(word(second.get()), "unavailable");
    EXPECT_FALSE(ledger->status().is_up);
    device.set_hanging(false);
    EXPECT_TRUE(comes_true([&] { return ledger->status().is_up; }));
    EXPECT_EQ(word(get(record(*ledger, resize("c3", "s3")))), "recorded");
}

TEST_F(the_database_thread, opens_a_ledger_when_it_can_be) {
    device.closed = unavailable{trouble::held, "process 1 owns it"};
    database_thread ledger(std::make_unique<store_on_a_disk>(device), {});
    EXPECT_TRUE(comes_true([&] { return ledger.status().cause.has_value(); }));
    EXPECT_EQ(std::get<unavailable>(get(record(ledger, resize("c1")))).reason, "process 1 owns it");
    EXPECT_FALSE(ledger.status().was_opened);
    {
        const std::lock_guard held(device.lock);
        device.closed.reset();
    }
    EXPECT_TRUE(comes_true([&] { return ledger.status().is_up; }));
    EXPECT_TRUE(ledger.status().was_opened);
    EXPECT_EQ(word(get(record(ledger, resize("c1")))), "recorded");
}

class a_thread_for_a_file : public testing::Test {
protected:
    std::unique_ptr<store> make(sqlite_options::access mode = sqlite_options::access::owner,
                                const std::string& process = "me") {
        return make_sqlite_store({.file = folder.file(), .mode = mode, .busy_timeout = 100ms, .process = process});
    }
    temporary_folder folder;
};

TEST_F(a_thread_for_a_file, makes_unknown_what_another_process_was_sending) {
    {
        const auto before = make(sqlite_options::access::owner, "the one before");
        ASSERT_FALSE(before->open());
        ASSERT_EQ(word(commit_one(*before, writes::record{resize("c1")})), "recorded");
    }
    std::promise<std::vector<std::string>> recovered;
    database_options options;
    options.recovers = true;
    options.on_first_open = [&](std::vector<std::string> ids) { recovered.set_value(std::move(ids)); };
    database_thread ledger(make(), std::move(options));
    EXPECT_THAT(get(recovered.get_future()), ElementsAre("c1"));
    EXPECT_EQ(state_in(ledger, "c1", "unknown"), "unknown");
}

TEST_F(a_thread_for_a_file, writes_what_waits_before_it_ends) {
    std::vector<std::future<record_result>> all;
    {
        database_thread ledger(make(), {});
        ASSERT_TRUE(comes_true([&] { return ledger.status().is_up; }));
        for (int i = 0; i < 100; ++i)
            all.push_back(record(ledger, power_operation("c" + std::to_string(i))));
    }
    const auto after = make();
    ASSERT_FALSE(after->open());
    for (int i = 0; i < 100; ++i) {
        const bool was_recorded = word(get(std::move(all[static_cast<std::size_t>(i)]))) == "recorded";
        EXPECT_EQ(after->find("c" + std::to_string(i), start).value().has_value(), was_recorded);
        EXPECT_TRUE(was_recorded);
    }
}

TEST_F(a_thread_for_a_file, forgets_what_ended_long_ago) {
    database_options options;
    options.keep = 24h;
    database_thread ledger(make(), std::move(options));
    ASSERT_TRUE(comes_true([&] { return ledger.status().is_up; }));
    change_request r = power_operation("c1");
    r.begun = instant(1'000'000s);
    get(record(ledger, r));
    get(submit(ledger, answer("c1", state::refused, r.begun)));
    // It looks again a minute later; another thread looks at once.
    const auto again = make(sqlite_options::access::writer);
    ASSERT_FALSE(again->open());
    EXPECT_EQ(commit_one(*again, writes::forget{instant(2'000'000s), 10}).value(), 1U);
    EXPECT_FALSE(find(ledger, "c1").value());
}

TEST_F(a_thread_for_a_file, reads_beside_its_commits_what_they_have_acknowledged) {
    database_thread writer(make(), {});
    ASSERT_TRUE(comes_true([&] { return writer.status().is_up; }));
    database_thread reader(make(sqlite_options::access::reader), {});
    ASSERT_TRUE(comes_true([&] { return reader.status().is_up; }));
    for (int i = 0; i < 20; ++i) {
        const std::string id = "c" + std::to_string(i);
        get(record(writer, power_operation(id)));
        EXPECT_TRUE(find(reader, id).value()) << id;
    }
}

TEST_F(a_thread_for_a_file, gives_one_of_many_racing_callers_the_server) {
    database_thread ledger(make(), {});
    ASSERT_TRUE(comes_true([&] { return ledger.status().is_up; }));
    std::atomic<int> taken{0}, told{0};
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 4; ++caller) {
        callers.emplace_back([&, caller] {
            for (int i = 0; i < 25; ++i) {
                const std::string round = std::to_string(i);
                const auto result =
                    get(record(ledger, resize("c" + std::to_string(caller) + "." + round, "s" + round)));
                ++(std::holds_alternative<recorded>(result) ? taken : told);
            }
        });
    }
    callers.clear();
    EXPECT_EQ(taken, 25);
    EXPECT_EQ(told, 75);
}

TEST_F(a_thread_for_a_file, notices_that_it_was_deleted_and_that_it_is_back) {
    database_thread ledger(make(), {});
    ASSERT_TRUE(comes_true([&] { return ledger.status().is_up; }));
    get(record(ledger, resize("c1")));
    const auto began = clock::now();
    std::filesystem::rename(folder.file(), folder.file("elsewhere"));
    EXPECT_TRUE(comes_true([&] { return !ledger.status().is_up; }));
    EXPECT_LT(clock::now() - began, 5s);  // a second, on a machine that has time
    EXPECT_THAT(ledger.status().cause->reason, HasSubstr("deleted or moved"));
    EXPECT_EQ(word(get(record(ledger, resize("c2", "s2")))), "unavailable");
    EXPECT_FALSE(std::filesystem::exists(folder.file()));
    std::filesystem::rename(folder.file("elsewhere"), folder.file());
    EXPECT_TRUE(comes_true([&] { return ledger.status().is_up; }));
    EXPECT_EQ(state_in(ledger, "c1", "sending"), "sending");
    EXPECT_EQ(word(get(record(ledger, resize("c3", "s2")))), "recorded");
}

}  // namespace
}  // namespace gateway::ledger

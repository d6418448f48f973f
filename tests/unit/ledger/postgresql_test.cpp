// What is PostgreSQL's alone: its faults, and several replicas on one database.
#include <atomic>
#include <thread>

#include "stores.hpp"

namespace gateway::ledger {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ledger_in_postgresql : public testing::Test {
protected:
    std::unique_ptr<store> opened(postgresql_options options) {
        auto made = make_postgresql_store(std::move(options));
        const auto problem = made->open();
        if (problem) throw std::runtime_error(problem->reason);
        return made;
    }
    postgresql_options replica(const std::string& process) {
        postgresql_options options = options_for(database);
        options.process = process;
        return options;
    }
    static std::optional<unavailable> open(postgresql_options options) {
        return make_postgresql_store(std::move(options))->open();
    }
    static postgresql_options with(const std::string& text) {
        return {.connection = [text] { return secret_text(text); }, .timeout = 2s};
    }
    static std::string record(store& target, change_request request) {
        return word(commit_one(target, writes::record{std::move(request)}));
    }
    postgresql_server& server = postgresql_server::shared();
    std::string database = server.make_database();
};

TEST_F(ledger_in_postgresql, is_named_without_what_is_secret) {
    const auto made = make_postgresql_store(with("postgresql://gateway:hunter2@db1:5433/ecs?sslmode=verify-full"));
    EXPECT_EQ(made->describe(), "PostgreSQL at host db1, database ecs");
}

TEST_F(ledger_in_postgresql, that_is_not_local_is_refused_without_verify_full) {
    const auto problem = open(with("host=db1.invalid dbname=ecs password=hunter2 sslmode=require"));
    ASSERT_TRUE(problem);
    EXPECT_FALSE(can_wait(problem->kind));
    EXPECT_THAT(problem->reason, HasSubstr("ledger in PostgreSQL at host db1.invalid, database ecs: "));
    EXPECT_THAT(problem->reason, HasSubstr("sslmode=verify-full"));
    EXPECT_THAT(problem->reason, Not(HasSubstr("hunter2")));
}

TEST_F(ledger_in_postgresql, whose_connection_string_cant_be_read_is_refused_without_quoting_it) {
    const auto problem = open(with("hunter2 and more"));
    ASSERT_TRUE(problem);
    EXPECT_FALSE(can_wait(problem->kind));
    EXPECT_THAT(problem->reason, Not(HasSubstr("hunter2")));
}

TEST_F(ledger_in_postgresql, that_is_away_is_waited_for) {
    const auto problem = open(with("host=/nowhere dbname=ecs"));
    ASSERT_TRUE(problem);
    EXPECT_TRUE(can_wait(problem->kind)) << problem->reason;
    EXPECT_THAT(problem->reason, HasSubstr("start PostgreSQL"));
}

TEST_F(ledger_in_postgresql, of_a_database_that_is_not_there_ends_the_start) {
    const auto problem = open(with(server.connection_string("nothing")));
    ASSERT_TRUE(problem);
    EXPECT_FALSE(can_wait(problem->kind)) << problem->reason;
}

TEST_F(ledger_in_postgresql, of_another_encoding_is_refused) {
    const std::string other = server.make_database("ENCODING 'SQL_ASCII'");
    const auto problem = open(with(server.connection_string(other)));
    ASSERT_TRUE(problem);
    EXPECT_FALSE(can_wait(problem->kind));
    EXPECT_THAT(problem->reason, HasSubstr("its encoding is SQL_ASCII; create the database with"));
}

TEST_F(ledger_in_postgresql, of_a_newer_program_is_refused_where_that_says_so) {
    opened(replica("a"));
    server.execute("UPDATE ledger SET version = 99", database);
    EXPECT_FALSE(open(replica("a")));  // it only adds to what this one knows
    server.execute("UPDATE ledger SET oldest_schema = 99", database);
    EXPECT_EQ(open(replica("a")).value().kind, trouble::too_new);
}

TEST_F(ledger_in_postgresql, is_made_by_no_command_that_only_reads_or_writes) {
    postgresql_options options = replica("a");
    options.mode = postgresql_options::access::reader;
    EXPECT_EQ(open(options).value().kind, trouble::not_there);
    EXPECT_FALSE(try_postgresql(options));
}

TEST_F(ledger_in_postgresql, without_grants_says_which_are_missing) {
    opened(replica("a"));
    server.execute("DO $$ BEGIN CREATE ROLE nobody_special LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    std::string text = server.connection_string(database);
    text.replace(text.find("user=postgres"), 13, "user=nobody_special");
    const auto problem = open(with(text));
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->kind, trouble::not_allowed);
    EXPECT_THAT(problem->reason, HasSubstr("grant SELECT, INSERT, UPDATE and DELETE"));
}

TEST_F(ledger_in_postgresql, is_made_once_by_many_that_start_together) {
    std::vector<std::thread> replicas;
    std::atomic<int> opened_count{0};
    for (int i = 0; i < 24; ++i)
        replicas.emplace_back([&, i] {
            postgresql_options options = replica("r" + std::to_string(i));
            options.timeout = 30s;
            const auto problem = open(options);
            if (problem) ADD_FAILURE() << problem->reason;
            if (!problem) ++opened_count;
        });
    for (std::thread& each : replicas)
        each.join();
    EXPECT_EQ(opened_count, 24);
}

TEST_F(ledger_in_postgresql, is_open_again_after_its_connection_was_ended) {
    const auto one = opened(replica("a"));
    EXPECT_EQ(record(*one, resize("c1")), "recorded");
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ecs-gateway'");
    EXPECT_EQ(record(*one, resize("c2", "s2")), "unavailable");
    EXPECT_FALSE(one->is_open());
    ASSERT_FALSE(one->open());
    EXPECT_EQ(record(*one, resize("c2", "s2")), "recorded");
}

TEST_F(ledger_in_postgresql, that_somebody_locked_fails_in_time_and_names_the_next_step) {
    postgresql_options options = replica("a");
    options.timeout = 1s;
    const auto one = opened(options);
    PGconn* const other = PQconnectdb(server.connection_string(database).c_str());
    PQclear(PQexec(other, "BEGIN; LOCK TABLE changes IN ACCESS EXCLUSIVE MODE"));
    const auto result = commit_one(*one, writes::record{resize("c1")});
    EXPECT_THAT(std::get<unavailable>(result).reason, HasSubstr("another session holds a lock"));
    PQfinish(other);
    static_cast<void>(one->open());
    EXPECT_EQ(record(*one, resize("c1")), "recorded");
}

TEST_F(ledger_in_postgresql, gives_one_server_to_one_of_the_replicas_that_ask_together) {
    constexpr int replicas = 4, servers = 25;
    std::atomic<int> recorded_count{0}, busy_count{0};
    opened(replica("first"));
    std::vector<std::thread> threads;
    for (int r = 0; r < replicas; ++r)
        threads.emplace_back([&, r] {
            const auto mine = opened(replica("r" + std::to_string(r)));
            for (int s = 0; s < servers; ++s) {
                const std::string result =
                    record(*mine, resize("c" + std::to_string(r) + "." + std::to_string(s), "s" + std::to_string(s)));
                if (result == "recorded") ++recorded_count;
                if (result == "busy") ++busy_count;
            }
        });
    for (std::thread& each : threads)
        each.join();
    EXPECT_EQ(recorded_count, servers);
    EXPECT_EQ(busy_count, (replicas - 1) * servers);
}

TEST_F(ledger_in_postgresql, counts_one_rate_over_all_replicas) {
    constexpr int replicas = 4, calls = 20;
    std::atomic<int> recorded_count{0}, refused_count{0};
    opened(replica("first"));
    std::vector<std::thread> threads;
    for (int r = 0; r < replicas; ++r)
        threads.emplace_back([&, r] {
            const auto mine = opened(replica("r" + std::to_string(r)));
            for (int i = 0; i < calls; ++i) {
                change_request request = power_operation("c" + std::to_string(r) + "." + std::to_string(i));
                request.rate = {.calls = 30, .per = 1h};
                const std::string result = record(*mine, request);
                if (result == "recorded") ++recorded_count;
                if (result == "over_rate") ++refused_count;
            }
        });
    for (std::thread& each : threads)
        each.join();
    EXPECT_EQ(recorded_count, 30);
    EXPECT_EQ(refused_count, replicas * calls - 30);
}

TEST_F(ledger_in_postgresql, has_no_change_recorded_by_any_replica_after_a_freeze) {
    const auto one = opened(replica("a")), two = opened(replica("b"));
    EXPECT_EQ(record(*one, resize("c1")), "recorded");  // it knows the freezes now
    EXPECT_TRUE(commit_one(*two, writes::add_freeze{{"f1", {}, "maintenance", "uid 0", start, std::nullopt}}).value());
    EXPECT_EQ(record(*one, resize("c2", "s2")), "frozen");
}

TEST_F(ledger_in_postgresql, hands_each_change_to_one_of_the_replicas_that_claim_together) {
    const auto one = opened(replica("a")), two = opened(replica("b"));
    for (int i = 0; i < 10; ++i) {
        const std::string id = "c" + std::to_string(i);
        record(*one, resize(id, "s" + std::to_string(i)));
        commit_one(*one, writes::unknown{id, "", start}).value();
    }
    const auto first = commit_one(*one, writes::claim{6, "a", 1min, start + 1s}).value();
    const auto second = commit_one(*two, writes::claim{10, "b", 1min, start + 1s}).value();
    EXPECT_EQ(first.size(), 6U);
    EXPECT_EQ(second.size(), 4U);
}

TEST_F(ledger_in_postgresql, takes_changes_of_a_replica_that_is_silent_for_unknown_and_no_others) {
    const auto silent = opened(replica("silent")), alive = opened(replica("alive"));
    record(*silent, resize("c1"));
    record(*alive, resize("c2", "s2"));
    postgresql_options options = replica("third");
    options.silence = 1h;
    const auto third = opened(options);
    EXPECT_THAT(commit_one(*third, writes::recover{start + 1s}).value(), IsEmpty());
    server.execute("UPDATE replicas SET seen = seen - 7200000000 WHERE process = 'silent'", database);
    EXPECT_THAT(commit_one(*third, writes::recover{start + 1s}).value(), ElementsAre("c1"));
    const auto given = commit_one(*third, writes::claim{10, "f", 1min, start + 1s}).value();
    ASSERT_EQ(given.size(), 1U);
    EXPECT_TRUE(given[0].sender_is_silent);
    // Once it has said itself how its exchange ended, it can't.
    commit_one(*silent, writes::unknown{"c1", "the connection broke", start + 2s}).value();
    const auto again = commit_one(*third, writes::claim{10, "f", 1min, start + 1h}).value();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_FALSE(again[0].sender_is_silent);
}

TEST_F(ledger_in_postgresql, has_the_changes_of_a_replica_that_has_ended_recovered_at_once) {
    {
        const auto gone = opened(replica("gone"));
        record(*gone, resize("c1"));
    }
    const auto next = opened(replica("next"));
    EXPECT_THAT(commit_one(*next, writes::recover{start + 1s}).value(), ElementsAre("c1"));
}

}  // namespace
}  // namespace gateway::ledger

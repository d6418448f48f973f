#include "gateway/ledger/ledger_copy.hpp"

#include "files.hpp"
#include "gateway/ledger/change_json.hpp"

namespace gateway::ledger {
namespace {

using testing::HasSubstr;

class copy_of_a_ledger_file : public ledger_file {
protected:
    // A change of every kind, a freeze that stands and one that was lifted.
    void fill(store& ledger) {
        auto rated = with_key(resize("succeeded", "s1"), "key-1");
        rated.rate = rate_limit{1, std::chrono::hours(1)};
        record_all(ledger, {rated, with_signature(resize("unknown", "s2"), "a signature"), resize("accepted", "s3"),
                            resize("refused", "s4"), power_operation("sending")});
        commit_one(ledger, answer("succeeded", state::accepted)).value();
        commit_one(ledger,
                   writes::settle{
                       "succeeded", state::succeeded, cause::following, {}, "", "its job", start + 2s, start + 2s, {}})
            .value();
        commit_one(ledger, writes::unknown{"unknown", std::string("no\0answer \"'\\ ü", 16), start + 1s}).value();
        commit_one(ledger,
                   writes::evidence{"unknown", "trace", "nothing", "no trace yet", 0s, start + 2s, start + 9s, {}})
            .value();
        commit_one(ledger, answer("accepted", state::accepted)).value();
        commit_one(ledger, answer("refused", state::refused)).value();
        commit_one(ledger, writes::add_freeze{{"f1", {"acme", "", "", {"resize"}}, "why", "ann", start, {}}}).value();
        commit_one(ledger, writes::add_freeze{{"f2", {"other", "", "", {}}, "why", "ann", start, {}}}).value();
        commit_one(ledger, writes::unfreeze{"f2", "bob", start + 1s}).value();
    }
    static void record_all(store& ledger, const std::vector<change_request>& all) {
        for (const change_request& each : all)
            ASSERT_EQ(word(commit_one(ledger, writes::record{each})), "recorded") << each.id;
    }
    static std::vector<std::string> contents(store& ledger) {
        std::vector<std::string> lines;
        const list_filter all{.with_history = true, .limit = 200};
        for (const change& each : ledger.list_oldest_first(all, start + 10s).value().changes)
            append_json(lines.emplace_back(), each);
        for (const freeze& each : ledger.freezes(start + 10s).value())
            append_json(lines.emplace_back(), each);
        return lines;
    }
    outcome<std::size_t> copy() {
        return copy_into_postgresql(folder.file(), options_for(database), [this](std::size_t done, std::size_t total) {
            ++steps;
            EXPECT_LE(done, total);
        });
    }
    std::unique_ptr<store> open_copy() {
        auto made = make_postgresql_store(options_for(database));
        if (const auto problem = made->open()) throw std::runtime_error(problem->reason);
        return made;
    }
    std::string database = postgresql_server::shared().make_database();
    int steps = 0;
};

TEST_F(copy_of_a_ledger_file, has_every_change_with_its_history_and_every_freeze) {
    fill(*opened());
    ASSERT_EQ(copy().value(), 5U);
    EXPECT_GT(steps, 0);
    const auto file = opened(access::reader);
    auto expected = contents(*file);
    ASSERT_EQ(expected.size(), 6U);
    for (std::string& each : expected)  // PostgreSQL has no text with NUL
        for (auto at = each.find("\\u0000"); at != std::string::npos; at = each.find("\\u0000"))
            each.replace(at, 6, "\xEF\xBF\xBD");
    const auto copied = open_copy();
    EXPECT_EQ(contents(*copied), expected);
    EXPECT_TRUE(copied->check().value().empty());
    EXPECT_EQ(copied->find("sending", start + 10s).value()->current, state::unknown);  // nobody sends it any more
}

TEST_F(copy_of_a_ledger_file, goes_on_where_the_file_has_ended) {
    fill(*opened());
    ASSERT_TRUE(copy());
    const auto copied = open_copy();
    const auto recorded_as = [&](const change_request& request) {
        return word(commit_one(*copied, writes::record{request}));
    };
    EXPECT_EQ(recorded_as(with_key(resize("n1", "s1"), "key-1")), "repeat");
    EXPECT_EQ(recorded_as(with_signature(resize("n2", "s2"), "a signature")), "repeat");
    const auto other = resize("n3", "s3");
    EXPECT_EQ(recorded_as(other), "frozen");
    ASSERT_TRUE(commit_one(*copied, writes::unfreeze{"f1", "ann", start + 2s}).value());
    EXPECT_EQ(recorded_as(other), "busy");
    auto rated = resize("n4", "s9");
    rated.rate = rate_limit{1, std::chrono::hours(1)};
    EXPECT_EQ(recorded_as(rated), "over_rate");
    EXPECT_EQ(recorded_as(resize("n5", "s9")), "recorded");
    EXPECT_EQ(copied->list({}, start + 10s).value().changes.front().request.id, "n5");
    const auto claimed = commit_one(*copied, writes::claim{10, "me", 60s, start + std::chrono::hours(1)}).value();
    ASSERT_FALSE(claimed.empty());
    const auto with_evidence =
        std::ranges::find_if(claimed, [](const auto& c) { return c.change.request.id == "unknown"; });
    ASSERT_NE(with_evidence, claimed.end());
    EXPECT_EQ(with_evidence->evidence.size(), 1U);
    EXPECT_FALSE(with_evidence->sender_is_silent);
}

TEST_F(copy_of_a_ledger_file, goes_by_pages) {
    auto ledger = opened();
    for (int i = 0; i < 6; ++i) {
        std::vector<any_write> batch;
        for (int j = 0; j < 200; ++j)
            batch.emplace_back(writes::record{resize("c" + std::to_string(200 * i + j), std::to_string(200 * i + j))});
        std::vector<any_result> results;
        ASSERT_FALSE(ledger->commit(batch, results));
    }
    ledger.reset();
    EXPECT_EQ(copy().value(), 1200U);
    EXPECT_GE(steps, 3);
    EXPECT_EQ(open_copy()->describe_contents(start).value().changes, 1200U);
}

TEST_F(copy_of_a_ledger_file, is_refused_while_a_gateway_holds_it) {
    const auto gateway = opened();
    fill(*gateway);
    const auto refused = copy();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, trouble::held);
    EXPECT_TRUE(contents(*open_copy()).empty());
}

TEST_F(copy_of_a_ledger_file, is_made_into_an_empty_ledger_alone) {
    fill(*opened());
    record_all(*open_copy(), {resize("here", "s1")});
    const auto refused = copy();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().reason, HasSubstr("it has changes or freezes already"));
    EXPECT_EQ(contents(*open_copy()).size(), 1U);
}

TEST_F(copy_of_a_ledger_file, that_breaks_off_leaves_nothing) {
    fill(*opened());
    const auto broken = copy_into_postgresql(folder.file(), options_for(database), [&](std::size_t done, std::size_t) {
        if (done == 5)
            postgresql_server::shared().execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + database +
                "' AND state LIKE 'idle in%'");
    });
    ASSERT_FALSE(broken);
    EXPECT_THAT(broken.error().reason, HasSubstr("ledger in PostgreSQL at "));
    EXPECT_TRUE(contents(*open_copy()).empty());
    EXPECT_EQ(copy().value(), 5U);
}

TEST_F(copy_of_a_ledger_file, has_the_file_to_itself_until_all_is_there) {
    fill(*opened());
    const auto copied = copy_into_postgresql(folder.file(), options_for(database), [&](std::size_t, std::size_t) {
        const auto command = opened(access::writer);
        const auto frozen =
            commit_one(*command, writes::add_freeze{{"late", {"", "", "", {}}, "why", "ann", start, {}}});
        ASSERT_FALSE(frozen);
        EXPECT_EQ(frozen.error().kind, trouble::held);
    });
    ASSERT_TRUE(copied) << copied.error().reason;
    const auto command = opened(access::writer);
    EXPECT_TRUE(commit_one(*command, writes::add_freeze{{"f3", {"", "", "", {}}, "why", "ann", start, {}}}));
}

TEST_F(copy_of_a_ledger_file, needs_a_role_that_may_number_the_next_change) {
    fill(*opened());
    ASSERT_TRUE(open_copy()->describe_contents(start));
    auto& server = postgresql_server::shared();
    server.execute("DO $$ BEGIN CREATE ROLE only_replica LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    server.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO only_replica;"
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO only_replica",
        database);
    std::string text = server.connection_string(database);
    text.replace(text.find("user=postgres"), 13, "user=only_replica");
    const auto as_replica = [&] {
        postgresql_options options = options_for(database);
        options.connection = [text] { return secret_text(text); };
        return copy_into_postgresql(folder.file(), options, [](std::size_t, std::size_t) {});
    };
    const auto refused = as_replica();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().reason, HasSubstr("grant UPDATE on SEQUENCE changes_number_seq"));
    server.execute("GRANT UPDATE ON SEQUENCE changes_number_seq TO only_replica", database);
    EXPECT_EQ(as_replica().value(), 5U);
}

TEST_F(copy_of_a_ledger_file, whose_end_nobody_heard_of_says_that_it_may_be_there) {
    fill(*opened());
    ASSERT_TRUE(open_copy()->describe_contents(start));
    postgresql_server::shared().execute(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';"
        "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON freezes DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION die()",
        database);
    const auto broken = copy();
    ASSERT_FALSE(broken);
    EXPECT_THAT(broken.error().reason, HasSubstr("it may have all of the copy or nothing"));
}

TEST_F(copy_of_a_ledger_file, that_is_not_there_is_not_made) {
    const auto refused = copy();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, trouble::not_there);
    EXPECT_FALSE(std::filesystem::exists(folder.file()));
}

}  // namespace
}  // namespace gateway::ledger

#include "ledger_figures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::runtime {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr ledger::instant now{1'800'000'000s};

std::vector<std::string> words(const std::vector<admin::reason>& reasons) {
    std::vector<std::string> all;
    for (const auto& each : reasons)
        all.push_back(each.kind + ": " + each.text);
    return all;
}

TEST(ledger_figures, is_a_reason_for_not_being_ready_until_the_ledger_was_opened_once) {
    struct row {
        ledger::database_status status;
        std::vector<std::string> not_ready, degraded;
    };
    std::vector<row> rows;
    const std::string held = "ledger in file l: process 1 owns it";
    const auto add = [&](bool is_up, bool was_opened, bool has_cause, std::vector<std::string> not_ready,
                         std::vector<std::string> degraded) {
        ledger::database_status status{is_up, was_opened, std::nullopt};
        if (has_cause) status.cause = ledger::unavailable{ledger::trouble::held, held};
        rows.push_back({status, std::move(not_ready), std::move(degraded)});
    };
    add(false, false, false, {"ledger: the ledger is being opened"}, {});
    add(false, false, true, {"ledger: " + held}, {});
    add(true, true, false, {}, {});
    add(false, true, true, {}, {"ledger: " + held});
    add(false, true, false, {}, {"ledger: the ledger is being opened"});
    for (const row& each : rows) {
        EXPECT_EQ(words(ledger_reasons(each.status)), each.not_ready);
        EXPECT_EQ(words(ledger_degraded(each.status)), each.degraded);
    }
}

TEST(ledger_figures, have_counts_ages_and_commits) {
    ledger_contents contents;
    contents.counts = {{ledger::state::sending, 0, {}}, {ledger::state::unknown, 2, now - 90s}};
    contents.freezes.resize(3);
    ledger::database_figures counted;
    counted.commits = 5;
    counted.rows = 8;
    counted.commit_times[0] = 4;
    counted.commit_times.back() = 1;
    counted.commit_seconds = 2.5;
    counted.ends[{"resize", "acme", ledger::state::refused}] = 7;
    counted.contradicted = 1;
    const auto all = ledger_figures_of({true, true, std::nullopt}, counted, contents, now);
    EXPECT_TRUE(all.is_up);
    EXPECT_EQ(all.open.at("sending").count, 0U);
    EXPECT_EQ(all.open.at("unknown").count, 2U);
    EXPECT_EQ(all.open.at("unknown").oldest, 90s);
    EXPECT_EQ(all.freezes, 3U);
    EXPECT_EQ(all.commits, 5U);
    EXPECT_EQ(all.rows, 8U);
    EXPECT_EQ(all.bounds.size() + 1, all.commit_times.size());
    EXPECT_EQ(all.commit_times.front(), 4U);
    EXPECT_EQ(all.commit_times.back(), 1U);
    EXPECT_EQ(all.commits_took, 2.5s);
    EXPECT_THAT(all.ends, ElementsAre(Pair(admin::ledger_figures::end{"resize", "acme", "refused"}, 7)));
    EXPECT_EQ(all.contradicted, 1U);
    EXPECT_THAT(ledger_figures_of({}, {}, {}, now).open, IsEmpty());
}

TEST(ledger_figures, show_changes_and_freezes_as_json) {
    ledger_contents contents;
    contents.open.resize(2);
    contents.open[0].request.id = "c1";
    contents.open[1].request.id = "c2 \"";
    contents.freezes.resize(1);
    contents.freezes[0].id = "f1";
    admin::overview shown;
    shown.counted.version = "1";
    show_ledger(shown, contents);
    const std::string text = admin::json_of(shown);
    EXPECT_THAT(text, HasSubstr(R"("open":[{"id":"c1",)"));
    EXPECT_THAT(text, HasSubstr(R"(},{"id":"c2 \"",)"));
    EXPECT_THAT(text, HasSubstr(R"("ended":[],"freezes":[{"id":"f1",)"));
}

}  // namespace
}  // namespace gateway::runtime

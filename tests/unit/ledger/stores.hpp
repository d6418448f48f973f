#pragma once
// The stores that the tests of a store run against, and a change to put into them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdlib.h>  // mkdtemp

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/ledger/postgresql_store.hpp"
#include "gateway/ledger/sqlite_store.hpp"
#include "gateway/ledger/store.hpp"
#include "postgresql_server.hpp"

namespace gateway::ledger {

using namespace std::chrono_literals;

inline constexpr instant start{std::chrono::seconds(1'800'000'000)};

class temporary_folder {
public:
    temporary_folder() {
        std::string path = (std::filesystem::temp_directory_path() / "ledger_test.XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = path;
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    [[nodiscard]] std::string file(const std::string& name = "ledger.db") const { return (path_ / name).string(); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

inline change_request power_operation(const std::string& id) {
    change_request r;
    r.id = id;
    r.identity.caller = "planner";
    r.identity.account = "acme";
    r.identity.fingerprint = "body of " + id;
    r.operation = "start_servers";
    r.project_id = "p1";
    r.region = "cn-north-4";
    r.rule = "planner-grows-acme";
    r.server_ids = {"s1"};
    r.begun = start;
    return r;
}

inline change_request resize(const std::string& id, const std::string& server = "s1") {
    change_request r = power_operation(id);
    r.operation = "resize";
    r.flavor = "s6.large.2";
    r.server_ids = {server};
    r.holds_server = true;
    return r;
}

inline change_request with_key(change_request r, const std::string& key) {
    r.identity.key = key;
    r.identity.fingerprint = "the body";
    return r;
}

inline change_request with_signature(change_request r, const std::string& signature) {
    r.identity.signature = signature;
    r.identity.signed_at = std::chrono::floor<std::chrono::seconds>(start);
    r.identity.fingerprint = "the body";
    return r;
}

inline writes::answered answer(const std::string& id, state meaning, instant time = start + 1s) {
    const bool good = meaning == state::accepted || meaning == state::awaiting_payment;
    writes::answered w{
        id, meaning, {good ? 200 : 400, "application/json", good ? R"({"job_id":"j1"})" : "{}"}, {}, time};
    if (meaning == state::accepted) w.learnt.job_id = "j1";
    if (meaning == state::awaiting_payment) w.learnt.order_id = "CS1";
    return w;
}

// What became of a record, by one word.
inline std::string word(const record_result& result) {
    static const std::vector<std::string> words{"unavailable", "repeat", "other_request", "frozen",
                                                "over_rate",   "busy",   "recorded"};
    return words.at(result.index());
}

struct store_kind {
    std::string name;
    std::function<std::unique_ptr<store>(const temporary_folder&)> make;
};
inline void PrintTo(const store_kind& kind, std::ostream* out) { *out << kind.name; }

inline postgresql_options options_for(const std::string& database) {
    return {
        .connection = [text = postgresql_server::shared().connection_string(database)] { return secret_text(text); },
        .timeout = 5s,
        .leases_by_database_clock = false,
        .process = "me"};
}

inline const std::vector<store_kind>& all_stores() {
    static const std::vector<store_kind> kinds{
        {"file",
         [](const temporary_folder& folder) { return make_sqlite_store({.file = folder.file(), .process = "me"}); }},
        {"postgresql",
         [](const temporary_folder&) {
             return make_postgresql_store(options_for(postgresql_server::shared().make_database()));
         }},
        {"memory", [](const temporary_folder&) { return make_sqlite_store({.process = "me"}); }},
    };
    return kinds;
}

class any_store : public testing::TestWithParam<store_kind> {
protected:
    void SetUp() override {
        const auto problem = ledger->open();
        ASSERT_FALSE(problem) << problem->reason;
    }
    record_result record(change_request request) { return commit_one(*ledger, writes::record{std::move(request)}); }
    std::string recorded_as(change_request request) { return word(record(std::move(request))); }
    template <class Write>
    moved move(Write write) {
        return commit_one(*ledger, std::move(write)).value();
    }
    change find(const std::string& id, instant now = start + 1s) { return ledger->find(id, now).value().value(); }
    state state_of(const std::string& id) { return find(id).current; }

    temporary_folder folder;
    std::unique_ptr<store> ledger = GetParam().make(folder);
};

#define FOR_ALL_STORES(suite) \
    INSTANTIATE_TEST_SUITE_P(, suite, testing::ValuesIn(all_stores()), [](const auto& kind) { return kind.param.name; })

}  // namespace gateway::ledger

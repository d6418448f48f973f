// A ledger for the tests of commands: make_ledger FILE [hold]
//
// It holds three changes: c1 has succeeded, c2 is unknown, c3 is being sent. With `hold` it goes on to hold the ledger,
// as a gateway does: says `holding`, and takes a line for each thing to do: `answer` (c3 is accepted), else it ends.
//
// make_ledger FILE many COUNT ACCOUNTS: that many accepted changes, in turn of accounts `account-0`, `account-1`… with
// a project each, whose id is the account's number.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "gateway/ledger/sqlite_store.hpp"

namespace {

using namespace gateway::ledger;

constexpr instant begin{std::chrono::seconds(1'800'000'000)};

template <class Result>
void expect(const Result& result) {
    if constexpr (std::is_same_v<Result, record_result>) {
        if (std::holds_alternative<recorded>(result)) return;
    } else {
        if (result) return;
    }
    std::fputs("make_ledger: a write was refused\n", stderr);
    std::exit(1);
}

void record(store& ledger, int number) {
    change_request request;
    request.id = "c" + std::to_string(number);
    request.identity.caller = "planner";
    request.identity.account = "acme";
    request.operation = "resize";
    request.project_id = "p1";
    request.region = "cn-north-4";
    request.rule = "planner-grows-acme";
    request.flavor = "s6.large.2";
    request.server_ids = {"s" + std::to_string(number)};
    request.holds_server = true;
    request.begun = begin + std::chrono::hours(number);
    expect(commit_one(ledger, writes::record{std::move(request)}));
}

void accept(store& ledger, const char* id) {
    writes::answered write{id, state::accepted, {200, "application/json", R"({"job_id":"j1"})"}, {}, begin};
    write.learnt.job_id = "j1";
    expect(commit_one(ledger, std::move(write)));
}

void make_many(store& ledger, std::size_t count, std::size_t accounts) {
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    std::vector<any_result> results;
    for (std::size_t made = 0; made < count;) {
        std::vector<any_write> batch;
        for (int i = 0; i < 500 && made < count; ++i, ++made) {
            char project[33];
            std::snprintf(project, sizeof project, "%032zx", made % accounts);
            change_request request;
            request.id = std::string(24, 'c') + std::to_string(10'000'000 + made);
            request.identity.caller = "bench-key";
            request.identity.account = "account-" + std::to_string(made % accounts);
            request.operation = "resize";
            request.project_id = project;
            request.region = "cn-north-4";
            request.rule = "bench-resizes";
            request.flavor = "s6.xlarge.2";
            request.server_ids = {"server-" + std::to_string(made)};
            request.holds_server = true;
            request.begun = now;
            writes::answered answer{request.id, state::accepted, {200, "application/json", "{}"}, {}, now};
            answer.learnt.job_id = "job-" + std::to_string(made);
            batch.emplace_back(writes::record{std::move(request)});
            batch.emplace_back(std::move(answer));
        }
        if (ledger.commit(batch, results)) {
            std::fputs("make_ledger: a commit failed\n", stderr);
            std::exit(1);
        }
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) return 2;
    const auto ledger = make_sqlite_store({.file = arguments[1]});
    if (const auto cause = ledger->open()) {
        std::fprintf(stderr, "make_ledger: %s\n", cause->reason.c_str());
        return 1;
    }
    if (count == 5 && std::string(arguments[2]) == "many") {
        make_many(*ledger, std::strtoull(arguments[3], nullptr, 10), std::strtoull(arguments[4], nullptr, 10));
        return 0;
    }
    for (int number = 1; number <= 3; ++number)
        record(*ledger, number);
    accept(*ledger, "c1");
    expect(commit_one(*ledger, writes::settle{"c1", state::succeeded, cause::following, {}, "", "", begin, begin, {}}));
    expect(commit_one(*ledger, writes::unknown{"c2", "no answer in time", begin}));
    if (count < 3) return 0;
    std::cout << "holding" << std::endl;
    for (std::string line; std::getline(std::cin, line) && line == "answer";)
        accept(*ledger, "c3");
    return 0;
}

#pragma once
// A configuration and its ledger, in which some changes stand, and other processes that use it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files.hpp"  // of the ledger's tests
#include "world.hpp"

namespace gateway::cli {

// Asks for commands of the ledger with this configuration.
class ledger_commands : public testing::Test {
protected:
    using store = ledger::store;

    std::unique_ptr<store> open(ledger::sqlite_options::access mode = ledger::sqlite_options::access::owner) {
        auto made = ledger::make_sqlite_store({.file = file, .mode = mode});
        if (const auto problem = made->open()) throw std::runtime_error(problem->reason);
        return made;
    }
    // c1 has succeeded, c2 is unknown, c3 is being sent.
    void fill() {
        const auto made = open();
        for (const char* number : {"1", "2", "3"}) {
            auto request = ledger::resize("c" + std::string(number), "s" + std::string(number));
            request.begun = ledger::start + std::chrono::hours(*number - '0');
            record(*made, std::move(request));
        }
        ledger::commit_one(*made, ledger::answer("c1", ledger::state::accepted)).value();
        ledger::commit_one(*made, ledger::writes::settle{"c1",
                                                         ledger::state::succeeded,
                                                         ledger::cause::following,
                                                         {},
                                                         "",
                                                         "its job",
                                                         ledger::start,
                                                         ledger::start,
                                                         {}})
            .value();
        ledger::commit_one(*made, ledger::writes::unknown{"c2", "no answer \x1b in time", ledger::start}).value();
    }
    static void record(store& into, ledger::change_request request) {
        const auto result = ledger::commit_one(into, ledger::writes::record{std::move(request)});
        if (!std::holds_alternative<ledger::recorded>(result)) throw std::runtime_error(ledger::word(result));
    }
    answer of(std::vector<std::string> words) const {
        words.insert(words.end(), {"--config", config});
        return ask(words);
    }
    std::optional<ledger::change> find(const std::string& id) {
        return open(ledger::sqlite_options::access::reader)->find(id, ledger::start).value();
    }
    void configure(std::string_view more) const {
        files.write("gateway.yaml", std::string(small_configuration) + std::string(more));
    }

    folder files;
    std::string config = files.write("gateway.yaml", small_configuration);
    std::string file = files.path("ledger.db");
};

}  // namespace gateway::cli

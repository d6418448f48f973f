#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <ostream>
#include <tuple>

#include "command.hpp"
#include "gateway/callers/directory.hpp"
#include "gateway/config/load.hpp"
#include "gateway/credential_refresh/credential_refresher.hpp"
#include "gateway/credentials/read.hpp"
#include "gateway/credentials/store.hpp"
#include "gateway/ledger/sqlite_store.hpp"
#include "gateway/runtime/ledger_place.hpp"
#include "gateway/runtime/missing_volume.hpp"
#include "gateway/runtime/tls.hpp"
#include "secret_advice.hpp"

namespace gateway::cli {

namespace {

void append(std::vector<config::problem>& problems, std::vector<config::problem> more) {
    problems.insert(problems.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// The file has other problems: reads each secret all the same, so that missing ones are reported in the same run.
void read_secrets(const config::settings& settings, std::vector<config::problem>& problems) {
    for_each_secret(settings, [&](const config::source& source, credentials::secret_kind kind) {
        // A source without a location was not read: its problem is reported already.
        if (!source.location.path.empty()) static_cast<void>(credentials::read(source, problems, kind));
    });
}

// As a start would, without making one.
void try_ledger(const config::settings& settings, std::vector<config::problem>& problems) {
    const config::ledger& ledger = settings.ledger;
    if (ledger.postgresql) {
        const auto reader = ledger::postgresql_options::access::reader;
        if (const auto problem = ledger::try_postgresql(runtime::postgresql_of(settings, reader)))
            problems.push_back({ledger.location, problem->reason});
    }
    if (ledger.file.empty()) return;
    if (const auto problem = ledger::try_file(ledger.file)) problems.push_back({ledger.location, problem->reason});
    if (const std::string warning = runtime::find_missing_volume(settings); !warning.empty())
        problems.push_back({ledger.location, warning, true});
}

std::string count(std::ptrdiff_t number, const char* noun) {
    return std::to_string(number) + ' ' + noun + (number == 1 ? "" : "s");
}

// One line for each credential, when it is fetched: its source and whether the cloud accepts it, never the secret.
int try_online(const config::settings& settings, const std::shared_ptr<const credentials::store>& store,
               const streams& io) {
    std::size_t bad = 0;
    try {
        credential_refresh::credential_refresher refresher([](const auto&) {});
        refresher.check_all(store, settings, [&](const credential_refresh::credential_status& one) {
            bad += one.usable ? 0U : 1U;
            io.out << "credential " << one.name << ": " << (one.usable ? "ok" : "FAILED");
            if (one.expires) {
                const auto left = *one.expires - std::chrono::steady_clock::now();
                io.out << ", good for " << std::chrono::duration_cast<std::chrono::minutes>(left).count() << "m";
            }
            if (!one.reason.empty())
                io.out << (one.usable ? " (" : ": ") << shown(one.reason) << (one.usable ? ")" : "");
            io.out << std::endl;
        });
    } catch (const std::exception& e) {
        io.err << "can't try the credentials: " << e.what() << '\n';
        return failed;
    }
    if (bad == 0) return done;
    io.err << count(static_cast<std::ptrdiff_t>(bad), "credential") << " can't be used\n";
    return failed;
}

}  // namespace

int check(const command& self, const std::vector<std::string>& words, const streams& io) {
    std::string file;
    bool online = false;
    po::options_description known("Options");
    known.add_options()("config", po::value(&file)->required()->value_name("FILE"), "the configuration, gateway.yaml")(
        "online", po::bool_switch(&online), "fetch each credential once and try it with a query that changes nothing");
    if (!read_options(self, known, words, io)) return done;

    const auto loaded = config::load(file);
    std::vector<config::problem> problems = loaded.problems;
    append(problems, config::check_files(loaded.values));
    const bool files_are_there = problems.size() == loaded.problems.size();
    if (loaded.ok() && files_are_there) static_cast<void>(runtime::load_tls(loaded.values, problems));
    std::shared_ptr<const credentials::store> store;
    if (loaded.ok()) {
        try_ledger(loaded.values, problems);
        static_cast<void>(callers::directory::load(loaded.values, problems));
        store = std::make_shared<const credentials::store>(credentials::store::load(loaded.values, problems));
    } else {
        read_secrets(loaded.values, problems);
    }
    advise_on_secrets(loaded.values, store.get(), problems);
    std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
        return std::tie(a.location.line, a.location.column) < std::tie(b.location.line, b.location.column);
    });
    for (const auto& problem : problems)
        io.out << config::describe(problem, file) << '\n';

    const auto errors = std::count_if(problems.begin(), problems.end(), [](const auto& p) { return !p.warning; });
    if (errors > 0) {
        io.err << count(errors, "problem") << " in " << shown(file) << '\n';
        return failed;
    }
    const int status = online ? try_online(loaded.values, store, io) : done;
    if (status == done) io.out << "OK\n";
    return status;
}

}  // namespace gateway::cli

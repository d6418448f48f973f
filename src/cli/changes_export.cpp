#include <ostream>

#include "change_output.hpp"
#include "gateway/ledger/change_json.hpp"
#include "ledger_access.hpp"
#include "progress.hpp"
#include "settings_file.hpp"
#include "time_option.hpp"

namespace gateway::cli {

// By pages, each a short transaction of its own, so that a gateway's log does not grow behind it.
int export_changes(const command& self, const std::vector<std::string>& words, const streams& io) {
    ledger_command asked;
    std::string since, until;
    po::options_description known("Options");
    asked.add_to(known);
    known.add_options()("since", po::value(&since)->value_name("T"),
                        "those that began since: a time, or a span such as 24h")(
        "until", po::value(&until)->value_name("T"), "those that began before");
    if (!read_options(self, known, words, io)) return done;
    const ledger::instant now = current_time();
    ledger::list_filter filter{.with_history = true, .limit = 200};
    if (!since.empty()) filter.since = read_past_time("since", since, now);
    if (!until.empty()) filter.until = read_past_time("until", until, now);

    const auto opened = open_for_command(load_settings(asked.config, io), ledger_access::reader, io);
    progress shown_progress(io);
    std::size_t count = 0;
    do {
        auto page = value_of(opened.store->list_oldest_first(filter, now));
        std::string lines;
        for (const ledger::change& each : page.changes) {
            append_json(lines, each);
            lines += '\n';
        }
        if (!io.out.write(lines.data(), static_cast<std::streamsize>(lines.size()))) break;  // told at the end
        count += page.changes.size();
        shown_progress.show(count_of(count, "change"));
        filter.marker = std::move(page.next_marker);
    } while (!filter.marker.empty());
    return done;
}

}  // namespace gateway::cli

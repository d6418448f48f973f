#include "gateway/follow/follower.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "change_follower.hpp"
#include "gateway/follow/settled_line.hpp"
#include "gateway/net/log_exception.hpp"
#include "gateway/net/loop.hpp"

namespace gateway::follow {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// Changes that are looked at, and those that are claimed in one go: they bound the memory of following.
constexpr std::size_t max_at_once = 64, max_claimed = 128;
constexpr milliseconds longest_pause = 1000ms, after_trouble = 1000ms;
// After a claim of which every change had to be put off: a long line of one account must not keep the ledger busy.
constexpr milliseconds after_line = 250ms;
constexpr auto max_stop_time = 8s;  // a name look-up can't be cancelled
constexpr auto write_patience = 200ms;

}  // namespace

struct follower::implementation {
    explicit implementation(surroundings environment)
        : around(std::move(environment)),
          lines(around.outcome_log.new_buffer()),
          ledger(loop, around.ledger),
          reader(loop, around.credential_provider, around.cloud_connections),
          claims(ledger),
          changes(loop, reader, ledger, claims, around.clock_skew),
          woken(loop) {}

    [[nodiscard]] task<> run();
    [[nodiscard]] task<milliseconds> claim_due();
    [[nodiscard]] ledger::writes::claim next_claim(ledger::instant now);
    void begin(ledger::claimed one);
    [[nodiscard]] task<> look(std::shared_ptr<const ledger::claimed> one);
    void report(std::span<const ledger::claimed> ended);

    surroundings around;
    net::loop loop;
    outcome::line_buffer& lines;
    ledger::ledger_client ledger;
    cloud_reader reader;
    claim_writer claims;
    change_follower changes;
    net::async_event woken;
    std::set<std::string> under_way;        // ids of changes
    steady_clock::time_point next_release;  // of claims whose writes failed
    bool stopping = false;
    std::atomic<bool> ended{false};
    std::thread thread;
};

task<> follower::implementation::run() {
    while (!stopping) {
        auto claiming = claim_due();
        const milliseconds pause = co_await std::move(claiming);
        if (!stopping && pause > 0ms) co_await woken.wait(pause);
    }
}

// The pause until the next time.
task<milliseconds> follower::implementation::claim_due() {
    if (!reader.is_ready() || under_way.size() >= max_at_once) co_return longest_pause;
    const auto timeout = reader.settings().timeouts.ledger;
    using instants = std::optional<ledger::instant>;
    auto asking = ledger.read<instants>([](ledger::store& store) { return store.next_due(); }, timeout);
    const auto due = co_await std::move(asking);
    if (!due) co_return after_trouble;  // the ledger itself says so in the log
    if (!*due) co_return longest_pause;
    const ledger::instant now = ledger_now();
    ledger::writes::claim wanted = next_claim(now);
    if (**due > now && !wanted.still_looked_at)
        co_return std::clamp(std::chrono::ceil<milliseconds>(**due - now), milliseconds(1), longest_pause);
    auto claiming = ledger.write(std::move(wanted), timeout, ledger::completion<ledger::writes::claim::result>());
    auto claimed = co_await std::move(claiming);
    if (!claimed) {
        claims.note_failure();  // it may have been made all the same
        co_return after_trouble;
    }
    std::vector<ledger::claimed> ended_ones;
    for (ledger::claimed& each : *claimed) {
        if (has_ended(each.change.current))
            ended_ones.push_back(std::move(each));
        else if (!stopping && !under_way.contains(each.change.request.id) && !changes.handle_without_asking(each))
            begin(std::move(each));
    }
    report(ended_ones);
    co_return claimed->size() == max_claimed&& under_way.empty() ? after_line : milliseconds(0);
}

ledger::writes::claim follower::implementation::next_claim(ledger::instant now) {
    ledger::writes::claim wanted{
        .count = max_claimed, .owner = "following", .lease = lease_of(reader.settings().timeouts), .time = now};
    if (steady_clock::now() >= next_release && claims.take_failure()) {
        wanted.still_looked_at.emplace(under_way.begin(), under_way.end());
        next_release = steady_clock::now() + after_trouble;
    }
    return wanted;
}

void follower::implementation::begin(ledger::claimed one) {
    const std::string id = one.change.request.id;
    under_way.insert(id);
    loop.spawn(look(std::make_shared<const ledger::claimed>(std::move(one))),
               [this, id](const std::exception_ptr& exception) {
                   net::log_exception("following a change", exception);
                   if (exception) claims.note_failure();
                   under_way.erase(id);
                   woken.notify_all();
               });
}

task<> follower::implementation::look(std::shared_ptr<const ledger::claimed> one) { co_await changes.look(*one); }

// At least once: an end counts as reported when its line is in the log; where that takes too long, it is claimed again.
void follower::implementation::report(std::span<const ledger::claimed> ended_ones) {
    if (ended_ones.empty()) return;
    for (const ledger::claimed& each : ended_ones)
        lines.write_line(write_settled_line(each.change));
    const bool written = around.outcome_log.flush(write_patience);
    for (const ledger::claimed& each : ended_ones) {
        if (written)
            claims.submit(ledger::writes::reported{each.change.request.id, each.fence});
        else
            claims.submit(ledger::writes::hand_back{each.change.request.id, each.fence, ledger_now() + after_trouble});
    }
}

follower::follower(surroundings around) : implementation_(std::make_unique<implementation>(std::move(around))) {}

follower::~follower() = default;

void follower::start() {
    implementation& self = *implementation_;
    self.thread = std::thread([&self] {
        ::pthread_setname_np(::pthread_self(), "follower");
        self.loop.spawn(self.run(),
                        [](const std::exception_ptr& exception) { net::log_exception("following", exception); });
        self.loop.run();
        self.ended.store(true);
    });
}

bool follower::stop() {
    implementation& self = *implementation_;
    self.loop.post([&self] {
        self.stopping = true;
        self.loop.times().expire_now();
        self.loop.finish();
    });
    const auto deadline = steady_clock::now() + max_stop_time;
    while (!self.ended.load() && steady_clock::now() < deadline) {
        std::this_thread::sleep_for(1ms);
        self.loop.post([&self] { self.loop.times().expire_now(); });  // waits that began since
    }
    const bool all_ended = self.ended.load();
    if (!all_ended) self.loop.stop();
    self.thread.join();
    return all_ended;
}

void follower::adopt(configuration next) {
    implementation& self = *implementation_;
    self.loop.post([&self, next = std::move(next)]() mutable {
        self.reader.adopt(std::move(next));
        self.woken.notify_all();
    });
}

void follower::put(const credentials::cache_key& key, const credentials::shared_secret& secret,
                   const std::string& reason, credentials::secret::time retry) {
    implementation& self = *implementation_;
    self.loop.post([&self, key, secret, reason, retry] { self.reader.put(key, secret, reason, retry); });
}

std::vector<request_count> follower::requests() const {
    std::vector<request_count> all;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        for (std::size_t j = 0; j < results.size(); ++j)
            all.push_back({subjects.at(i), results.at(j),
                           implementation_->reader.count(static_cast<subject>(i), static_cast<result>(j))});
    }
    return all;
}

}  // namespace gateway::follow

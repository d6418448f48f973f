#pragma once
// Keeps the workers' wallets filled: one thread in the background that fetches what is wanted, renews it ahead of its
// end, follows rotated files, and tries rested keys. Workers tell it what they miss; it tells them what there is.

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/credentials/pair_files.hpp"
#include "gateway/credentials/store.hpp"
#include "gateway/credentials/upkeep.hpp"
#include "gateway/credentials/wallet.hpp"
#include "gateway/net/async_event.hpp"
#include "gateway/net/loop.hpp"
#include "gateway/renewal/cloud.hpp"

namespace gateway::renewal {

using credentials::slot;

// What a slot signs with from now on: wallet::put() of every worker.
struct publication {
    slot where;
    shared_secret what;
    std::string why;
    secret::time retry{};
};

// How a credential (for a token: of one project) is doing, for people and dashboards.
struct condition {
    std::string name, project;
    bool usable = false;
    bool refused = false;  // whoever was asked says that it is wrong
    std::string why;       // what is wrong; empty when nothing is. May hold others' words: escape it
    std::optional<secret::time> expires;
    std::uint64_t fetched = 0, failed = 0;
};

class keeper final : public credentials::supplier {
public:
    // `publish` is called on the keeper's thread.
    explicit keeper(std::function<void(const publication&)> publish);
    ~keeper() override;  // stop() came before it, or start() never did

    void start();
    // Ends the thread. False when something can't be made to end (a name look-up): then it must not be destroyed.
    [[nodiscard]] bool stop();
    // A new configuration; from any thread. Throws what cloud's constructor throws.
    void adopt(std::shared_ptr<const credentials::store> store, const config::settings& in);

    // From any thread.
    void want(const slot& what) override;
    void drop(const slot& what, const shared_secret& which) override;
    void rest(const slot& what, const shared_secret& which, std::string details) override;
    void resume(const slot& what, const shared_secret& which) override;
    void doubt(const slot& what, const shared_secret& which) override;
    void note_skew(std::string_view region, std::chrono::seconds ahead) override;
    [[nodiscard]] std::vector<condition> conditions() const;
    [[nodiscard]] std::map<std::string, std::chrono::seconds> skews() const;

    // Fetches every credential once, tries it with one harmless query, and waits for that: for `check --online`,
    // instead of start() and adopt(). Throws what adopt() throws.
    void try_all(std::shared_ptr<const credentials::store> store, const config::settings& in,
                 const std::function<void(const condition&)>& show);

private:
    using time = secret::time;
    struct plan;
    struct keeping;
    struct borrowed {
        shared_secret is;
        credentials::trial tries;
    };
    struct by_slot {
        bool operator()(const slot& a, const slot& b) const {
            return a.serial != b.serial ? a.serial < b.serial : a.project < b.project;
        }
    };

    [[nodiscard]] std::shared_ptr<const plan> make_plan(std::shared_ptr<const credentials::store> store,
                                                        const config::settings& in);
    void take_over(std::shared_ptr<const plan> next);
    [[nodiscard]] keeping* find_or_make(const slot& what);
    void drop_now(const slot& what, const shared_secret& which);
    void schedule(keeping& k);
    void wake();
    void spawn(task<> what);
    void wind_up();
    void begin(keeping& k, time now);
    [[nodiscard]] keeping* done(const slot& what);
    [[nodiscard]] task<> renew(slot what);
    [[nodiscard]] task<fetched<shared_secret>> fetch(slot what, std::shared_ptr<const plan> by);
    [[nodiscard]] task<fetched<shared_secret>> fetch_agency(const credentials::definition& what,
                                                            std::shared_ptr<const plan> by);
    [[nodiscard]] task<fetched<borrowed>> obtain(const slot& what, std::shared_ptr<const plan> by);
    [[nodiscard]] static bool can_try(const slot& what, const credentials::definition& is);
    [[nodiscard]] task<verdict> try_out(const slot& what, const secret& by_what, std::shared_ptr<const plan> by,
                                        std::string& why);
    [[nodiscard]] task<> try_key(slot what);  // that is rested or doubted
    void end_try_of_rested(keeping& k, verdict taken, std::string why);
    void end_try_of_doubted(keeping& k, verdict taken, std::string why);
    [[nodiscard]] task<> watch_files();
    void look_at_files(keeping& k, time now);
    [[nodiscard]] task<condition> try_one(const credentials::definition& one);
    void came(keeping& k, shared_secret what);
    void failed(keeping& k, const credentials::fetch_failure& why);
    void put_to_rest(keeping& k, std::string details);
    void use_again(keeping& k);  // that was rested
    void tell(const keeping& k);
    void show(const keeping& k);
    [[nodiscard]] double dice();

    std::function<void(const publication&)> publish_;
    net::loop loop_;
    std::shared_ptr<const plan> plan_;
    std::map<slot, std::unique_ptr<keeping>, by_slot> kept_;
    std::set<std::pair<time, keeping*>> due_;
    net::deadline alarm_;  // what is due has to be begun
    net::async_event changed_;
    std::size_t fetching_ = 0;
    bool stopping_ = false;
    std::minstd_rand random_{std::random_device{}()};
    mutable std::mutex shown_lock_;  // held for a copy only
    std::map<slot, condition, by_slot> shown_;
    std::map<std::string, std::chrono::seconds> skews_;
    std::atomic<bool> ended_{false};
    std::thread thread_;
};

}  // namespace gateway::renewal

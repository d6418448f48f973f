// The thread with pairs alone, which need no network.
#include "gateway/credential_refresh/credential_refresher.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <vector>

#include "../credentials/world.hpp"

namespace gateway::credential_refresh {
namespace {

using namespace std::chrono_literals;
using credentials::folder;
using credentials::from_file;
using credentials::from_plain;

class publications {
public:
    void add(const publication& one) {
        const std::lock_guard held(lock_);
        all_.push_back(one);
        added_.notify_all();
    }
    // The publication of that number, counted from 0.
    publication wait_for(std::size_t number) {
        std::unique_lock held(lock_);
        if (!added_.wait_for(held, 20s, [&] { return all_.size() > number; })) {
            ADD_FAILURE() << "nothing was published";
            return {};
        }
        return all_[number];
    }
    std::size_t size() {
        const std::lock_guard held(lock_);
        return all_.size();
    }

private:
    std::mutex lock_;
    std::condition_variable added_;
    std::vector<publication> all_;
};

struct running {
    publications published;
    credential_refresher refresher{[this](const publication& one) { published.add(one); }};

    running() { refresher.start(); }
    ~running() { EXPECT_TRUE(refresher.stop()); }
    std::shared_ptr<const credentials::store> adopt(std::vector<config::credential> list) {
        const auto settings = credentials::settings_with(std::move(list));
        std::vector<config::problem> problems;
        auto store = std::make_shared<const credentials::store>(credentials::store::load(settings, problems));
        EXPECT_TRUE(problems.empty());
        refresher.adopt(store, settings);
        return store;
    }
};

TEST(credential_refresher, publishes_the_pairs_of_a_configuration) {
    running r;
    const auto store = r.adopt({credentials::pair("acme-key", "AK", "SK")});
    const publication got = r.published.wait_for(0);
    EXPECT_EQ(got.key, (cache_key{store->all()[0].serial, {}}));
    EXPECT_EQ(got.secret, store->all()[0].first);
    EXPECT_EQ(got.reason, "");
    const auto statuses = r.refresher.statuses();
    ASSERT_EQ(statuses.size(), 1U);
    EXPECT_EQ(statuses[0].name, "acme-key");
    EXPECT_TRUE(statuses[0].usable);
    EXPECT_FALSE(statuses[0].refused);
}

TEST(credential_refresher, answers_a_request_for_a_pair_at_once_and_ignores_an_unknown_key) {
    running r;
    const auto store = r.adopt({credentials::pair("acme-key", "AK", "SK")});
    static_cast<void>(r.published.wait_for(0));
    r.refresher.request({store->all()[0].serial + 1000, {}});
    r.refresher.request({store->all()[0].serial, {}});
    EXPECT_EQ(r.published.wait_for(1).secret, store->all()[0].first);
    EXPECT_EQ(r.published.size(), 2U);
}

TEST(credential_refresher, publishes_a_rotated_pair_once_its_files_have_changed) {
    running r;
    const folder files;
    const auto ak = files.put("acme.ak", "AK1"), sk = files.put("acme.sk", "SK1");
    const auto store = r.adopt({credentials::pair("acme-key", from_file(ak), from_file(sk))});
    static_cast<void>(r.published.wait_for(0));
    static_cast<void>(files.put("acme.ak", "AK2"));
    static_cast<void>(files.put("acme.sk", "SK2"));
    const publication fresh = r.published.wait_for(1);
    ASSERT_NE(fresh.secret, nullptr);
    EXPECT_EQ(fresh.secret->key->access_key(), "AK2");
    EXPECT_EQ(r.refresher.statuses().at(0).fetched, 1U);
}

TEST(credential_refresher, rests_a_pair_whose_breaker_is_open_and_uses_it_again_when_it_was_accepted) {
    running r;
    const auto store = r.adopt({credentials::pair("acme-key", "AK", "SK")});
    const publication first = r.published.wait_for(0);
    for (int i = 0; i < 3; ++i)
        static_cast<void>(first.secret->breaker.on_refused(credentials::requester::gateway));
    r.refresher.on_breaker_open(first.key, first.secret, "APIGW.0301 Incorrect IAM authentication information");
    const publication rested = r.published.wait_for(1);
    EXPECT_EQ(rested.reason,
              "the cloud refused its signature three times in a row, so it is rested and tried again by itself");
    EXPECT_GT(rested.retry, std::chrono::steady_clock::now());
    EXPECT_TRUE(r.refresher.statuses().at(0).refused);
    EXPECT_TRUE(first.secret->breaker.on_accepted());
    r.refresher.on_breaker_closed(first.key, first.secret);
    EXPECT_EQ(r.published.wait_for(2).reason, "");
    EXPECT_FALSE(r.refresher.statuses().at(0).refused);
}

// A call that was in progress was accepted in the meantime.
TEST(credential_refresher, does_not_rest_a_pair_whose_breaker_has_closed) {
    running r;
    const auto store = r.adopt({credentials::pair("acme-key", "AK", "SK")});
    const publication first = r.published.wait_for(0);
    r.refresher.on_breaker_open(first.key, first.secret, "APIGW.0301");
    r.refresher.request(first.key);
    EXPECT_EQ(r.published.wait_for(1).reason, "");
    EXPECT_FALSE(r.refresher.statuses().at(0).refused);
}

TEST(credential_refresher, forgets_what_a_new_configuration_does_not_name) {
    running r;
    static_cast<void>(r.adopt({credentials::pair("acme-key", "AK", "SK")}));
    static_cast<void>(r.published.wait_for(0));
    static_cast<void>(r.adopt({credentials::pair("globex-key", "AK2", "SK2")}));
    static_cast<void>(r.published.wait_for(1));
    const auto statuses = r.refresher.statuses();
    ASSERT_EQ(statuses.size(), 1U);
    EXPECT_EQ(statuses[0].name, "globex-key");
}

TEST(credential_refresher, keeps_the_latest_skew_of_each_region) {
    running r;
    r.refresher.note_skew("cn-north-4", 3s);
    r.refresher.note_skew("cn-east-3", -1s);
    r.refresher.note_skew("cn-north-4", 5s);
    EXPECT_EQ(r.refresher.skews(),
              (std::map<std::string, std::chrono::seconds>{{"cn-east-3", -1s}, {"cn-north-4", 5s}}));
}

}  // namespace
}  // namespace gateway::credential_refresh

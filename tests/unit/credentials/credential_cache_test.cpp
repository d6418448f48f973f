#include "gateway/credentials/credential_cache.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "world.hpp"

namespace gateway::credentials {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const credential_cache::time now{1000s};

TEST(credential_cache, gives_the_pairs_of_the_configuration) {
    const store made = load({pair("k", "AK1", "sk1")});
    credential_cache cache(made, nullptr);
    const auto acquired = cache.acquire(credential_id{0}, "p", "c", now);
    ASSERT_TRUE(acquired.has_value());
    EXPECT_EQ(acquired->name(), "k");
    EXPECT_EQ(acquired->access_key(), "AK1");
    EXPECT_EQ(acquired->token(), nullptr);
}

TEST(credential_cache, requests_a_missing_secret_once_and_gives_it_after_put) {
    const store made = load({agency("a", "k"), pair("k", "AK1", "sk1")});
    credential_cache cache(made, nullptr);
    const auto none = cache.acquire(credential_id{0}, "p", "c", now);
    ASSERT_FALSE(none.has_value());
    EXPECT_TRUE(none.error().is_pending);
    EXPECT_TRUE(none.error().should_request);
    EXPECT_EQ(none.error().key, (cache_key{made[credential_id{0}].serial, ""}));
    EXPECT_FALSE(cache.acquire(credential_id{0}, "p", "c", now).error().should_request);
    EXPECT_THROW((void)none.value(), std::logic_error);

    cache.put({made[credential_id{0}].serial, ""}, temporary("TEMP", now + 10s), "", {});
    EXPECT_EQ(cache.acquire(credential_id{0}, "p", "c", now)->access_key(), "TEMP");
    EXPECT_TRUE(cache.acquire(credential_id{0}, "p", "c", now + 9999ms).has_value());
    EXPECT_FALSE(cache.acquire(credential_id{0}, "p", "c", now + 10s).has_value());
}

TEST(credential_cache, keeps_a_token_for_each_project) {
    const store made = load({user("u")});
    credential_cache cache(made, nullptr);
    EXPECT_EQ(cache.acquire(credential_id{0}, "p1", "c", now).error().key,
              (cache_key{made[credential_id{0}].serial, "p1"}));
    cache.put({made[credential_id{0}].serial, "p1"}, make_token("token-of-p1"), "", {});
    EXPECT_EQ(cache.acquire(credential_id{0}, "p1", "c", now)->token()->reveal(), "token-of-p1");
    EXPECT_EQ(cache.acquire(credential_id{0}, "p1", "c", now)->key(), nullptr);
    EXPECT_FALSE(cache.acquire(credential_id{0}, "p2", "c", now).has_value());
}

TEST(credential_cache, says_why_there_is_nothing_and_when_to_retry) {
    const store made = load({user("u")});
    credential_cache cache(made, nullptr);
    cache.put({made[credential_id{0}].serial, "p1"}, nullptr, "IAM refuses it: 401", now + 90s);
    const auto none = cache.acquire(credential_id{0}, "p1", "c", now);
    EXPECT_EQ(none.error().reason, "IAM refuses it: 401");
    EXPECT_EQ(none.error().retry_after, 90s);
    EXPECT_TRUE(none.error().should_request);  // the next call requests it again
}

TEST(credential_cache, gives_a_new_pair_to_few_calls_until_one_was_accepted) {
    const store made = load({pair("k", "AK1", "sk1")});
    credential_cache cache(made, nullptr), of_another_worker(made, nullptr);
    auto first = cache.acquire(credential_id{0}, "p", "c", now);
    const auto second = of_another_worker.acquire(credential_id{0}, "p", "another", now);
    EXPECT_TRUE(first.has_value() && second.has_value());
    const auto third = cache.acquire(credential_id{0}, "p", "c", now);
    ASSERT_FALSE(third.has_value());
    EXPECT_TRUE(third.error().is_pending);
    EXPECT_THAT(third.error().reason, HasSubstr("first calls"));
    *first = credential_handle();  // that call has ended
    EXPECT_TRUE(of_another_worker.acquire(credential_id{0}, "p", "c", now).has_value());
    second->shared()->breaker.on_accepted();
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(cache.acquire(credential_id{0}, "p", "c", now).has_value());
}

TEST(credential_cache, gives_no_secret_whose_breaker_is_open) {
    const store made = load({pair("k", "AK1", "sk1")});
    credential_cache cache(made, nullptr);
    const auto initial = made[credential_id{0}].first;
    for (int i = 0; i < 3; ++i)
        static_cast<void>(initial->breaker.on_refused(requester::gateway));
    const auto none = cache.acquire(credential_id{0}, "p", "c", now);
    ASSERT_FALSE(none.has_value());
    EXPECT_FALSE(none.error().is_pending);
    EXPECT_THAT(none.error().reason, HasSubstr("three times in a row"));
}

TEST(credential_cache, lets_only_the_refused_caller_wait) {
    const store made = load({pair("k", "AK1", "sk1")});
    credential_cache cache(made, nullptr);
    const auto initial = made[credential_id{0}].first;
    initial->breaker.on_accepted();
    for (int i = 0; i < 2; ++i)
        static_cast<void>(initial->breaker.on_refused(caller_named("c")));
    const auto none = cache.acquire(credential_id{0}, "p", "c", now);
    ASSERT_FALSE(none.has_value());
    EXPECT_TRUE(none.error().is_pending);
    EXPECT_THAT(none.error().reason, HasSubstr("query of its own"));
    EXPECT_TRUE(cache.acquire(credential_id{0}, "p", "another", now).has_value());
}

TEST(credential_cache, keeps_what_a_reload_did_not_change) {
    const store first = load({agency("a", "k"), pair("k", "AK1", "sk1"), user("u")});
    credential_cache before(first, nullptr);
    const auto fetched = temporary("TEMP", now + 10s);
    before.put({first[credential_id{0}].serial, ""}, fetched, "", {});
    before.put({first[credential_id{2}].serial, "p1"}, make_token("t"), "", {});
    first[credential_id{1}].first->breaker.on_accepted();

    // The same in another order, and one that is new.
    const store second =
        load({pair("new", "AK9", "sk9"), user("u"), pair("k", "AK1", "sk1"), agency("a", "k")}, &first);
    credential_cache after(second, &before);
    EXPECT_EQ(after.acquire(credential_id{3}, "p", "c", now)->shared(), fetched);
    EXPECT_EQ(after.acquire(credential_id{1}, "p1", "c", now)->token()->reveal(), "t");
    EXPECT_EQ(after.acquire(credential_id{2}, "p", "c", now)->shared(),
              first[credential_id{1}].first);  // with its breaker
    EXPECT_EQ(after.acquire(credential_id{0}, "p", "c", now)->access_key(), "AK9");
}

TEST(credential_cache, ignores_what_its_configuration_does_not_know) {
    const store made = load({pair("k", "AK1", "sk1")});
    credential_cache cache(made, nullptr);
    cache.put({999'999, ""}, temporary("TEMP", now + 10s), "", {});
    EXPECT_EQ(cache.acquire(credential_id{0}, "p", "c", now)->access_key(), "AK1");
}

TEST(credential_cache, a_secret_lives_as_long_as_a_call_signs_with_it_and_no_longer) {
    const store made = load({agency("a", "k"), pair("k", "AK1", "sk1")});
    credential_cache cache(made, nullptr);
    std::weak_ptr<const secret> old;
    {
        auto fetched = temporary("TEMP1", now + 10s);
        old = fetched;
        cache.put({made[credential_id{0}].serial, ""}, std::move(fetched), "", {});
    }
    auto acquired = cache.acquire(credential_id{0}, "p", "c", now);
    cache.put({made[credential_id{0}].serial, ""}, temporary("TEMP2", now + 20s), "", {});
    EXPECT_FALSE(old.expired());
    *acquired = credential_handle();
    EXPECT_TRUE(old.expired());
}

TEST(credential_cache, invalidates_what_has_expired_but_not_what_replaced_it) {
    const store made = load({agency("a", "k"), pair("k", "AK1", "sk1")});
    credential_cache cache(made, nullptr);
    const cache_key key{made[credential_id{0}].serial, ""};
    const auto old = temporary("TEMP1", now + 10s);
    cache.put(key, old, "", {});
    cache.invalidate(key, old);
    const auto none = cache.acquire(credential_id{0}, "p", "c", now);
    ASSERT_FALSE(none.has_value());
    EXPECT_TRUE(none.error().should_request);
    cache.put(key, temporary("TEMP2", now + 20s), "", {});
    cache.invalidate(key, old);  // a second call that was sent with the old one has its answer
    EXPECT_EQ(cache.acquire(credential_id{0}, "p", "c", now)->access_key(), "TEMP2");
}

}  // namespace
}  // namespace gateway::credentials

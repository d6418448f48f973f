#include "gateway/credentials/wallet.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "world.hpp"

namespace gateway::credentials {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const wallet::time now{1000s};

TEST(wallet, lends_the_pairs_of_the_configuration) {
    const store made = load({pair("k", "AK1", "sk1")});
    wallet mine(made, nullptr);
    const auto lent = mine.take(id{0}, "p", "c", now);
    ASSERT_TRUE(lent.has_value());
    EXPECT_EQ(lent->name(), "k");
    EXPECT_EQ(lent->access_key(), "AK1");
    EXPECT_EQ(lent->token(), nullptr);
}

TEST(wallet, asks_once_for_what_it_has_not_and_lends_it_when_it_has_come) {
    const store made = load({agency("a", "k"), pair("k", "AK1", "sk1")});
    wallet mine(made, nullptr);
    const auto none = mine.take(id{0}, "p", "c", now);
    ASSERT_FALSE(none.has_value());
    EXPECT_TRUE(none.error().on_its_way);
    EXPECT_TRUE(none.error().ask);
    EXPECT_EQ(none.error().where, (slot{made[id{0}].serial, ""}));
    EXPECT_FALSE(mine.take(id{0}, "p", "c", now).error().ask);
    EXPECT_THROW((void)none.value(), std::logic_error);

    mine.put({made[id{0}].serial, ""}, temporary("TEMP", now + 10s), "", {});
    EXPECT_EQ(mine.take(id{0}, "p", "c", now)->access_key(), "TEMP");
    EXPECT_TRUE(mine.take(id{0}, "p", "c", now + 9999ms).has_value());
    EXPECT_FALSE(mine.take(id{0}, "p", "c", now + 10s).has_value());
}

TEST(wallet, keeps_a_token_for_each_project) {
    const store made = load({user("u")});
    wallet mine(made, nullptr);
    EXPECT_EQ(mine.take(id{0}, "p1", "c", now).error().where, (slot{made[id{0}].serial, "p1"}));
    mine.put({made[id{0}].serial, "p1"}, make_token("token-of-p1"), "", {});
    EXPECT_EQ(mine.take(id{0}, "p1", "c", now)->token()->reveal(), "token-of-p1");
    EXPECT_EQ(mine.take(id{0}, "p1", "c", now)->key(), nullptr);
    EXPECT_FALSE(mine.take(id{0}, "p2", "c", now).has_value());
}

TEST(wallet, says_why_there_is_nothing_and_when_to_come_again) {
    const store made = load({user("u")});
    wallet mine(made, nullptr);
    mine.put({made[id{0}].serial, "p1"}, nullptr, "IAM refuses it: 401", now + 90s);
    const auto none = mine.take(id{0}, "p1", "c", now);
    EXPECT_EQ(none.error().why, "IAM refuses it: 401");
    EXPECT_EQ(none.error().retry_after, 90s);
    EXPECT_TRUE(none.error().ask);  // whoever comes next asks again
}

TEST(wallet, lends_a_new_pair_to_few_calls_until_one_was_taken) {
    const store made = load({pair("k", "AK1", "sk1")});
    wallet mine(made, nullptr), of_another_worker(made, nullptr);
    auto first = mine.take(id{0}, "p", "c", now);
    const auto second = of_another_worker.take(id{0}, "p", "another", now);
    EXPECT_TRUE(first.has_value() && second.has_value());
    const auto third = mine.take(id{0}, "p", "c", now);
    ASSERT_FALSE(third.has_value());
    EXPECT_TRUE(third.error().on_its_way);
    EXPECT_THAT(third.error().why, HasSubstr("first calls"));
    *first = lease();  // that call has ended
    EXPECT_TRUE(of_another_worker.take(id{0}, "p", "c", now).has_value());
    second->shared()->taken.accepted();
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(mine.take(id{0}, "p", "c", now).has_value());
}

TEST(wallet, does_not_lend_what_is_rested) {
    const store made = load({pair("k", "AK1", "sk1")});
    wallet mine(made, nullptr);
    const auto which = made[id{0}].first;
    for (int i = 0; i < 3; ++i)
        static_cast<void>(which->taken.refused(requester::gateway));
    const auto none = mine.take(id{0}, "p", "c", now);
    ASSERT_FALSE(none.has_value());
    EXPECT_FALSE(none.error().on_its_way);
    EXPECT_THAT(none.error().why, HasSubstr("three times in a row"));
}

TEST(wallet, lets_only_the_caller_wait_whose_calls_alone_were_refused) {
    const store made = load({pair("k", "AK1", "sk1")});
    wallet mine(made, nullptr);
    const auto which = made[id{0}].first;
    which->taken.accepted();
    for (int i = 0; i < 2; ++i)
        static_cast<void>(which->taken.refused(caller_named("c")));
    const auto none = mine.take(id{0}, "p", "c", now);
    ASSERT_FALSE(none.has_value());
    EXPECT_TRUE(none.error().on_its_way);
    EXPECT_THAT(none.error().why, HasSubstr("query of its own"));
    EXPECT_TRUE(mine.take(id{0}, "p", "another", now).has_value());
}

TEST(wallet, takes_over_what_a_reload_did_not_change) {
    const store first = load({agency("a", "k"), pair("k", "AK1", "sk1"), user("u")});
    wallet before(first, nullptr);
    const auto fetched = temporary("TEMP", now + 10s);
    before.put({first[id{0}].serial, ""}, fetched, "", {});
    before.put({first[id{2}].serial, "p1"}, make_token("t"), "", {});
    first[id{1}].first->taken.accepted();

    // The same in another order, and one that is new.
    const store second =
        load({pair("new", "AK9", "sk9"), user("u"), pair("k", "AK1", "sk1"), agency("a", "k")}, &first);
    wallet after(second, &before);
    EXPECT_EQ(after.take(id{3}, "p", "c", now)->shared(), fetched);
    EXPECT_EQ(after.take(id{1}, "p1", "c", now)->token()->reveal(), "t");
    EXPECT_EQ(after.take(id{2}, "p", "c", now)->shared(), first[id{1}].first);  // with its standing
    EXPECT_EQ(after.take(id{0}, "p", "c", now)->access_key(), "AK9");
}

TEST(wallet, passes_over_what_its_configuration_does_not_know) {
    const store made = load({pair("k", "AK1", "sk1")});
    wallet mine(made, nullptr);
    mine.put({999'999, ""}, temporary("TEMP", now + 10s), "", {});
    EXPECT_EQ(mine.take(id{0}, "p", "c", now)->access_key(), "AK1");
}

TEST(wallet, a_secret_lives_as_long_as_a_call_signs_with_it_and_no_longer) {
    const store made = load({agency("a", "k"), pair("k", "AK1", "sk1")});
    wallet mine(made, nullptr);
    std::weak_ptr<const secret> old;
    {
        auto fetched = temporary("TEMP1", now + 10s);
        old = fetched;
        mine.put({made[id{0}].serial, ""}, std::move(fetched), "", {});
    }
    auto lent = mine.take(id{0}, "p", "c", now);
    mine.put({made[id{0}].serial, ""}, temporary("TEMP2", now + 20s), "", {});
    EXPECT_FALSE(old.expired());
    *lent = lease();
    EXPECT_TRUE(old.expired());
}

TEST(wallet, drops_what_has_expired_but_not_what_took_its_place) {
    const store made = load({agency("a", "k"), pair("k", "AK1", "sk1")});
    wallet mine(made, nullptr);
    const slot where{made[id{0}].serial, ""};
    const auto old = temporary("TEMP1", now + 10s);
    mine.put(where, old, "", {});
    mine.drop(where, old);
    const auto none = mine.take(id{0}, "p", "c", now);
    ASSERT_FALSE(none.has_value());
    EXPECT_TRUE(none.error().ask);
    mine.put(where, temporary("TEMP2", now + 20s), "", {});
    mine.drop(where, old);  // a second call that was sent with the old one has its answer
    EXPECT_EQ(mine.take(id{0}, "p", "c", now)->access_key(), "TEMP2");
}

}  // namespace
}  // namespace gateway::credentials

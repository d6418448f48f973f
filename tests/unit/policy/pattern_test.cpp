#include "pattern.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <vector>

namespace gateway::policy {
namespace {

struct row {
    std::string_view pattern, text;
    bool matches;
};

TEST(pattern, star_is_any_run_and_question_mark_any_one_character) {
    for (const row& r : std::vector<row>{
             {"", "", true},
             {"", "a", false},
             {"*", "", true},
             {"*", "anything", true},
             {"**", "a", true},
             {"?", "", false},
             {"?", "a", true},
             {"?", "ab", false},
             {"s6.*", "s6.large.2", true},
             {"s6.*", "s6.", true},
             {"s6.*", "s6", false},
             {"s6.*", "S6.large.2", false},
             {"s6.*", "s7.large.2", false},
             {"s6.*", "xs6.large.2", false},
             {"*.large.*", "s6.large.2", true},
             {"*.large.*", "s6.xlarge.2", false},
             {"*large*", "s6.xlarge.2", true},
             {"*.2", "s6.large.2", true},
             {"*.2", "s6.large.2.", false},
             {"s?.large.?", "s6.large.2", true},
             {"s?.large.?", "s6.large.12", false},
             {"a*b*c", "aXbXbYc", true},
             {"a*b*c", "aXbXbYd", false},
             {"*a?c", "abcaxc", true},
             {"?*", "", false},
             {"?*?", "ab", true},
             {"?*?", "a", false},
             {"[ab]", "a", false},
             {"[ab]", "[ab]", true},
             {"a.c", "abc", false},
         }) {
        EXPECT_EQ(matches(r.pattern, r.text), r.matches) << r.pattern << " on " << r.text;
    }
}

// By the definition, trying everything.
bool by_definition(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '*')
        return by_definition(pattern.substr(1), text) || (!text.empty() && by_definition(pattern, text.substr(1)));
    return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
           by_definition(pattern.substr(1), text.substr(1));
}

TEST(pattern, agrees_with_trying_everything) {
    std::mt19937 random(7);
    const auto any_of = [&](std::string_view letters, std::size_t max) {
        std::string made(random() % (max + 1), ' ');
        for (char& c : made)
            c = letters[random() % letters.size()];
        return made;
    };
    int matching = 0;
    for (int i = 0; i < 20000; ++i) {
        const std::string pattern = any_of("ab*?", 6);
        const std::string text = any_of("ab", 8);
        const bool expected = by_definition(pattern, text);
        matching += expected ? 1 : 0;
        ASSERT_EQ(matches(pattern, text), expected) << pattern << " on " << text;
    }
    EXPECT_GT(matching, 1000);
}

TEST(pattern, many_stars_do_not_explode) {
    // Trying every star against every place would outlive the universe.
    std::string pattern;
    for (int i = 0; i < 30; ++i)
        pattern += "*a";
    pattern += "*b";
    EXPECT_FALSE(matches(pattern, std::string(10000, 'a')));
}

TEST(pattern, only_stars_and_question_marks_make_one) {
    EXPECT_TRUE(is_pattern("a*"));
    EXPECT_TRUE(is_pattern("?"));
    EXPECT_FALSE(is_pattern("5f1c2b6e-0d7a-4a39-9b62-7a1f0e5d3c21"));
    EXPECT_FALSE(is_pattern(""));
}

}  // namespace
}  // namespace gateway::policy

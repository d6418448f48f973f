#include "gateway/outcome/recent.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>

namespace gateway::outcome {
namespace {

std::string lines(std::size_t first, std::size_t end) {
    std::string all;
    for (std::size_t i = first; i < end; ++i)
        all += std::to_string(i) + '\n';
    return all;
}

std::string members(std::size_t first, std::size_t end) {
    std::string all = lines(first, end);
    for (char& c : all) {
        if (c == '\n') c = ',';
    }
    all.pop_back();
    return all;
}

void take(recent& recent_lines, std::string& batch) {
    recent_lines.take(batch, static_cast<std::size_t>(std::count(batch.begin(), batch.end(), '\n')));
}

TEST(recent, is_empty_before_the_first_line) { EXPECT_EQ(recent().as_json_members(), ""); }

TEST(recent, keeps_lines_in_their_order) {
    recent last;
    for (std::string batch : {"", "1\n", "22\n3\n"})
        take(last, batch);
    EXPECT_EQ(last.as_json_members(), "1,22,3");
    EXPECT_EQ(last.as_json_members("4\n5\n"), "1,22,3,4,5");
}

TEST(recent, keeps_the_last_two_hundred_however_they_come) {
    const auto taken_at = [](std::initializer_list<std::size_t> ends) {
        recent last;
        std::size_t begin = 0;
        for (const std::size_t end : ends) {
            std::string batch = lines(begin, end);
            take(last, batch);
            begin = end;
        }
        return last;
    };
    recent one_by_one;
    for (std::size_t i = 0; i < 1000; ++i) {
        std::string batch = lines(i, i + 1);
        take(one_by_one, batch);
    }
    EXPECT_EQ(one_by_one.as_json_members(), members(800, 1000));
    EXPECT_EQ(taken_at({1000}).as_json_members(), members(800, 1000));
    EXPECT_EQ(taken_at({850, 1000}).as_json_members(), members(800, 1000));
    EXPECT_EQ(taken_at({10, 400, 500, 1000}).as_json_members(), members(800, 1000));
    EXPECT_EQ(taken_at({60, 120, 180, 240, 300, 310, 900, 950, 990, 995, 1000}).as_json_members(), members(800, 1000));
    EXPECT_EQ(taken_at({750, 800, 850, 899, 949, 1000}).as_json_members(), members(800, 1000));
    EXPECT_EQ(taken_at({850}).as_json_members(lines(850, 1000)), members(800, 1000));
    EXPECT_EQ(taken_at({200'000}).as_json_members(), members(199'800, 200'000));  // more than is exchanged
}

TEST(recent, forgets_what_came_one_by_one_long_ago) {
    recent last;
    const std::string long_line(1000, 'x');
    for (int i = 0; i < 5000; ++i) {
        std::string batch = long_line + '\n';
        take(last, batch);
    }
    EXPECT_EQ(last.as_json_members().size(), 200 * 1001 - 1);
}

}  // namespace
}  // namespace gateway::outcome

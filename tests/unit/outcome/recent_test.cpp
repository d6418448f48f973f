#include "gateway/outcome/recent.hpp"

#include <gtest/gtest.h>

namespace gateway::outcome {
namespace {

std::string lines(std::size_t from, std::size_t to) {
    std::string all;
    for (std::size_t i = from; i < to; ++i)
        all += std::to_string(i) + '\n';
    return all;
}

std::string members(std::size_t from, std::size_t to) {
    std::string all = lines(from, to);
    for (char& c : all) {
        if (c == '\n') c = ',';
    }
    all.pop_back();
    return all;
}

TEST(recent, is_empty_before_the_first_line) { EXPECT_EQ(recent().as_json_members(), ""); }

TEST(recent, keeps_lines_in_their_order) {
    recent last;
    last.add("");
    last.add("1\n");
    last.add("22\n3\n");
    EXPECT_EQ(last.as_json_members(), "1,22,3");
}

TEST(recent, keeps_the_last_two_hundred_however_they_come) {
    recent one_by_one, at_once, in_two;
    for (std::size_t i = 0; i < 1000; ++i)
        one_by_one.add(lines(i, i + 1));
    at_once.add(lines(0, 1000));
    in_two.add(lines(0, 850));
    in_two.add(lines(850, 1000));
    for (const recent* each : {&one_by_one, &at_once, &in_two})
        EXPECT_EQ(each->as_json_members(), members(800, 1000));
}

}  // namespace
}  // namespace gateway::outcome

#include "change_fields.hpp"

#include <gtest/gtest.h>

namespace gateway::pipeline {
namespace {

using fields = message::field_list;

constexpr const char* id = "0123456789abcdef0123456789abcdef";

TEST(the_key_of_a_change, is_read_bare_or_in_quotes) {
    struct row {
        const char* value;
        const char* key;
    };
    for (const row& r : {row{"a", "a"}, row{"order-17/x~!", "order-17/x~!"}, row{"\"a\"", "a"},
                         row{R"("a\"b\\c")", R"(a"b\c)"}, row{R"(a"b\c)", R"(a"b\c)"}, row{"a,b;c=1", "a,b;c=1"}}) {
        for (const char* name : {"Idempotency-Key", "idempotency-key", "X-Client-Token"}) {
            const change_fields found = read_change_fields(fields{{name, r.value}});
            EXPECT_EQ(found.problem, "") << name << ": " << r.value;
            EXPECT_EQ(found.key, r.key) << name << ": " << r.value;
        }
    }
    const std::string longest(255, 'k');
    EXPECT_EQ(read_change_fields(fields{{"Idempotency-Key", longest}}).key, longest);
    EXPECT_EQ(read_change_fields(fields{}).key, "");
}

TEST(the_key_of_a_change, is_refused_where_it_can_be_read_in_two_ways) {
    const std::string too_long(256, 'k');
    const std::string too_long_in_quotes = '"' + too_long + '"';
    for (const std::string_view value :
         {std::string_view(), std::string_view("\"\""), std::string_view("two words"),
          std::string_view("\"two words\""), std::string_view("\"a"), std::string_view("\"a\"b"),
          std::string_view("\"a\";x=1"), std::string_view("\"a\\"), std::string_view("\"a\\n\""),
          std::string_view("\xc3\xa4"), std::string_view("a\tb"), std::string_view("\x7f"), std::string_view(too_long),
          std::string_view(too_long_in_quotes)}) {
        const change_fields found = read_change_fields(fields{{"Idempotency-Key", value}});
        EXPECT_NE(found.problem.find("visible ASCII"), std::string_view::npos) << value;
    }
}

TEST(the_key_of_a_change, may_stand_twice_where_it_is_one) {
    EXPECT_EQ(read_change_fields(fields{{"Idempotency-Key", "a"}, {"X-Client-Token", "\"a\""}}).key, "a");
    EXPECT_EQ(read_change_fields(fields{{"Idempotency-Key", "a"}, {"Idempotency-Key", "a"}}).key, "a");
    for (const fields& two : {fields{{"Idempotency-Key", "a"}, {"X-Client-Token", "b"}},
                              fields{{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}}})
        EXPECT_NE(read_change_fields(two).problem.find("differ"), std::string_view::npos);
}

TEST(the_change_whose_server_is_taken_over, is_named_by_its_id) {
    EXPECT_EQ(read_change_fields(fields{{"X-Gateway-After", id}}).after, id);
    EXPECT_EQ(read_change_fields(fields{{"x-gateway-after", id}, {"X-Gateway-After", id}}).after, id);
    for (const char* value : {"", "0123", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcdeg",
                              "0123456789abcdef0123456789abcdef0"})
        EXPECT_NE(read_change_fields(fields{{"X-Gateway-After", value}}).problem, "") << value;
    EXPECT_NE(
        read_change_fields(fields{{"X-Gateway-After", id}, {"X-Gateway-After", "f123456789abcdef0123456789abcdef"}})
            .problem,
        "");
    EXPECT_EQ(read_change_fields(fields{{"X-Gateway-Afterwards", "x"}}).problem, "");
}

}  // namespace
}  // namespace gateway::pipeline

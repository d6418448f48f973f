#include "gateway/operations/query.hpp"

#include <gmock/gmock.h>

#include <string>

namespace gateway::operations {
namespace {

using testing::HasSubstr;

TEST(query, is_taken_where_every_signer_writes_it_down_alike) {
    for (const std::string_view right : {"", "a=1", "instance_uuid=a-b&limit=5&sort_key=name", "a", "a=", "a=%20%2B%7E",
                                         "A=1&a=2", "a=x%2fy/z?", "a=!$'()*,:@", "a=1&a1=2"})
        EXPECT_EQ(query_problem(right), "") << right;
    std::string many = "p0=";
    for (int i = 1; i < 32; ++i)
        many += "&p" + std::to_string(i) + '=';
    EXPECT_EQ(query_problem(many), "");
    EXPECT_THAT(query_problem(many + "&p32="), HasSubstr("more than 32"));
}

TEST(query, is_refused_where_signers_could_differ) {
    struct {
        std::string_view query, problem;
    } const cases[] = {
        {"&a=1", "empty parameter"},
        {"a=1&", "empty parameter"},
        {"a=1&&b=2", "empty parameter"},
        {"&", "empty parameter"},
        {"=1", "name"},
        {"%61=1", "name"},
        {"a%3D=1", "name"},
        {"a[]=1", "name"},
        {"\xff=1", "name"},
        {"a=1&a=2", "twice"},
        {"a&b&a=", "twice"},
        {"a=1+2", "bare '+'"},
        {"a=1;b=2", "';'"},
        {"a=b=c", "'=' in a value"},
        {"a=%", "percent-escape"},
        {"a=%4", "percent-escape"},
        {"a=%zz", "percent-escape"},
        {"a=%00", "visible ASCII"},
        {"a=%0a", "visible ASCII"},
        {"a=%7f", "visible ASCII"},
        {"a=%ff", "visible ASCII"},
        {"a=%E4%BD%A0", "visible ASCII"},
        {"a=\xe4\xbd\xa0", "visible ASCII"},
        {"a=\"", "visible ASCII"},
        {"a=\\", "visible ASCII"},
    };
    for (const auto& c : cases)
        EXPECT_THAT(query_problem(c.query), HasSubstr(c.problem)) << c.query;
}

}  // namespace
}  // namespace gateway::operations

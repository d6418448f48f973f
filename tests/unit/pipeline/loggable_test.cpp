#include "loggable.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway::pipeline {
namespace {

TEST(canonical_request_in_a_log, shows_no_value_that_may_be_a_secret) {
    EXPECT_EQ(
        loggable("POST\n/v1/p/\na=b\ncontent-type:application/json\nhost:gateway\nx-api-key:key\nx-sdk-date:now\n"
                 "x-security-token:token\n\ncontent-type;host;x-api-key;x-sdk-date;x-security-token\nhash"),
        R"("POST\n/v1/p/\na=b\ncontent-type:application/json\nhost:gateway\nx-api-key:(3 bytes)\nx-sdk-date:now\n)"
        R"(x-security-token:(5 bytes)\n\ncontent-type;host;x-api-key;x-sdk-date;x-security-token\nhash")");
    EXPECT_EQ(loggable("GET\n/\n\nx-sdk-date:now\n\nx-sdk-date\nhash"),
              R"("GET\n/\n\nx-sdk-date:now\n\nx-sdk-date\nhash")");
    EXPECT_EQ(loggable("GET\n/\n\nhost:\xff\x1b\n\nhost\nhash").find('\x1b'), std::string::npos);
    EXPECT_LT(loggable("GET\n/\n\nhost:" + std::string(100'000, 'x') + "\n\nhost\nhash").size(), 5000U);
    EXPECT_EQ(loggable(""), "\"\"");
}

}  // namespace
}  // namespace gateway::pipeline

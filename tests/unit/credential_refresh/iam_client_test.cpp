#include "gateway/credential_refresh/iam_client.hpp"

#include <gtest/gtest.h>

namespace gateway::credential_refresh {
namespace {

TEST(acceptance_of, tells_a_refused_proof_from_a_response_that_says_nothing_of_it) {
    struct {
        unsigned status;
        acceptance result;
    } const cases[] = {
        {200, acceptance::accepted}, {201, acceptance::accepted}, {302, acceptance::accepted},
        {400, acceptance::accepted}, {401, acceptance::refused},  {403, acceptance::accepted},
        {404, acceptance::accepted}, {429, acceptance::unknown},  {500, acceptance::unknown},
        {502, acceptance::unknown},  {503, acceptance::unknown},  {504, acceptance::unknown},
    };
    for (const auto& c : cases)
        EXPECT_EQ(acceptance_of(c.status), c.result) << c.status;
}

}  // namespace
}  // namespace gateway::credential_refresh

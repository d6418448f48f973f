#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "gateway/ledger/answer_meaning.hpp"

namespace gateway::ledger {
namespace {

state meaning(int status, std::string_view code = {}) { return find_meaning({status, code, false, false}); }

struct row {
    int status;
    std::string code;
    state expected;
};

// Every code that the cloud's pages name for a resize, with the status they give it. Written from those pages, not from
// the table of the program.
const std::vector<row> documented{
    // Credentials, account, quota, billing.
    {401, "Common.0013", state::refused},
    {400, "Common.0018", state::refused},
    {400, "Ecs.0023", state::refused},
    {403, "Ecs.0110", state::refused},
    {403, "Pdp.0001", state::refused},
    {400, "Ecs.0004", state::unknown},  // fails inside the service
    {403, "Ecs.0003", state::refused},
    {403, "Ecs.0066", state::refused},
    {403, "Ecs.0067", state::refused},
    {403, "Ecs.0068", state::refused},
    {403, "Ecs.0069", state::refused},
    {403, "Ecs.0070", state::refused},
    {403, "Ecs.0071", state::refused},
    {400, "Ecs.0001", state::refused},
    {400, "Ecs.0302", state::refused},
    {400, "Ecs.0308", state::refused},
    {400, "Ecs.0701", state::refused},
    {400, "Ecs.0702", state::refused},
    {400, "Ecs.0707", state::refused},
    {400, "Ecs.7000", state::unknown},  // an order may be there
    {400, "Ecs.1100", state::refused},
    // The resize itself.
    {400, "Ecs.0009", state::refused},
    {400, "Ecs.0810", state::refused},
    {400, "Ecs.0804", state::refused},
    {400, "Ecs.0802", state::refused},
    {400, "Ecs.0803", state::refused},
    {400, "Ecs.0805", state::refused},
    {400, "Ecs.0806", state::refused},
    {400, "Ecs.0807", state::refused},
    {400, "Ecs.0808", state::refused},
    {400, "Ecs.0809", state::refused},
    {400, "Ecs.0811", state::refused},
    {400, "Ecs.0812", state::refused},
    {400, "Ecs.0813", state::refused},
    {400, "Ecs.0704", state::refused},
    {400, "Ecs.0016", state::refused},
    {400, "Ecs.0018", state::refused},
    {400, "Ecs.0019", state::refused},
    {400, "Ecs.0027", state::refused},
    {400, "Ecs.0028", state::refused},
    {400, "Ecs.0029", state::refused},
    {400, "Ecs.0319", state::refused},
    {400, "Ecs.0008", state::refused},
    {400, "Ecs.0303", state::unknown},
    {400, "Ecs.0030", state::refused},
    {400, "Ecs.0100", state::refused},
    {400, "Ecs.0605", state::refused},
    {404, "Ecs.0114", state::refused},
    {404, "Ecs.0614", state::refused},
    {400, "Ecs.0301", state::unknown},
    {400, "Ecs.0207", state::unknown},
    {400, "Ecs.0209", state::unknown},
    {400, "Ecs.0226", state::unknown},
    {501, "Ecs.0603", state::refused},
    // Request, system, jobs, flow control.
    {400, "Ecs.0000", state::refused},
    {400, "Ecs.0005", state::refused},
    {400, "Common.0002", state::refused},
    {400, "Ecs.0002", state::unknown},
    {400, "Ecs.1000", state::unknown},
    {400, "Ecs.1001", state::unknown},
    {400, "Ecs.1002", state::unknown},
    {400, "Ecs.1200", state::unknown},
    {400, "Ecs.1201", state::unknown},
    {400, "Ecs.1300", state::unknown},
    {500, "Ecs.0615", state::unknown},
    {500, "Common.0001", state::unknown},
    {400, "Common.0011", state::unknown},  // of job queries; a change that gets one is not understood
    {400, "Common.0020", state::unknown},
    {400, "Common.0021", state::unknown},
    {400, "Common.0022", state::unknown},
    {400, "Common.0999", state::unknown},
    {400, "Common.0025", state::unknown},
    {202, "Common.0024", state::refused},
    {503, "Common.1503", state::refused},
    {400, "Ecs.0122", state::refused},
    {400, "Ecs.0123", state::refused},
    {400, "Ecs.0124", state::refused},
    // The API gateway in front.
    {404, "APIGW.0101", state::refused},
    {429, "APIGW.0308", state::refused},
    {429, "APIG.0308", state::refused},
    {504, "APIGW.0201", state::unknown},
    {502, "APIGW.0201", state::unknown},
};

TEST(answer_meaning, is_for_each_documented_code_what_the_pages_say) {
    for (const row& each : documented)
        EXPECT_EQ(meaning(each.status, each.code), each.expected) << each.status << ' ' << each.code;
}

TEST(answer_meaning, takes_a_refusing_code_with_400_and_501_alone) {
    for (const int status : {400, 501})
        EXPECT_EQ(meaning(status, "Ecs.0603"), state::refused) << status;
    for (const int status : {200, 202, 409, 500, 502, 503, 504})
        EXPECT_EQ(meaning(status, "Ecs.0603"), state::unknown) << status;
}

// All four-digit codes with 400: exactly these are refusals.
TEST(answer_meaning, is_uncertain_for_every_code_that_is_not_listed) {
    std::set<int> refusing{0,   1,   5,   8,   9,   16,  18,  19,  23,  27,  28,  29,  30,  67,
                           100, 122, 123, 124, 302, 308, 319, 603, 605, 701, 702, 704, 707, 1100};
    for (int number = 800; number <= 899; ++number)
        refusing.insert(number);
    for (int number = 0; number <= 9999; ++number) {
        const std::string digits = std::to_string(10000 + number).substr(1);
        EXPECT_EQ(meaning(400, "Ecs." + digits), refusing.contains(number) ? state::refused : state::unknown) << digits;
    }
    for (const std::string_view odd :
         {"", "Ecs", "Ecs.", "Ecs.100", "Ecs.01000", "ecs.0100", "Ecs.010a", "Ecs.0100 ", "IAM.0100", "Common.0100"})
        EXPECT_EQ(meaning(400, odd), state::unknown) << odd;
}

TEST(answer_meaning, is_refused_for_statuses_of_the_front_whatever_the_code) {
    const std::set refusing{401, 403, 404, 405, 413, 415, 429};
    for (int status = 100; status <= 599; ++status) {
        for (const std::string_view code : {"", "Ecs.0002", "Ecs.7000"})
            EXPECT_EQ(meaning(status, code), refusing.contains(status) ? state::refused : state::unknown) << status;
    }
}

TEST(answer_meaning, goes_by_the_ids_of_a_good_answer) {
    for (const int status : {200, 201, 202, 204, 299}) {
        EXPECT_EQ(find_meaning({status, "", true, false}), state::accepted);
        EXPECT_EQ(find_meaning({status, "", true, true}), state::accepted);
        EXPECT_EQ(find_meaning({status, "", false, true}), state::awaiting_payment);
        EXPECT_EQ(find_meaning({status, "", false, false}), state::unknown);
    }
    EXPECT_EQ(find_meaning({500, "", true, true}), state::unknown);
    EXPECT_EQ(find_meaning({302, "", true, true}), state::unknown);
}

}  // namespace
}  // namespace gateway::ledger

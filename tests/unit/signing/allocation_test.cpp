#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "vectors.hpp"

// Counts what is allocated while it is told to.
namespace {
std::size_t allocations = 0;
}

// NOLINTBEGIN: replacing the global operators is the only way to count
void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND

namespace gateway::signing {
namespace {

TEST(signing, allocates_nothing_once_its_buffers_have_grown) {
    for (const char* name : {"resize v1.1 full with project/sdk", "resize v1.1 full with project/v11",
                             "resize flavors all parameters", "temporary credential on resize/sdk"}) {
        const vector& v = vector_named(name);
        const auto given = vector::views(v.given);
        const auto sent = vector::views(v.sent);
        const key key = v.key();
        authorization claimed;
        ASSERT_TRUE(parse_authorization(v.authorization, claimed));
        signer s;
        const auto once = [&] {
            bool right = s.sign(v.request(given), key, v.date, v.scope()) == v.authorization;
            right = s.verify(claimed, v.request(sent), sent, key, v.date) && right;
            return right;
        };
        ASSERT_TRUE(once());
        const std::size_t before = allocations;
        ASSERT_TRUE(once());
        ASSERT_TRUE(once());
        EXPECT_EQ(allocations, before) << name;
    }
}

}  // namespace
}  // namespace gateway::signing

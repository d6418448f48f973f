#include "gateway/base/visible_ascii.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway {
namespace {

TEST(visible_ascii, is_0x20_to_0x7e_at_every_position_of_a_text) {
    EXPECT_TRUE(is_visible_ascii(""));
    for (const std::size_t size : {1U, 15U, 16U, 17U, 40U}) {
        for (std::size_t position = 0; position < size; ++position) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(size, 'a');
                text[position] = static_cast<char>(byte);
                EXPECT_EQ(is_visible_ascii(text), byte >= 0x20 && byte <= 0x7E)
                    << size << ' ' << position << ' ' << byte;
            }
        }
    }
}

}  // namespace
}  // namespace gateway

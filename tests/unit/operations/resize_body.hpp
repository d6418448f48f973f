#pragma once
// Bodies of a resize, and what reads them.

#include <gtest/gtest.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/operations/body.hpp"

namespace gateway::operations {

// Reads bodies as those of a resize.
struct resize_reader {
    body_reader reader;
    body read_into;

    // Why it is refused; nothing, and `asked` filled in, when it is not.
    std::optional<body_problem> read(std::string_view bytes, resize_request& asked) {
        const auto found = reader.read(std::span(&row_of(operation_id::resize), 1), bytes, read_into);
        if (!found) return found.error();
        EXPECT_EQ((*found)->id, operation_id::resize);
        asked = std::get<resize_request>(read_into);
        return std::nullopt;
    }
};

// The members after flavorRef, in a body that is right otherwise.
inline std::string with_members(const std::string& members) {
    return R"({"resize":{"flavorRef":"s6.large.2",)" + members + "}}";
}
// The same for members beside `resize`.
inline std::string with_key_beside(const std::string& members) {
    return R"({"resize":{"flavorRef":"s6.large.2"},)" + members + "}";
}

}  // namespace gateway::operations

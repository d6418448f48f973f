#pragma once
// For hash tables whose keys are strings and are looked up by views: map<std::string, V, text_hash, std::equal_to<>>.

#include <cstddef>
#include <functional>
#include <string_view>

namespace gateway {

struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

}  // namespace gateway

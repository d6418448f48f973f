#pragma once
// The keys of the objects of one document, to find those that occur twice in the same object.

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string_view>

namespace gateway::operations {

// Holds 64 bits of each key and its object. Two different keys that agree in all of them count as the same: the body is
// refused though it is right, which by accident happens to one body in many millions of millions, and never the
// reverse.
class key_memory {
public:
    // Starts a document. Keeps the memory of the last one unless that was of unusual size.
    void begin() {
        if (met_.bucket_count() > usual_buckets)
            met_ = {};
        else
            met_.clear();
    }

    // False when the object of that number already has the key.
    [[nodiscard]] bool add(std::size_t object, std::string_view key) {
        const std::uint64_t both = std::hash<std::string_view>()(key) ^ (std::uint64_t{object} * 0x9E3779B97F4A7C15U);
        return met_.insert(both * factor_).second;
    }

private:
    static constexpr std::size_t usual_buckets = 4096;

    // Odd, so that no two values become one; random, so that nobody can choose keys that crowd one place of the table.
    std::uint64_t factor_ = (std::uint64_t{std::random_device()()} << 32U | std::random_device()()) | 1U;
    boost::unordered_flat_set<std::uint64_t> met_;
};

}  // namespace gateway::operations

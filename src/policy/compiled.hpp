#pragma once
// A policy made ready for deciding. For each caller, account and operation there is a row of bits, one for each rule:
// set where the rule can match it. The rules worth a look are the rows' AND, walked from the top.

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/text_hash.hpp"
#include "gateway/policy/rules.hpp"

namespace gateway::policy {

// Keys are strings, looked up by views.
template <class Value>
using by_text = boost::unordered_flat_map<std::string, Value, text_hash, std::equal_to<>>;

// A table of bits: a row for each thing a rule can name, a bit for each rule.
class rows {
public:
    rows() = default;
    rows(std::size_t count, std::size_t bits) : words_((bits + 63) / 64), bits_(count * words_) {}

    void set(std::size_t row, std::size_t bit) { bits_[row * words_ + bit / 64] |= std::uint64_t{1} << (bit % 64); }
    [[nodiscard]] std::span<const std::uint64_t> operator[](std::size_t row) const {
        return {bits_.data() + row * words_, words_};
    }

private:
    std::size_t words_ = 0;
    std::vector<std::uint64_t> bits_;
};

// The part of a row that is not nought.
struct word_of_bits {
    std::size_t word = 0;
    std::uint64_t bits = 0;
};

struct compiled_rule {
    config::rule text;                      // as the file has it: for `explain` and the sentence of a 403
    config::resize_conditions resize;       // empty where the rule has none
    std::vector<std::string> server_globs;  // those of its servers that hold * or ?; the others are in `by_server`
    bool any_server = false;
};

struct rules::compiled {
    std::vector<std::string> callers;
    std::vector<std::string> accounts;
    std::vector<std::string> regions;
    by_text<project> projects;
    std::uint32_t partner_credential = 0;

    std::vector<compiled_rule> rules;
    rows for_caller;
    rows for_account;
    rows for_operation;                             // by operations::id
    rows open;                                      // by an id's first byte: rules for any server, patterns
    by_text<std::vector<word_of_bits>> for_server;  // rules that name this very server
    rows shadows;                                   // row 0
    std::size_t shadow_words = 0;                   // words of a row up to the last shadow rule
};

// The row of `open` for a server id; 0 where there is none.
[[nodiscard]] inline std::size_t first_byte(std::string_view id) noexcept {
    return id.empty() ? 0 : static_cast<unsigned char>(id.front());
}

// A call can be judged when its project is known and a resize is there to be looked at.
[[nodiscard]] inline bool complete(const facts& call) noexcept {
    return call.project != nullptr && (call.operation != operations::operation_id::resize || call.resize != nullptr);
}

}  // namespace gateway::policy

#include "gateway/operations/response_facts.hpp"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <utility>

namespace gateway::operations {

namespace {

namespace json = boost::json;
using boost::system::error_code;

// What members are taken from, and to where. Of several names for one thing the first in this list counts.
struct member {
    std::string_view name;
    std::string response_facts::*target;
    unsigned rank;  // the lowest one that occurs counts
    bool in_error;  // a member of "error", or of the answer where there is no such object
};
constexpr std::array members{
    member{"job_id", &response_facts::job_id, 0, false},   member{"order_id", &response_facts::order_id, 0, false},
    member{"error_code", &response_facts::code, 0, true},  member{"errorCode", &response_facts::code, 1, true},
    member{"code", &response_facts::code, 2, true},        member{"error_msg", &response_facts::message, 0, true},
    member{"errorMsg", &response_facts::message, 1, true}, member{"message", &response_facts::message, 2, true},
};

// The handler of Boost.JSON's parser. Keeps the members above, and skips the rest.
class response_handler {
public:
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;

    explicit response_handler(response_facts& facts) : facts_(facts) {}

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        if (depth_ == 0) is_object_ = true;
        if (depth_ == 1 && is_error_) {
            // What stood beside it does not count.
            in_error_ = has_error_ = true;
            facts_.code.clear();
            facts_.message.clear();
            code_rank_ = message_rank_ = none;
        }
        ++depth_;
        end_value();
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        if (--depth_ == 1) in_error_ = false;
        return true;
    }
    bool on_array_begin(error_code&) {
        ++depth_;
        end_value();
        return true;
    }
    bool on_array_end(std::size_t, error_code&) {
        --depth_;
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, error_code&) {
        key_.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view last, std::size_t, error_code&) {
        key_.append(last.data(), last.size());
        begin_value();
        key_.clear();
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, error_code&) {
        if (taken_ == nullptr) return true;
        std::string& text = facts_.*taken_->target;
        if (std::exchange(is_new_, false)) text.clear();
        text.append(part.data(), part.size());
        return true;
    }
    bool on_string(json::string_view last, std::size_t size, error_code& ec) {
        on_string_part(last, size, ec);
        if (taken_ != nullptr) note_rank(*taken_);
        end_value();
        return true;
    }
    bool on_number_part(json::string_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, error_code&) {
        if (taken_ != nullptr) {  // as IAM's codes are
            facts_.*taken_->target = std::to_string(number);
            note_rank(*taken_);
        }
        end_value();
        return true;
    }
    bool on_uint64(std::uint64_t, json::string_view, error_code&) { return end_value(); }
    bool on_double(double, json::string_view, error_code&) { return end_value(); }
    bool on_bool(bool, error_code&) { return end_value(); }
    bool on_null(error_code&) { return end_value(); }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

private:
    static constexpr unsigned none = 9;

    void begin_value() {
        taken_ = nullptr;
        is_error_ = depth_ == 1 && is_object_ && key_ == "error";
        const bool is_known_object = (depth_ == 1 && is_object_) || (depth_ == 2 && in_error_);
        if (!is_known_object) return;
        for (const member& each : members) {
            if (each.name != key_) continue;
            const bool right_place = each.in_error ? (in_error_ || !has_error_) : depth_ == 1;
            if (!right_place || each.rank > rank_of(each)) return;
            taken_ = &each;
            is_new_ = true;
            return;
        }
    }
    bool end_value() {
        taken_ = nullptr;
        is_error_ = false;
        return true;
    }
    unsigned rank_of(const member& found) const {
        return found.target == &response_facts::code      ? code_rank_
               : found.target == &response_facts::message ? message_rank_
                                                          : none;
    }
    void note_rank(const member& found) {
        if (found.target == &response_facts::code) code_rank_ = found.rank;
        if (found.target == &response_facts::message) message_rank_ = found.rank;
    }

    response_facts& facts_;
    std::string key_;
    const member* taken_ = nullptr;
    std::size_t depth_ = 0;
    unsigned code_rank_ = none, message_rank_ = none;
    bool is_new_ = false;  // nothing of the value was taken yet
    bool is_object_ = false, is_error_ = false, in_error_ = false, has_error_ = false;
};

}  // namespace

void read_response(std::string_view body, response_facts& facts) {
    facts.job_id.clear();
    facts.order_id.clear();
    facts.code.clear();
    facts.message.clear();
    json::basic_parser<response_handler> parser(json::parse_options(), facts);
    error_code ec;
    const std::size_t read = parser.write_some(false, body.data(), body.size(), ec);
    if (!ec && read == body.size() && parser.done()) return;
    facts.job_id.clear();
    facts.order_id.clear();
    facts.code.clear();
    facts.message.clear();
}

}  // namespace gateway::operations

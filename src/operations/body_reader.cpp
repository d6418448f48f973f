#include "gateway/operations/body.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "body_format.hpp"
#include "key_memory.hpp"

namespace gateway::operations {

namespace {

namespace json = boost::json;
using boost::system::error_code;

constexpr std::size_t deepest = 16;            // of objects and arrays
constexpr std::size_t longest_kept = 4096;     // bytes of a key whose memory is kept for the next body
constexpr std::size_t longest_shown_key = 64;  // bytes of an unknown key that a pointer repeats
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// RFC 6901, 3: ~ is ~0, / is ~1.
void append_pointer(std::string& out, std::string_view object, std::string_view key) {
    out.append(object) += '/';
    std::size_t end = std::min(key.size(), longest_shown_key);
    while (end > 0 && end < key.size() && (static_cast<unsigned char>(key[end]) & 0xC0U) == 0x80U)
        --end;  // not in the middle of a UTF-8 character
    for (const char c : key.substr(0, end)) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    if (end < key.size()) out += "...";
}

}  // namespace

// The handler of Boost.JSON's parser. The first problem stops it: by an error code, since it has no other way.
class body_reader::handler {
public:
    // The parser's own limits: there is none here but the size of the body.
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;

    void begin(const body_format& format, body& output) {
        format_ = &format;
        output_ = &output;
        format.clear(output);
        open_.clear();
        objects_ = depth_ = 0;
        keys_.begin();
        if (text_.capacity() > longest_kept) text_ = {};
        text_.clear();
        expected_ = nullptr;
        met_ = 0;
        problem_.reset();
    }
    [[nodiscard]] std::optional<body_problem>& problem() { return problem_; }
    [[nodiscard]] std::string must_be_object() const {
        return std::string("must be a JSON object, such as ").append(format_->example);
    }
    // The operation whose key the body has.
    [[nodiscard]] boost::system::result<const operation*, body_problem> choose(
        std::span<const operation> candidates) const {
        const operation* chosen = nullptr;
        for (const operation& each : candidates) {
            const known_member* const key = find_member(*format_, body_object::root, each.body_key);
            if (key == nullptr || !has_met(*key)) continue;
            if (chosen != nullptr)
                return body_problem{std::string(key->pointer),
                                    "stands beside " + std::string(chosen->body_key) + "; send one of them"};
            chosen = &each;
        }
        if (chosen != nullptr) return chosen;
        return body_problem{"/" + std::string(candidates.front().body_key), "is missing; send a JSON object"};
    }
    [[nodiscard]] bool has_met(const known_member& member) const { return ((met_ >> index_of(member)) & 1U) != 0; }
    // The first member that is missing in an object that is there, or nullptr.
    [[nodiscard]] const known_member* find_missing() const {
        for (const known_member& each : format_->members) {
            if (!each.missing.empty() && !has_met(each) && is_there(each.object)) return &each;
        }
        return nullptr;
    }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }

    bool on_object_begin(error_code& ec) {
        const known_member* const expected = std::exchange(expected_, nullptr);
        if (expected != nullptr && expected->opens == body_object::elsewhere) return wrong_value(*expected, ec);
        open_object opened{++objects_, body_object::elsewhere, ""};
        if (depth_ == 0)
            opened.object = body_object::root;
        else if (expected != nullptr)
            opened = {opened.number, expected->opens, expected->pointer};
        else if (!open_.empty())
            opened.pointer = open_.back().pointer;
        open_.push_back(opened);
        ++depth_;
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        open_.pop_back();
        --depth_;
        return true;
    }
    bool on_array_begin(error_code& ec) {
        if (!takes_any_value(ec)) return false;
        ++depth_;
        return true;
    }
    bool on_array_end(std::size_t, error_code&) {
        --depth_;
        return true;
    }

    // Long keys and strings, and those with escapes, come in parts; escapes are already decoded.
    bool on_key_part(json::string_view part, std::size_t, error_code&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view last, std::size_t, error_code& ec) {
        text_.append(last.data(), last.size());
        const bool taken = take_key(text_, ec);
        text_.clear();
        return taken;
    }
    bool on_string_part(json::string_view part, std::size_t, error_code& ec) {
        if (expected_ == nullptr) return true;
        text_.append(part.data(), part.size());
        return text_.size() <= longest_string || wrong_value(*expected_, ec);
    }
    bool on_string(json::string_view last, std::size_t, error_code& ec) {
        if (expected_ == nullptr) return takes_any_value(ec);
        if (!on_string_part(last, 0, ec)) return false;
        const known_member& expected = *std::exchange(expected_, nullptr);
        const bool taken =
            (expected.take_text != nullptr && expected.take_text(*output_, text_)) || wrong_value(expected, ec);
        text_.clear();
        return taken;
    }

    bool on_int64(std::int64_t number, json::string_view, error_code& ec) {
        return take_value(&known_member::take_integer, number, ec);
    }
    bool on_uint64(std::uint64_t, json::string_view, error_code& ec) { return takes_any_value(ec); }
    bool on_double(double, json::string_view, error_code& ec) { return takes_any_value(ec); }
    bool on_number_part(json::string_view, error_code&) { return true; }
    bool on_bool(bool value, error_code& ec) { return take_value(&known_member::take_bool, value, ec); }
    bool on_null(error_code& ec) { return takes_any_value(ec); }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

private:
    struct open_object {
        std::size_t number;  // counted through the document
        body_object object;
        std::string_view pointer;  // of the object, or of the nearest known one around it
    };

    bool fail(error_code& ec, std::string_view pointer, std::string message) {
        problem_ = body_problem{std::string(pointer), std::move(message)};
        ec = make_error_code(boost::system::errc::invalid_argument);
        return false;
    }
    bool wrong_value(const known_member& expected, error_code& ec) {
        return fail(ec, expected.pointer, std::string(expected.wanted));
    }

    // For a value that no known member has: whether it is allowed here.
    bool takes_any_value(error_code& ec) {
        if (depth_ == 0) return fail(ec, "", must_be_object());
        return expected_ == nullptr || wrong_value(*expected_, ec);
    }

    bool take_key(std::string_view key, error_code& ec) {
        const open_object& object = open_.back();
        const known_member* const known = find_member(*format_, object.object, key);
        if (!keys_.add(object.number, key)) {
            if (known != nullptr) return fail(ec, known->pointer, "occurs twice; send it once");
            return fail(ec, object.pointer,
                        object.object == body_object::elsewhere
                            ? "an object within has a key that occurs twice; send it once"
                            : "a key occurs twice; send it once");
        }
        expected_ = known;
        if (known != nullptr) {
            met_ |= std::uint64_t{1} << index_of(*known);
            return true;
        }
        const known_member* const lookalike = find_lookalike(*format_, object.object, key);
        if (lookalike == nullptr) {
            // Members within an unknown member are not known either: the outermost is reported.
            if (object.object != body_object::elsewhere && format_->unknown_member(*output_).empty())
                append_pointer(format_->unknown_member(*output_), object.pointer, key);
            return true;
        }
        return fail(ec, object.pointer,
                    "a key looks like " + std::string(lookalike->key) + " but is not spelled so; send " +
                        std::string(lookalike->key) + " or another name");
    }

    template <class Value>
    bool take_value(bool (*known_member::*take)(body&, Value), Value value, error_code& ec) {
        if (expected_ == nullptr || expected_->*take == nullptr) return takes_any_value(ec);
        const known_member& expected = *std::exchange(expected_, nullptr);
        return (expected.*take)(*output_, value) || wrong_value(expected, ec);
    }

    [[nodiscard]] std::size_t index_of(const known_member& member) const {
        return static_cast<std::size_t>(&member - format_->members.data());
    }
    [[nodiscard]] bool is_there(body_object object) const {
        return object == body_object::root ||
               std::any_of(format_->members.begin(), format_->members.end(),
                           [&](const known_member& each) { return each.opens == object && has_met(each); });
    }

    const body_format* format_ = nullptr;
    body* output_ = nullptr;
    std::vector<open_object> open_;  // from the outermost in; arrays are not among them
    std::size_t objects_ = 0;
    std::size_t depth_ = 0;  // of objects and arrays
    key_memory keys_;
    std::string text_;                        // the key, or the string of a known member, as far as it was read
    const known_member* expected_ = nullptr;  // whose value comes next
    std::uint64_t met_ = 0;                   // the known members, a bit for each
    std::optional<body_problem> problem_;
};

// The parser holds the handler.
class body_reader::parser : public json::basic_parser<body_reader::handler> {
public:
    parser() : basic_parser(strict()) {}
    [[nodiscard]] body_reader::handler& events() { return basic_parser::handler(); }

private:
    static json::parse_options strict() {
        json::parse_options options;  // by default no comments, no trailing commas, no invalid UTF-8
        options.max_depth = deepest;
        return options;
    }
};

body_reader::body_reader() : parser_(std::make_unique<parser>()) {}
body_reader::~body_reader() = default;
body_reader::body_reader(body_reader&&) noexcept = default;
body_reader& body_reader::operator=(body_reader&&) noexcept = default;

boost::system::result<const operation*, body_problem> body_reader::read(std::span<const operation> candidates,
                                                                        std::string_view bytes, body& output) {
    const body_format& format = format_of(candidates.front().body);
    parser_->reset();
    handler& events = parser_->events();
    events.begin(format, output);
    if (bytes.empty()) return body_problem{"", "is empty; it " + events.must_be_object()};
    if (bytes.starts_with(byte_order_mark)) return body_problem{"", "must not start with a byte order mark"};
    error_code ec;
    const std::size_t used = parser_->write_some(false, bytes.data(), bytes.size(), ec);
    if (events.problem()) return std::move(*events.problem());
    if (ec == json::error::too_deep) return body_problem{"", "must not be nested deeper than 16 levels"};
    if (ec == json::error::incomplete) return body_problem{"", "ends before the JSON object does"};
    if (ec) return body_problem{"", "must be valid JSON in UTF-8 (RFC 8259)"};
    if (used < bytes.size()) return body_problem{"", "goes on after the JSON object has ended"};
    const auto chosen = events.choose(candidates);
    if (!chosen) return chosen;
    if (const known_member* const missing = events.find_missing())
        return body_problem{std::string(missing->pointer), std::string("is missing; ").append(missing->missing)};
    return chosen;
}

void throw_exception_from_error(const body_problem& problem, const boost::source_location&) {
    throw std::invalid_argument(problem.pointer + ": " + problem.message);
}

}  // namespace gateway::operations

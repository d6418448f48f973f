#include "gateway/operations/resize_body.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "key_memory.hpp"
#include "resize_members.hpp"

namespace gateway::operations {

namespace {

namespace json = boost::json;
using boost::system::error_code;

constexpr std::size_t deepest = 16;            // of objects and arrays
constexpr std::size_t longest_kept = 4096;     // bytes of a key whose memory is kept for the next body
constexpr std::size_t longest_shown_key = 64;  // bytes of an unknown key that a pointer repeats
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view must_be_object = R"(must be a JSON object, such as {"resize":{"flavorRef":"s6.large.2"}})";

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

bool is_flavor(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

// The handler of Boost.JSON's parser. The first problem stops it: by an error code, since it has no other way.
class resize_reader::handler {
public:
    // The parser's own limits: there is none here but the size of the body.
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;

    void begin(resize_request& request) {
        request_ = &request;
        request.flavor.clear();
        if (request.dedicated_host_id) spare_host_id_ = std::move(*request.dedicated_host_id);
        request.dedicated_host_id.reset();
        request.auto_pay.reset();
        request.stops_running_server = false;
        request.dry_run.reset();
        request.unknown_member.clear();
        open_.clear();
        objects_ = depth_ = 0;
        keys_.begin();
        if (text_.capacity() > longest_kept) text_ = {};
        text_.clear();
        expected_ = nullptr;
        has_resize_ = has_flavor_ = false;
        problem_.reset();
    }
    [[nodiscard]] std::optional<body_problem>& problem() { return problem_; }
    [[nodiscard]] bool has_resize() const { return has_resize_; }
    [[nodiscard]] bool has_flavor() const { return has_flavor_; }

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
        if (opened.object == body_object::resize) has_resize_ = true;
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
        const bool taken = take_string(expected.name, text_) || wrong_value(expected, ec);
        text_.clear();
        return taken;
    }

    bool on_int64(std::int64_t number, json::string_view, error_code& ec) {
        if (expected_ == nullptr || expected_->name != member::cpu_threads || (number != 1 && number != 2))
            return takes_any_value(ec);
        expected_ = nullptr;
        return true;
    }
    bool on_uint64(std::uint64_t, json::string_view, error_code& ec) { return takes_any_value(ec); }
    bool on_double(double, json::string_view, error_code& ec) { return takes_any_value(ec); }
    bool on_number_part(json::string_view, error_code&) { return true; }
    bool on_bool(bool value, error_code& ec) {
        if (expected_ == nullptr || expected_->name != member::dry_run) return takes_any_value(ec);
        expected_ = nullptr;
        request_->dry_run = value;
        return true;
    }
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
        if (depth_ == 0) return fail(ec, "", std::string(must_be_object));
        return expected_ == nullptr || wrong_value(*expected_, ec);
    }

    bool take_key(std::string_view key, error_code& ec) {
        const open_object& object = open_.back();
        const known_member* const known = find_member(object.object, key);
        if (!keys_.add(object.number, key)) {
            if (known != nullptr) return fail(ec, known->pointer, "occurs twice; send it once");
            return fail(ec, object.pointer,
                        object.object == body_object::elsewhere
                            ? "an object within has a key that occurs twice; send it once"
                            : "a key occurs twice; send it once");
        }
        expected_ = known;
        if (known != nullptr) return true;
        const known_member* const lookalike = find_lookalike(object.object, key);
        if (lookalike == nullptr) {
            // Members within an unknown member are not known either: the outermost is reported.
            if (object.object != body_object::elsewhere && request_->unknown_member.empty())
                append_pointer(request_->unknown_member, object.pointer, key);
            return true;
        }
        return fail(ec, object.pointer,
                    "a key looks like " + std::string(lookalike->key) + " but is not spelled so; send " +
                        std::string(lookalike->key) + " or another name");
    }

    bool take_string(member name, const std::string& text) {
        switch (name) {
            case member::flavor:
                has_flavor_ = true;
                request_->flavor = text;
                return is_flavor(text);
            case member::dedicated_host:
                spare_host_id_ = text;
                request_->dedicated_host_id.emplace(std::move(spare_host_id_));
                return true;
            case member::auto_pay:
                if (!text.empty()) request_->auto_pay = text == "true";
                return text.empty() || text == "true" || text == "false";
            case member::mode:
                request_->stops_running_server = true;
                return text == "withStopServer";
            default:
                return false;
        }
    }

    resize_request* request_ = nullptr;
    std::vector<open_object> open_;  // from the outermost in; arrays are not among them
    std::size_t objects_ = 0;
    std::size_t depth_ = 0;  // of objects and arrays
    key_memory keys_;
    std::string text_;                        // the key, or the string of a known member, as far as it was read
    std::string spare_host_id_;               // memory of the last dedicated_host_id
    const known_member* expected_ = nullptr;  // whose value comes next
    bool has_resize_ = false, has_flavor_ = false;
    std::optional<body_problem> problem_;
};

// The parser holds the handler.
class resize_reader::parser : public json::basic_parser<resize_reader::handler> {
public:
    parser() : basic_parser(strict()) {}
    [[nodiscard]] resize_reader::handler& events() { return basic_parser::handler(); }

private:
    static json::parse_options strict() {
        json::parse_options options;  // by default no comments, no trailing commas, no invalid UTF-8
        options.max_depth = deepest;
        return options;
    }
};

resize_reader::resize_reader() : parser_(std::make_unique<parser>()) {}
resize_reader::~resize_reader() = default;
resize_reader::resize_reader(resize_reader&&) noexcept = default;
resize_reader& resize_reader::operator=(resize_reader&&) noexcept = default;

std::optional<body_problem> resize_reader::read(std::string_view body, resize_request& request) {
    parser_->reset();
    handler& events = parser_->events();
    events.begin(request);
    if (body.empty()) return body_problem{"", "is empty; it " + std::string(must_be_object)};
    if (body.starts_with(byte_order_mark)) return body_problem{"", "must not start with a byte order mark"};
    error_code ec;
    const std::size_t used = parser_->write_some(false, body.data(), body.size(), ec);
    if (events.problem()) return std::move(events.problem());
    if (ec == json::error::too_deep) return body_problem{"", "must not be nested deeper than 16 levels"};
    if (ec == json::error::incomplete) return body_problem{"", "ends before the JSON object does"};
    if (ec) return body_problem{"", "must be valid JSON in UTF-8 (RFC 8259)"};
    if (used < body.size()) return body_problem{"", "goes on after the JSON object has ended"};
    if (!events.has_resize()) return body_problem{"/resize", "is missing; send a JSON object"};
    if (!events.has_flavor()) return body_problem{"/resize/flavorRef", "is missing; send the id of the wanted flavor"};
    return std::nullopt;
}

}  // namespace gateway::operations

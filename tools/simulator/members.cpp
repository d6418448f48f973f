#include "members.hpp"

namespace simulator {

namespace json = boost::json;

namespace {

json::value parsed(const std::string& body) {
    boost::system::error_code ec;
    json::value root = json::parse(body, ec);
    return ec ? json::value(nullptr) : root;
}

}  // namespace

members::members(const std::string& body) : members(parsed(body)) {}

members::members(const json::value& body) {
    if (body.is_object())
        given_ = body.get_object();
    else
        complain("the body is no JSON object");
}

void members::complain(const std::string& why) {
    if (wrong_.empty()) wrong_ = why;
}

const json::value* members::find(const char* name) {
    asked_.insert(name);
    return given_.if_contains(name);
}

std::optional<std::string> members::text(const char* name) {
    const auto* const found = find(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_string()) return std::string(found->get_string());
    complain(std::string(name) + " is no text");
    return std::nullopt;
}

std::optional<std::int64_t> members::number(const char* name, std::int64_t least, std::int64_t greatest) {
    const auto* const found = find(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_int64() && found->get_int64() >= least && found->get_int64() <= greatest) return found->get_int64();
    complain(std::string(name) + " is no whole number from " + std::to_string(least) + " to " +
             std::to_string(greatest));
    return std::nullopt;
}

std::optional<double> members::fraction(const char* name, double least, double greatest) {
    const auto* const found = find(name);
    if (found == nullptr) return std::nullopt;
    boost::system::error_code ec;
    const double value = found->to_number<double>(ec);
    if (!ec && value >= least && value <= greatest) return value;
    complain(std::string(name) + " is no number from " + std::to_string(least) + " to " + std::to_string(greatest));
    return std::nullopt;
}

std::optional<bool> members::flag(const char* name) {
    const auto* const found = find(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_bool()) return found->get_bool();
    complain(std::string(name) + " is true or false");
    return std::nullopt;
}

std::optional<std::vector<std::string>> members::texts(const char* name) {
    const auto* const found = find(name);
    if (found == nullptr) return std::nullopt;
    std::vector<std::string> all;
    bool good = found->is_array();
    for (const auto& each : good ? found->get_array() : json::array{}) {
        good = good && each.is_string();
        if (each.is_string()) all.emplace_back(each.get_string());
    }
    if (good) return all;
    complain(std::string(name) + " is no list of texts");
    return std::nullopt;
}

std::optional<json::array> members::objects(const char* name) {
    const auto* const found = find(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_array()) return found->get_array();
    complain(std::string(name) + " is no list");
    return std::nullopt;
}

std::optional<std::string> members::text_or_object(const char* name) {
    const auto* const found = find(name);
    if (found == nullptr) return std::nullopt;
    if (found->is_string()) return std::string(found->get_string());
    if (found->is_object()) return json::serialize(*found);
    complain(std::string(name) + " is neither text nor object");
    return std::nullopt;
}

std::string members::wrong() const {
    if (!wrong_.empty()) return wrong_;
    for (const auto& member : given_) {
        if (asked_.count(std::string(member.key())) == 0) return "unknown: " + std::string(member.key());
    }
    return "";
}

}  // namespace simulator

#include "gateway/operations/query.hpp"

#include <algorithm>
#include <array>

#include "gateway/base/hex.hpp"

namespace gateway::operations {

namespace {

constexpr bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

// RFC 3986, 3.4, without what some readers take for something else: '+' for a space, ';' for a '&', a second '=' for
// the end of the name.
constexpr bool may_stand_bare(char c) {
    return is_unreserved(c) || std::string_view("!$'()*,:@/?").find(c) != std::string_view::npos;
}

bool is_plain_value(std::string_view value) noexcept {
    while (!value.empty()) {
        if (value.front() != '%') {
            if (!may_stand_bare(value.front())) return false;
            value.remove_prefix(1);
            continue;
        }
        std::array<unsigned char, 1> byte{};
        if (value.size() < 3 || !read_hex(value.substr(1, 2), byte) || byte[0] < 0x20 || byte[0] > 0x7E) return false;
        value.remove_prefix(3);
    }
    return true;
}

std::string_view name_of(std::string_view parameter) noexcept { return parameter.substr(0, parameter.find('=')); }

// Takes the first parameter from the front.
std::string_view take_parameter(std::string_view& query) noexcept {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    return parameter;
}

}  // namespace

std::string_view query_problem(std::string_view query) noexcept {
    constexpr std::size_t max_parameters = 32;  // far beyond any operation's; bounds the search for doubles
    if (query.ends_with('&')) return "the query holds an empty parameter (a '&' too many)";
    std::array<std::string_view, max_parameters> names;
    std::size_t count = 0;
    while (!query.empty()) {
        const std::string_view parameter = take_parameter(query);
        if (parameter.empty()) return "the query holds an empty parameter (a '&' too many)";
        const std::string_view name = name_of(parameter);
        if (name.empty() || !std::all_of(name.begin(), name.end(), is_unreserved))
            return "the query holds a parameter whose name is not of letters, digits, - . _ ~";
        if (!is_plain_value(parameter.substr(std::min(name.size() + 1, parameter.size()))))
            return "the query holds a bare '+', ';' or '=' in a value, a broken percent-escape, or what is not visible "
                   "ASCII: write %20 for a space, %2B, %3B and %3D";
        if (std::find(names.begin(), names.begin() + count, name) != names.begin() + count)
            return "the query holds a parameter twice";
        if (count == names.size()) return "the query holds more than 32 parameters";
        names[count++] = name;
    }
    return {};
}

}  // namespace gateway::operations

#include <algorithm>
#include <array>

#include "gateway/base/utf8.hpp"
#include "gateway/signing/signature.hpp"

namespace gateway::signing {

using namespace std::string_view_literals;

namespace {

// RFC 3986, 2.3, as a table: every byte of every path is looked up.
constexpr auto unreserved = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();
bool is_unreserved(char c) noexcept { return unreserved[static_cast<unsigned char>(c)]; }

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = lower_case(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Percent-decodes, once. What is not an escape stays as it is.
void decode(std::string_view from, std::string& to) {
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (from[i] == '%' && i + 2 < from.size() && hex_value(from[i + 1]) >= 0 && hex_value(from[i + 2]) >= 0) {
            to += static_cast<char>(hex_value(from[i + 1]) << 4 | hex_value(from[i + 2]));
            i += 2;
        } else {
            to += from[i];
        }
    }
}

void encode(std::string_view from, std::string& to) {
    static constexpr char digits[] = "0123456789ABCDEF";
    for (const char c : from) {
        if (is_unreserved(c)) {
            to += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            to += '%';
            to += digits[byte >> 4];
            to += digits[byte & 15];
        }
    }
}

std::string_view trimmed(std::string_view value) noexcept {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!value.empty() && blank(value.front()))
        value.remove_prefix(1);
    while (!value.empty() && blank(value.back()))
        value.remove_suffix(1);
    return value;
}

}  // namespace

bool reads_one_way(std::string_view path, std::string_view query) noexcept {
    static constexpr std::string_view reserved = "!$&'()*,;=:@/";
    const auto fits = [](std::string_view part, std::string_view also) noexcept {
        std::array<char, 4> sequence{};  // escaped bytes of one UTF-8 sequence
        std::size_t waiting = 0;
        for (std::size_t i = 0; i < part.size(); ++i) {
            const char c = part[i];
            if (c != '%') {
                if (waiting > 0 || !(is_unreserved(c) || reserved.find(c) != std::string_view::npos ||
                                     also.find(c) != std::string_view::npos))
                    return false;
                continue;
            }
            if (i + 2 >= part.size() || hex_value(part[i + 1]) < 0 || hex_value(part[i + 2]) < 0) return false;
            const char byte = static_cast<char>(hex_value(part[i + 1]) << 4 | hex_value(part[i + 2]));
            i += 2;
            if (byte == '\0' || (also != "?" && (byte == '/' || byte == '\\'))) return false;
            sequence[waiting++] = byte;
            if (utf8_length({sequence.data(), waiting}) == waiting)
                waiting = 0;
            else if (waiting == sequence.size())
                return false;
        }
        return waiting == 0;
    };
    return fits(path, "+") && fits(query, "?");
}

bool has_empty_parameter(std::string_view query) noexcept {
    return query.starts_with('&') || query.ends_with('&') || query.find("&&") != std::string_view::npos;
}

void signer::append_query(std::string_view query) {
    decoded_.clear();
    decoded_.reserve(query.size());  // views into it must hold
    parameters_.clear();
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto piece = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (piece.empty()) continue;
        const auto equals = std::min(piece.find('='), piece.size());
        const auto append = [&](std::string_view raw) {
            const std::size_t begin = decoded_.size();
            decode(raw, decoded_);
            return std::string_view(decoded_).substr(begin);
        };
        const auto name = append(piece.substr(0, equals));
        const auto value = append(equals < piece.size() ? piece.substr(equals + 1) : std::string_view());
        parameters_.push_back({name, value});
    }
    std::sort(parameters_.begin(), parameters_.end(), [](const parameter& a, const parameter& b) {
        return a.name != b.name ? a.name < b.name : a.value < b.value;
    });
    bool first = true;
    for (const parameter& p : parameters_) {
        if (!first) canonical_ += '&';
        first = false;
        encode(p.name, canonical_);
        canonical_ += '=';
        encode(p.value, canonical_);
    }
}

void signer::canonicalise(const request& what, std::span<const field> ordered) {
    // Room for all of it at once, escapes included: a string that grows leaves a security token behind in memory that
    // it gave back.
    std::size_t most = 256 + what.method.size() + 3 * (what.path.size() + what.query.size());
    for (const field& f : ordered)
        most += 2 * f.name.size() + f.value.size() + 4;
    canonical_.reserve(most);
    canonical_.assign(what.method).append("\n"sv);

    // The path, decoded and encoded again, segment by segment, with a '/' at its end that the path sent need not have.
    if (std::all_of(what.path.begin(), what.path.end(), [](char c) { return is_unreserved(c) || c == '/'; })) {
        canonical_.append(what.path);
    } else {
        decoded_.clear();
        decode(what.path, decoded_);
        for (std::string_view rest = decoded_;;) {
            const auto end = std::min(rest.find('/'), rest.size());
            encode(rest.substr(0, end), canonical_);
            if (end == rest.size()) break;
            canonical_ += '/';
            rest.remove_prefix(end + 1);
        }
    }
    if (canonical_.back() != '/') canonical_ += '/';
    canonical_ += '\n';
    append_query(what.query);
    canonical_ += '\n';

    names_.clear();
    for (const field& f : ordered) {
        if (!names_.empty()) names_ += ';';
        const std::size_t begin = names_.size();
        names_.append(f.name);
        std::transform(names_.begin() + static_cast<std::ptrdiff_t>(begin), names_.end(),
                       names_.begin() + static_cast<std::ptrdiff_t>(begin), [](char c) { return lower_case(c); });
        canonical_.append(std::string_view(names_).substr(begin)).append(":"sv).append(trimmed(f.value)).append("\n"sv);
    }
    canonical_.append("\n"sv).append(names_).append("\n"sv).append(what.payload);
}

}  // namespace gateway::signing

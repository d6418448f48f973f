#include <algorithm>
#include <array>

#include "gateway/base/append.hpp"
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
void decode(std::string_view source, std::string& out) {
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] == '%' && i + 2 < source.size() && hex_value(source[i + 1]) >= 0 &&
            hex_value(source[i + 2]) >= 0) {
            out += static_cast<char>(hex_value(source[i + 1]) << 4 | hex_value(source[i + 2]));
            i += 2;
        } else {
            out += source[i];
        }
    }
}

// Up to three times as long.
void encode(std::string_view source, text_writer& out) {
    static constexpr char digits[] = "0123456789ABCDEF";
    for (const char c : source) {
        if (is_unreserved(c)) {
            out.put(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.put('%');
            out.put(digits[byte >> 4]);
            out.put(digits[byte & 15]);
        }
    }
}

}  // namespace

bool reads_one_way(std::string_view path, std::string_view query) noexcept {
    static constexpr std::string_view reserved = "!$&'()*,;=:@/";
    const auto fits = [](std::string_view part, std::string_view allowed) noexcept {
        std::array<char, 4> sequence{};  // escaped bytes of one UTF-8 sequence
        std::size_t waiting = 0;
        for (std::size_t i = 0; i < part.size(); ++i) {
            const char c = part[i];
            if (c != '%') {
                if (waiting > 0 || !(is_unreserved(c) || reserved.find(c) != std::string_view::npos ||
                                     allowed.find(c) != std::string_view::npos))
                    return false;
                continue;
            }
            if (i + 2 >= part.size() || hex_value(part[i + 1]) < 0 || hex_value(part[i + 2]) < 0) return false;
            const char byte = static_cast<char>(hex_value(part[i + 1]) << 4 | hex_value(part[i + 2]));
            i += 2;
            if (byte == '\0' || (allowed != "?" && (byte == '/' || byte == '\\'))) return false;
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

void signer::put_query(std::string_view query, text_writer& out) {
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
        if (!first) out.put('&');
        first = false;
        encode(p.name, out);
        out.put('=');
        encode(p.value, out);
    }
}

void signer::canonicalise(const request& request, std::span<const field> ordered) {
    // Room for all of it at once, escapes included: a string that grows leaves a security token behind in memory that
    // it gave back, and looks for room at each piece. Of the line ends and ':' there are two for each field and 6 more;
    // a query may be given a '=' for each of its parameters.
    std::size_t names_size = ordered.size(), values_size = 4 * ordered.size();
    for (const field& f : ordered) {
        names_size += f.name.size();
        values_size += f.value.size();
    }
    names_.resize(names_size);
    canonical_.resize(16 + request.method.size() + 3 * (request.path.size() + request.query.size()) +
                      request.query.size() + 2 * names_size + values_size + request.payload.size());
    text_writer out(canonical_.data(), canonical_.size());
    out.put(request.method);
    out.put('\n');

    // The path, decoded and encoded again, segment by segment, with a '/' at its end that the path sent need not have.
    if (std::all_of(request.path.begin(), request.path.end(), [](char c) { return is_unreserved(c) || c == '/'; })) {
        out.put(request.path);
    } else {
        decoded_.clear();
        decode(request.path, decoded_);
        for (std::string_view rest = decoded_;;) {
            const auto end = std::min(rest.find('/'), rest.size());
            encode(rest.substr(0, end), out);
            if (end == rest.size()) break;
            out.put('/');
            rest.remove_prefix(end + 1);
        }
    }
    if (out.position()[-1] != '/') out.put('/');
    out.put('\n');
    put_query(request.query, out);
    out.put('\n');

    text_writer names(names_.data(), names_.size());
    for (const field& f : ordered) {
        if (names.position() != names_.data()) names.put(';');
        const char* const name = names.position();
        for (const char c : f.name)
            names.put(lower_case(c));
        out.put({name, f.name.size()});
        out.put(':');
        out.put(without_blanks(f.value));
        out.put('\n');
    }
    names_.resize(static_cast<std::size_t>(names.position() - names_.data()));
    out.put('\n');
    out.put(names_);
    out.put('\n');
    out.put(request.payload);
    canonical_.resize(static_cast<std::size_t>(out.position() - canonical_.data()));
}

}  // namespace gateway::signing

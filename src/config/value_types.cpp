#include "value_types.hpp"

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>

#include "gateway/base/field.hpp"
#include "gateway/base/hex.hpp"

namespace gateway::config {

namespace {

namespace urls = boost::urls;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(lower_case(c)); }
// Of the ids in paths.
bool is_lower_id_char(char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '_'; }
bool is_id_char(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; }

bool all_of(std::string_view text, bool (*predicate)(char)) { return std::all_of(text.begin(), text.end(), predicate); }

struct split {
    std::string_view digits;
    std::string_view unit;
};

split number_and_unit(std::string_view text) {
    const auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
    return {text.substr(0, end), text.substr(end)};
}

struct ip_and_port {
    std::string host;
    std::uint16_t port;
};

std::optional<ip_and_port> read_ip_and_port(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = read_number(text.substr(colon + 1));
    if (!port || *port > 65535) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        if (!urls::parse_ipv6_address(host)) return std::nullopt;
    } else if (!urls::parse_ipv4_address(host)) {
        return std::nullopt;
    }
    return ip_and_port{std::string(host), static_cast<std::uint16_t>(*port)};
}

// Labels of letters, digits and hyphens (RFC 1123, 2.1); underscores occur in container networks.
bool is_dns_name(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find('.', begin), text.size());
        const auto label = text.substr(begin, end - begin);
        if (label.empty() || label.size() > 63 || !all_of(label, is_id_char) || label.front() == '-' ||
            label.back() == '-') {
            return false;
        }
        begin = end + 1;
    }
    return true;
}

}  // namespace

std::optional<std::uint64_t> read_number(std::string_view text) {
    std::uint64_t value = 0;
    if (text.empty() || !all_of(text, is_digit) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
    return value;
}

std::optional<milliseconds> read_duration(std::string_view text) {
    const auto [digits, unit] = number_and_unit(text);
    const auto value = read_number(digits);
    const std::int64_t factor = unit == "ms"  ? 1
                                : unit == "s" ? 1'000
                                : unit == "m" ? 60'000
                                : unit == "h" ? 3'600'000
                                : unit == "d" ? 86'400'000
                                              : 0;
    constexpr std::int64_t max = 10'000LL * 86'400'000;
    if (!value || factor == 0 || *value > static_cast<std::uint64_t>(max / factor)) return std::nullopt;
    return milliseconds(static_cast<std::int64_t>(*value) * factor);
}

std::string write_duration(milliseconds duration) {
    const auto ms = duration.count();
    if (ms % 86'400'000 == 0 && ms > 86'400'000) return std::to_string(ms / 86'400'000) + "d";
    if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
    if (ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
    if (ms % 1'000 == 0) return std::to_string(ms / 1'000) + "s";
    return std::to_string(ms) + "ms";
}

std::optional<std::size_t> read_size(std::string_view text) {
    const auto [digits, unit] = number_and_unit(text);
    const auto value = read_number(digits);
    const std::size_t factor = unit == "B" ? 1 : unit == "KiB" ? 1024 : unit == "MiB" ? 1024 * 1024 : 0;
    if (!value || factor == 0 || *value > std::numeric_limits<std::size_t>::max() / factor) return std::nullopt;
    return static_cast<std::size_t>(*value) * factor;
}

std::string write_size(std::size_t bytes) {
    if (bytes != 0 && bytes % (1024 * 1024) == 0) return std::to_string(bytes / (1024 * 1024)) + "MiB";
    if (bytes != 0 && bytes % 1024 == 0) return std::to_string(bytes / 1024) + "KiB";
    return std::to_string(bytes) + "B";
}

bool is_token(std::string_view text, std::size_t max) {
    return !text.empty() && text.size() <= max && all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool boolean::parse(std::string_view text, bool& output) const {
    if (text != "true" && text != "false") return false;
    output = text == "true";
    return true;
}

bool count_or_auto::parse(std::string_view text, std::size_t& output) const {
    if (text != "auto") return count{1, max}.parse(text, output);
    output = 0;
    return true;
}

std::string count_or_auto::expected() const { return "auto or " + count{1, max}.expected(); }

bool size::parse(std::string_view text, std::size_t& output) const {
    const auto value = read_size(text);
    if (!value || *value < min || *value > max) return false;
    output = *value;
    return true;
}

std::string size::expected() const {
    return "a size such as 512B, 16KiB or 1MiB, from " + write_size(min) + " to " + write_size(max);
}

bool duration::parse(std::string_view text, milliseconds& output) const {
    const auto value = read_duration(text);
    if (!value || *value < min || *value > max) return false;
    output = *value;
    return true;
}

bool duration::parse(std::string_view text, seconds& output) const {
    milliseconds value{};
    if (!parse(text, value) || value % seconds(1) != milliseconds(0)) return false;
    output = std::chrono::duration_cast<seconds>(value);
    return true;
}

std::string duration::expected() const {
    return "a duration such as 250ms, 10s, 5m, 1h or 7d, from " + write_duration(min) + " to " + write_duration(max);
}

bool text::parse(std::string_view input, std::string& output) const {
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
    if (input.empty() || input.size() > 256 || input.front() == ' ' || input.back() == ' ' ||
        std::any_of(input.begin(), input.end(), is_control)) {
        return false;
    }
    output = input;
    return true;
}

std::string text::expected() const { return std::string(description) + " of at most 256 bytes on one line"; }

bool pattern::parse(std::string_view input, std::string& output) const {
    if (!is_token(input, 256)) return false;
    output = input;
    return true;
}

std::string pattern::expected() const { return std::string(subject) + ", in which * and ? stand for any characters"; }

bool access_key_id::parse(std::string_view input, std::string& output) const {
    if (input.empty() || input.size() > 128 || !all_of(input, is_id_char)) return false;
    output = input;
    return true;
}

std::string access_key_id::expected() const { return "an access key of 1 to 128 letters, digits, - and _"; }

bool sha256_hex::parse(std::string_view input, sha256_digest& output) const {
    sha256_digest digest{};
    if (input.size() != 2 * digest.size() || !read_hex(input, digest)) return false;
    output = digest;
    return true;
}

std::string sha256_hex::expected() const { return "64 hexadecimal digits, as ecs-gateway hash-key prints them"; }

bool san::parse(std::string_view input, std::string& output) const {
    const bool is_uri = input.starts_with("URI:") && urls::parse_uri(input.substr(4)).has_value();
    const bool is_dns = input.starts_with("DNS:") && is_dns_name(input.substr(4));
    if (!is_token(input, 2048) || (!is_uri && !is_dns)) return false;
    output = input;
    if (is_dns) std::transform(output.begin() + 4, output.end(), output.begin() + 4, lower_case);  // RFC 4343
    return true;
}

std::string san::expected() const { return "URI: with a URI or DNS: with a host name"; }

bool listener_address::parse(std::string_view input, listener& output) const {
    if (input.starts_with("unix:")) {
        const auto path = input.substr(5);
        // 107: what fits into sockaddr_un with its closing NUL (unix(7)).
        if (!path.starts_with('/') || !is_token(path, 107)) return false;
        output.is_unix = true;
        output.host = path;
    } else {
        auto parts = read_ip_and_port(input);
        if (!parts) return false;
        output.host = std::move(parts->host);
        output.port = parts->port;
    }
    output.name = input;
    return true;
}

std::string listener_address::expected() const { return "IPV4:PORT, [IPV6]:PORT or unix:/PATH"; }

bool admin_address::parse(std::string_view input, admin& output) const {
    auto parts = read_ip_and_port(input);
    if (!parts) return false;
    output.host = std::move(parts->host);
    output.port = parts->port;
    return true;
}

std::string admin_address::expected() const { return "IPV4:PORT or [IPV6]:PORT"; }

bool octal_mode::parse(std::string_view input, unsigned& output) const {
    unsigned value = 0;
    if (input.size() != 4 || input.front() != '0') return false;
    const auto [end, error] = std::from_chars(input.data(), input.data() + input.size(), value, 8);
    if (error != std::errc() || end != input.data() + input.size() || value > 0777) return false;
    output = value;
    return true;
}

std::string octal_mode::expected() const {
    return "permission bits as four octal digits, the first of them 0, such as \"0660\"";
}

bool host_name::parse(std::string_view input, std::string& output) const {
    const bool bracketed = input.size() > 2 && input.front() == '[' && input.back() == ']';
    const auto host = bracketed ? input.substr(1, input.size() - 2) : input;
    const bool is_ipv6 = urls::parse_ipv6_address(host).has_value();
    if (!is_ipv6 && (bracketed || !is_dns_name(host))) return false;
    output.resize(host.size());
    std::transform(host.begin(), host.end(), output.begin(), lower_case);
    return true;
}

std::string host_name::expected() const { return "a host name or an IP address, without scheme and port"; }

bool endpoint_url::parse(std::string_view input, endpoint& output) const {
    const auto url = urls::parse_uri(input);
    if (!url) return false;
    endpoint read;
    read.tls = url->scheme_id() == urls::scheme::https;
    if (!read.tls && url->scheme_id() != urls::scheme::http) return false;
    if (url->has_userinfo() || url->has_query() || url->has_fragment() || !url->encoded_path().empty()) return false;
    const auto host = url->encoded_host();
    if (!host_name{}.parse({host.data(), host.size()}, read.host)) return false;
    read.port = read.tls ? 443 : 80;
    if (url->has_port()) {
        const auto text = url->port();
        const auto port = read_number({text.data(), text.size()});
        if (!port || *port == 0 || *port > 65535) return false;
        read.port = static_cast<std::uint16_t>(*port);
    }
    output = std::move(read);
    return true;
}

std::string endpoint_url::expected() const {
    return "https://HOST or https://HOST:PORT, without user, path, query or fragment";
}

bool region_id::parse(std::string_view input, std::string& output) const {
    const auto dash = input.find('-');
    const auto last = input.rfind('-');
    if (dash != 2 || last <= dash + 1 || last == std::string_view::npos) return false;
    const auto digits = input.substr(last + 1);
    if (!all_of(input.substr(0, dash), is_lower) || !all_of(input.substr(dash + 1, last - dash - 1), is_lower) ||
        digits.empty() || digits.size() > 3 || !all_of(digits, is_digit)) {
        return false;
    }
    output = input;
    return true;
}

std::string region_id::expected() const { return "a region id such as cn-north-4"; }

bool server_pattern::parse(std::string_view input, std::string& output) const {
    const auto fits = [](char c) { return is_lower_id_char(c) || c == '*' || c == '?'; };
    const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
    const bool uuid_without_dashes = input.size() == 32 && all_of(input, is_hex);
    if (input.empty() || input.size() > 256 || !all_of(input, fits) || uuid_without_dashes) return false;
    output = input;
    return true;
}

std::string server_pattern::expected() const {
    return "a server id of lower-case letters, digits, - and _ (a UUID with its dashes), in which * and ? stand for "
           "any "
           "characters";
}

bool project_id::parse(std::string_view input, std::string& output) const {
    if (input.empty() || input.size() > 64 || !all_of(input, is_lower_id_char)) return false;
    output = input;
    return true;
}

std::string project_id::expected() const { return "a project id of 1 to 64 lower-case letters, digits, - and _"; }

bool operation_name::parse(std::string_view input, operations::operation_id& output) const {
    const operations::operation* const row = operations::find(input);
    if (row == nullptr) return false;
    output = row->id;
    return true;
}

std::string operation_name::expected() const {
    std::string all = "an operation: ";
    for (const operations::operation& row : operations::table) {
        all += &row == &operations::table.front() ? "" : &row == &operations::table.back() ? " or " : ", ";
        all += row.name;
    }
    return all;
}

bool variable_name::parse(std::string_view input, std::string& output) const {
    if (input.empty() || input.size() > 256 || is_digit(input.front()) ||
        !all_of(input, [](char c) { return is_id_char(c) && c != '-'; })) {
        return false;
    }
    output = input;
    return true;
}

std::string variable_name::expected() const { return "the name of an environment variable"; }

}  // namespace gateway::config

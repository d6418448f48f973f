#include "gateway/base/time.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace gateway {

namespace {

using namespace std::chrono;  // NOLINT(google-build-using-namespace): most lines here are its names

void put(char* out, unsigned value, std::size_t digits) {
    for (std::size_t i = digits; i-- > 0; value /= 10)
        out[i] = static_cast<char>('0' + value % 10);
}

std::optional<unsigned> number(std::string_view digits) {
    unsigned value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
}

struct civil {
    year_month_day date;
    hh_mm_ss<seconds> clock;
};

civil split(sys_seconds time) {
    const auto day = floor<days>(time);
    return {year_month_day(day), hh_mm_ss<seconds>(time - day)};
}

// Nothing when a part is missing or the date does not exist.
std::optional<sys_seconds> join(std::optional<unsigned> y, std::optional<unsigned> m, std::optional<unsigned> d,
                                std::optional<unsigned> h, std::optional<unsigned> min, std::optional<unsigned> s) {
    if (!y || !m || !d || !h || !min || !s || *h > 23 || *min > 59 || *s > 59) return std::nullopt;
    const year_month_day date(year(static_cast<int>(*y)), month(*m), day(*d));
    if (!date.ok()) return std::nullopt;
    return sys_days(date) + hours(*h) + minutes(*min) + seconds(*s);
}

}  // namespace

std::string sdk_date(sys_seconds time) {
    const auto [date, clock] = split(time);
    std::string text = "00000000T000000Z";
    put(&text[0], static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put(&text[4], static_cast<unsigned>(date.month()), 2);
    put(&text[6], static_cast<unsigned>(date.day()), 2);
    put(&text[9], static_cast<unsigned>(clock.hours().count()), 2);
    put(&text[11], static_cast<unsigned>(clock.minutes().count()), 2);
    put(&text[13], static_cast<unsigned>(clock.seconds().count()), 2);
    return text;
}

std::optional<sys_seconds> read_sdk_date(std::string_view text) {
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
    return join(number(text.substr(0, 4)), number(text.substr(4, 2)), number(text.substr(6, 2)),
                number(text.substr(9, 2)), number(text.substr(11, 2)), number(text.substr(13, 2)));
}

std::optional<system_clock::time_point> read_rfc3339(std::string_view text) {
    if (text.size() < 20 || text.size() > 30 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || text.back() != 'Z')
        return std::nullopt;
    const auto whole = join(number(text.substr(0, 4)), number(text.substr(5, 2)), number(text.substr(8, 2)),
                            number(text.substr(11, 2)), number(text.substr(14, 2)), number(text.substr(17, 2)));
    if (!whole) return std::nullopt;
    auto fraction = text.substr(19, text.size() - 20);
    if (fraction.empty()) return *whole;
    if (fraction.front() != '.' || fraction.size() == 1) return std::nullopt;
    fraction.remove_prefix(1);
    const auto digits = number(fraction);
    if (!digits) return std::nullopt;
    std::uint64_t nanos = *digits;
    for (auto i = fraction.size(); i < 9; ++i)
        nanos *= 10;
    return *whole + floor<system_clock::duration>(nanoseconds(nanos));
}

std::optional<sys_seconds> read_http_date(std::string_view text) {
    static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' ||
        text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT")
        return std::nullopt;
    const auto* const named = std::find(months.begin(), months.end(), text.substr(8, 3));
    if (named == months.end()) return std::nullopt;
    return join(number(text.substr(12, 4)), static_cast<unsigned>(named - months.begin()) + 1,
                number(text.substr(5, 2)), number(text.substr(17, 2)), number(text.substr(20, 2)),
                number(text.substr(23, 2)));
}

void append_rfc3339(std::string& out, system_clock::time_point time) {
    const auto whole = floor<seconds>(time);
    const auto [date, clock] = split(whole);
    std::array<char, 27> text{};
    std::string_view("0000-00-00T00:00:00.000000Z").copy(text.data(), text.size());
    put(&text[0], static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put(&text[5], static_cast<unsigned>(date.month()), 2);
    put(&text[8], static_cast<unsigned>(date.day()), 2);
    put(&text[11], static_cast<unsigned>(clock.hours().count()), 2);
    put(&text[14], static_cast<unsigned>(clock.minutes().count()), 2);
    put(&text[17], static_cast<unsigned>(clock.seconds().count()), 2);
    put(&text[20], static_cast<unsigned>(floor<microseconds>(time - whole).count()), 6);
    out.append(text.data(), text.size());
}

}  // namespace gateway

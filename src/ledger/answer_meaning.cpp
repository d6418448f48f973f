#include "gateway/ledger/answer_meaning.hpp"

#include <algorithm>
#include <array>

namespace gateway::ledger {

namespace {

// Turned away at the front, before any work, whatever the code says.
constexpr std::array refusing_statuses{401, 403, 404, 405, 413, 415, 429};

struct refusing_answer {
    int status;
    std::string_view code;
};
// Flow control, with statuses that alone say nothing.
constexpr std::array flow_controls{refusing_answer{202, "Common.0024"}, refusing_answer{503, "Common.1503"}};

// Refusals with 400, or with 501, which Ecs.0603 ("another command is running") comes with.
constexpr std::array refusing_common_codes{std::string_view("Common.0002"), std::string_view("Common.0018")};
struct range {
    int first, last;
};
constexpr std::array refusing_ecs_codes{
    range{0, 1},     range{5, 5},     range{8, 9},     range{16, 16},   range{18, 19},
    range{23, 23},   range{27, 30},   range{67, 67},   range{100, 100}, range{122, 124},
    range{302, 302}, range{308, 308}, range{319, 319}, range{603, 603}, range{605, 605},
    range{701, 702}, range{704, 704}, range{707, 707}, range{800, 899}, range{1100, 1100},
};

// The number of "Ecs.dddd"; -1 for every other text.
constexpr int ecs_number(std::string_view code) {
    constexpr std::string_view service = "Ecs.";
    if (code.size() != service.size() + 4 || !code.starts_with(service)) return -1;
    int number = 0;
    for (const char c : code.substr(service.size())) {
        if (c < '0' || c > '9') return -1;
        number = number * 10 + (c - '0');
    }
    return number;
}

bool is_refusing_code(std::string_view code) noexcept {
    const int number = ecs_number(code);
    return std::ranges::any_of(refusing_ecs_codes,
                               [=](const range& each) { return each.first <= number && number <= each.last; }) ||
           std::ranges::find(refusing_common_codes, code) != refusing_common_codes.end();
}

}  // namespace

state find_meaning(const answer_view& answer) noexcept {
    const bool good = answer.status >= 200 && answer.status <= 299;
    if (good && answer.has_job_id) return state::accepted;
    if (good && answer.has_order_id) return state::awaiting_payment;
    if (std::ranges::find(refusing_statuses, answer.status) != refusing_statuses.end()) return state::refused;
    for (const refusing_answer& each : flow_controls) {
        if (each.status == answer.status && each.code == answer.code) return state::refused;
    }
    if ((answer.status == 400 || answer.status == 501) && is_refusing_code(answer.code)) return state::refused;
    return state::unknown;
}

}  // namespace gateway::ledger

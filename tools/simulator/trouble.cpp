#include "trouble.hpp"

#include <array>
#include <utility>

namespace simulator {

unsigned trouble::status() const {
    switch (what) {
        case kind::down:
            return 503;
        case kind::unauthorized:
            return 401;
        case kind::forbidden:
            return 403;
        case kind::not_found:
            return 404;
        case kind::throttled:
            return 429;
        default:
            return 0;
    }
}

fault trouble::on_the_way() const {
    fault f;
    f.delay = delay;
    f.garbage = what == kind::garbage;
    f.close_before_answer = what == kind::close;
    return f;
}

std::optional<trouble::kind> read_trouble(const std::string& name) {
    using kind = trouble::kind;
    static const std::array<std::pair<const char*, kind>, 9> names{{{"none", kind::none},
                                                                    {"down", kind::down},
                                                                    {"slow", kind::slow},
                                                                    {"unauthorized", kind::unauthorized},
                                                                    {"forbidden", kind::forbidden},
                                                                    {"not_found", kind::not_found},
                                                                    {"throttled", kind::throttled},
                                                                    {"garbage", kind::garbage},
                                                                    {"close", kind::close}}};
    for (const auto& [known, what] : names) {
        if (name == known) return what;
    }
    return std::nullopt;
}

const char* title_of(unsigned status) {
    switch (status) {
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 429:
            return "Too Many Requests";
        case 503:
            return "Service Unavailable";
        default:
            return "Error";
    }
}

}  // namespace simulator

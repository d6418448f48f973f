#include "loggable.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "gateway/base/escape.hpp"

namespace gateway::pipeline {

std::string loggable(std::string_view canonical_request) {
    // Headers whose values are nobody's secret. Of the others a log says how long they are: that is enough to see that
    // somebody on the way has changed one.
    static constexpr std::string_view shown[] = {
        "accept",     "accept-encoding",      "connection",     "content-length", "content-type",
        "host",       "user-agent",           "x-domain-id",    "x-language",     "x-project-id",
        "x-sdk-date", "x-sdk-content-sha256", "x-client-token", "traceparent"};
    constexpr std::size_t longest = 4096;
    std::string text;
    std::size_t line_number = 0;
    bool in_headers = false;
    for (std::string_view rest = canonical_request; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        // Method, path and query are the first three lines; the headers end with an empty one.
        if (line_number == 3) in_headers = true;
        if (line_number >= 3 && line.empty()) in_headers = false;
        ++line_number;
        const std::string_view name = line.substr(0, line.find(':'));
        if (in_headers && std::find(std::begin(shown), std::end(shown), name) == std::end(shown)) {
            text.append(name).append(":(").append(std::to_string(line.size() - name.size() - 1)).append(" bytes)");
        } else {
            text += line;
        }
        if (!rest.empty()) text += '\n';
    }
    return json_string(std::string_view(text).substr(0, longest));
}

}  // namespace gateway::pipeline

#include "query.hpp"

#include <algorithm>

#include "gateway/base/hex.hpp"

namespace simulator {

std::string percent_decoded(const std::string& text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char byte = 0;
        if (text[i] == '%' && i + 2 < text.size() && gateway::read_hex(text.substr(i + 1, 2), {&byte, 1})) {
            bytes += static_cast<char>(byte);
            i += 2;
        } else {
            bytes += text[i];
        }
    }
    return bytes;
}

std::string parameter(const std::string& query, const std::string& name) {
    for (std::size_t from = 0; from < query.size();) {
        const std::size_t to = std::min(query.find('&', from), query.size());
        if (query.compare(from, name.size() + 1, name + "=") == 0)
            return percent_decoded(query.substr(from + name.size() + 1, to - from - name.size() - 1));
        from = to + 1;
    }
    return "";
}

}  // namespace simulator

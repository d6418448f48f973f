#pragma once
// A request as the imitated cloud sees it, and its answer.

#include <string>
#include <utility>
#include <vector>

namespace simulator {

struct call {
    std::string method, path, query;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

struct answer {
    unsigned status = 200;
    std::string body;
};

}  // namespace simulator

#pragma once
// Which API a request is for. A path names whole segments; nothing in it is decoded.

#include <string>

namespace simulator {

struct route {
    enum class api { none, resize, show_job, show_server, list_flavors };
    api of = api::none;
    bool v1 = false;  // a resize by the older path
    std::string project;
    std::string id;  // of the server or the job
};

[[nodiscard]] route read_route(const std::string& method, const std::string& path);

}  // namespace simulator

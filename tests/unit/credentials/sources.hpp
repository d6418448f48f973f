#pragma once
// Where tests have their secrets from.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/config/settings.hpp"

namespace gateway::credentials {

inline config::source from_env(std::string name) {
    return {.from = config::source::kind::env, .name = std::move(name), .text = {}, .at = {3, 5, "x.secret_key"}};
}

inline config::source from_file(std::string path) {
    return {.from = config::source::kind::file, .name = std::move(path), .text = {}, .at = {3, 5, "x.secret_key"}};
}

inline config::source from_literal(std::string_view text) {
    return {.from = config::source::kind::literal,
            .name = {},
            .text = std::make_shared<const secret_text>(text),
            .at = {3, 5, "x.secret_key"}};
}

inline config::source from_plain(std::string text) {
    return {.from = config::source::kind::plain, .name = std::move(text), .text = {}, .at = {3, 5, "x.access_key"}};
}

// A folder that goes with the test.
class folder {
public:
    folder() {
        std::string name = (std::filesystem::temp_directory_path() / "gateway-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::filesystem::filesystem_error("mkdtemp", {});
        path_ = name;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string path() const { return path_.string(); }
    [[nodiscard]] std::string put(const std::string& name, std::string_view content) const {
        const std::filesystem::path to = path_ / name;
        std::ofstream(to, std::ios::binary) << content;
        return to.string();
    }

private:
    std::filesystem::path path_;
};

}  // namespace gateway::credentials

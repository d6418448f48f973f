#pragma once
// Sources of secrets for tests.

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
    return {
        .origin = config::source::kind::env, .name = std::move(name), .text = {}, .location = {3, 5, "x.secret_key"}};
}

inline config::source from_file(std::string path) {
    return {
        .origin = config::source::kind::file, .name = std::move(path), .text = {}, .location = {3, 5, "x.secret_key"}};
}

inline config::source from_literal(std::string_view text) {
    return {.origin = config::source::kind::literal,
            .name = {},
            .text = std::make_shared<const secret_text>(text),
            .location = {3, 5, "x.secret_key"}};
}

inline config::source from_plain(std::string text) {
    return {
        .origin = config::source::kind::plain, .name = std::move(text), .text = {}, .location = {3, 5, "x.access_key"}};
}

// A folder that is removed with the test.
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
        const std::filesystem::path file = path_ / name;
        std::ofstream(file, std::ios::binary) << content;
        return file.string();
    }

private:
    std::filesystem::path path_;
};

}  // namespace gateway::credentials

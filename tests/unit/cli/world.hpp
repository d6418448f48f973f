#pragma once
// Runs the command line on streams of the test's own, with files in a folder that is removed after the test.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/cli/cli.hpp"

namespace gateway::cli {

struct answer {
    int status;
    std::string out, err;
};

inline answer ask(const std::vector<std::string>& words, const std::string& input = {}) {
    std::istringstream input_stream(input);
    std::ostringstream out, err;
    const int status = run(words, {input_stream, out, err});
    return {status, out.str(), err.str()};
}

class folder {
public:
    folder() {
        std::string pattern = std::filesystem::temp_directory_path() / "ecs-gateway-cli-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for the test");
        path_ = pattern;
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { std::filesystem::remove_all(path_); }

    // The path of a file of that name, which may not be there.
    [[nodiscard]] std::string path(const std::string& name) const { return path_ / name; }
    std::string write(const std::string& name, std::string_view text) const {
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }

private:
    std::filesystem::path path_;
};

// Two accounts, two callers, three rules; secrets in the file `secret`, which a test writes where it matters.
inline constexpr std::string_view small_configuration = R"(version: 1
listeners:
  - address: 127.0.0.1:8080
callers:
  - name: planner
    access_key: GWPLANNER0000000001
    secret_key: {file: secret}
  - name: ci
    api_key_sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
credentials:
  - name: partner-key
    access_key: PARTNERAK
    secret_key: {file: secret}
  - name: acme-key
    access_key: ACMEAK
    secret_key: {file: secret}
accounts:
  - name: partner
    kind: partner
    credential: partner-key
    projects: {p-partner: cn-north-4}
  - name: acme
    kind: sub-customer
    credential: acme-key
    projects: {p-acme: ap-southeast-1}
policy:
  - rule: never-c6
    effect: deny
    accounts: [acme]
    resize: {flavors: [c6.*]}
  - rule: planner-grows
    callers: [planner]
    operations: [resize]
    resize: {flavors: [s6.*]}
    rate: {calls: 30, per: 1m}
  - rule: planner-looks
    callers: [planner]
    operations: [show_job, list_resize_flavors]
    sign_as: partner
)";

}  // namespace gateway::cli

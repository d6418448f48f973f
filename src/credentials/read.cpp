#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "gateway/base/escape.hpp"
#include "gateway/base/unique_fd.hpp"
#include "gateway/base/utf8.hpp"
#include "gateway/credentials/read.hpp"

namespace gateway::credentials {

namespace {

// Far above any token that the cloud issues.
constexpr std::size_t max_bytes = 64 * 1024;

// Wiped when it is destroyed, unlike a string that grows.
struct buffer {
    std::array<char, max_bytes + 3> bytes;  // with "\r\n" and one byte that is too many
    std::size_t size = 0;

    buffer() = default;
    buffer(const buffer&) = delete;
    buffer& operator=(const buffer&) = delete;
    ~buffer() { wipe(bytes.data(), bytes.size()); }
};

// Fills the buffer; 0 or an errno.
int read_file(const std::string& path, buffer& out) {
    const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return errno;
    while (out.size < out.bytes.size()) {
        const ssize_t got = ::read(file.get(), out.bytes.data() + out.size, out.bytes.size() - out.size);
        if (got == 0) return 0;
        if (got > 0)
            out.size += static_cast<std::size_t>(got);
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

std::string_view without_newline(std::string_view text) {
    if (!text.ends_with('\n')) return text;
    text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

// What is wrong with a text that was read; empty when nothing is.
std::string fault(std::string_view text, secret_kind kind) {
    if (text.empty()) return "is empty";
    if (text.size() > max_bytes) return "is longer than 64 KiB";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const bool is_control = c < 0x20 || c == 0x7f;
        if (is_control || (kind == secret_kind::key && (c == ' ' || c > 0x7f)))
            return std::string("holds a ") +
                   (is_control || c == ' ' ? "white space or control character" : "character that is not ASCII") +
                   " (byte " + std::to_string(i + 1) + "): was it copied whole and alone?";
    }
    // It is sent as JSON, where such a byte would silently become another character.
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t length = utf8_length(rest);
        if (length == 0)
            return "is not UTF-8 (byte " + std::to_string(text.size() - rest.size() + 1) + "): save it as UTF-8";
        rest.remove_prefix(length);
    }
    return {};
}

}  // namespace

bool is_key(std::string_view text) noexcept {
    return !text.empty() && text.size() <= max_bytes &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::optional<secret_text> read_whole(const std::string& path, std::string& wrong) {
    const auto content = std::make_unique<buffer>();
    if (const int error = read_file(path, *content); error != 0)
        wrong = "can't be read: " + std::generic_category().message(error);
    else if (content->size > max_bytes)
        wrong = "is longer than 64 KiB";
    else
        return secret_text({content->bytes.data(), content->size});
    return std::nullopt;
}

std::optional<secret_text> read(const config::source& source, std::vector<config::problem>& problems,
                                secret_kind kind) {
    const auto refuse = [&](std::string problem) -> std::optional<secret_text> {
        problems.push_back({source.location, std::move(problem)});
        return std::nullopt;
    };
    const auto accept = [&](std::string_view text, const std::string& origin) -> std::optional<secret_text> {
        if (const std::string wrong = fault(text, kind); !wrong.empty()) return refuse(origin + " " + wrong);
        return secret_text(text);
    };
    switch (source.origin) {
        case config::source::kind::env: {
            const std::string origin = "environment variable " + json_string(source.name);
            const char* const text =
                std::getenv(source.name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets one
            return text == nullptr ? refuse(origin + " is not set") : accept(text, origin);
        }
        case config::source::kind::file: {
            const std::string origin = "file " + json_string(source.name);
            const auto content = std::make_unique<buffer>();
            if (const int error = read_file(source.name, *content); error != 0)
                return refuse(origin + " can't be read: " + std::generic_category().message(error));
            return accept(without_newline({content->bytes.data(), content->size}), origin);
        }
        case config::source::kind::literal:
            return accept(source.text ? source.text->reveal() : "", "the literal");
        case config::source::kind::plain:
            return accept(source.name, "the text");
    }
    return refuse("is from nowhere");
}

}  // namespace gateway::credentials

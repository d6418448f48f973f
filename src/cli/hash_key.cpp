#include <algorithm>
#include <istream>
#include <ostream>

#include "command.hpp"
#include "gateway/base/hex.hpp"
#include "gateway/base/secret_text.hpp"
#include "gateway/base/sha256.hpp"

namespace gateway::cli {

int hash_key(const command& self, const std::vector<std::string>& words, const streams& io) {
    if (!read_options(self, po::options_description("Options"), words, io)) return done;
    std::string key;
    std::getline(io.input, key);
    const bool is_all = io.input.eof() || io.input.peek() == std::istream::traits_type::eof();
    const bool is_visible = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    const bool is_empty = key.empty();
    const std::string digits = to_hex(sha256_of(key));
    wipe(key.data(), key.size());
    if (is_empty) throw gave_up("no key on standard input; pipe it in, such as with: ecs-gateway hash-key < key-file");
    if (!is_all) throw gave_up("more than one line on standard input; the key is one line");
    if (!is_visible)
        throw gave_up(
            "the key holds a blank, a control character or one beyond ASCII, which no header can carry whole");
    io.out << digits << '\n';
    return done;
}

}  // namespace gateway::cli

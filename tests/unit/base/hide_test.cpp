#include "gateway/base/hide.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace gateway {
namespace {

const std::string key = "HPUAK0PARTNER0000001", signature(64, 'f'),
                  token = "gAAA/short+0123456789abcdefghijklmnopqrstuvwxyz/and+more/and+still+more==";
const std::array<std::string_view, 4> values{key, signature, token, "abc"};

std::string hidden(std::string text) {
    EXPECT_EQ(holds_any(text, values), text.find("0123456789abcdefghijklmn") != std::string::npos ||
                                           text.find(key) != std::string::npos ||
                                           text.find(signature) != std::string::npos);
    hide(text, values);
    EXPECT_FALSE(holds_any(text, values)) << text;
    return text;
}

TEST(hide, takes_out_every_value_and_nothing_else) {
    EXPECT_EQ(hidden(""), "");
    EXPECT_EQ(hidden("nothing to hide, abc"), "nothing to hide, abc");
    EXPECT_EQ(hidden("ak " + key + ", " + key + "!"), "ak " + std::string(20, '*') + ", " + std::string(20, '*') + "!");
    EXPECT_EQ(hidden("Signature=" + signature), "Signature=" + std::string(64, '*'));
    EXPECT_EQ(hidden(key + key), std::string(40, '*'));
    EXPECT_EQ(hidden(key.substr(1)), key.substr(1));
}

TEST(hide, takes_out_a_token_however_it_is_spelled) {
    EXPECT_EQ(hidden("token: " + token + ", x"), "token: " + std::string(token.size(), '*') + ", x");
    const std::string escaped =
        "gAAA\\/short\\u002b0123456789abcdefghijklmnopqrstuvwxyz\\/and%2bmore%2fand+still+more\\u003d=";
    EXPECT_EQ(hidden("\"" + escaped + "\""), "\"" + std::string(escaped.size(), '*') + "\"");
    const std::string half = token.substr(5, 42);
    EXPECT_EQ(hidden("(" + half + ")"), "(" + std::string(half.size(), '*') + ")");
}

}  // namespace
}  // namespace gateway

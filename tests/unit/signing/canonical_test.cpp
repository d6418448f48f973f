#include <gtest/gtest.h>

#include "vectors.hpp"

namespace gateway::signing {
namespace {

TEST(path_and_query, that_servers_read_differently_are_told_apart) {
    for (const std::string_view query :
         {"", "a=b", "flag", "a=%2F%5C", "a=%E5%8F%98", "q=!$'()*,;:@/?", "a=b=c", "&&a=b"})
        EXPECT_TRUE(reads_one_way("/v1/p", query)) << query;
    for (const std::string_view query :
         {"a=b+c", "a=%", "a=%4", "a=%zz", "a=%FF", "a=%E5%8F", "a=%C0%80", "a=%ED%A0%80", "a=%00", "a=\"", "a= b",
          "a=\xE5\x8F\x98", "a=%E5x", "a=[1]", "a=#"})
        EXPECT_FALSE(reads_one_way("/v1/p", query)) << query;
    for (const std::string_view path : {"/", "/v1/a+b", "/v1/!$&'()*,;=:@", "/v1/%E5%8F%98"})
        EXPECT_TRUE(reads_one_way(path, "")) << path;
    for (const std::string_view path : {"/a%2Fb", "/a%5cb", "/a%00", "/a%", "/a%FF", "/a b", "/a\"", "/a?b"})
        EXPECT_FALSE(reads_one_way(path, "")) << path;
}

TEST(header_values, are_trimmed_and_kept_as_they_are_inside) {
    signer s;
    const std::vector<field> fields{{"X-B", " \t a  b \t"}, {"host", "h"}};
    static_cast<void>(
        s.sign({"GET", "/p", "", fields, "hash"}, key(algorithm::sdk_hmac_sha256, "A", "S"), "20261123T100000Z", {}));
    EXPECT_EQ(s.canonical_request(), "GET\n/p/\n\nhost:h\nx-b:a  b\n\nhost;x-b\nhash");
}

}  // namespace
}  // namespace gateway::signing

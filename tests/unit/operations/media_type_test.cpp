#include "gateway/operations/media_type.hpp"

#include <gtest/gtest.h>

namespace gateway::operations {
namespace {

TEST(media_type, is_json_without_a_charset_or_in_utf8) {
    for (const std::string_view right :
         {"application/json", "Application/JSON", "application/json;charset=utf-8", "application/json; charset=UTF-8",
          "application/json ;\t charset=\"UTF-8\"", "application/json;charset=utf8", "application/json;CharSet=Utf-8",
          "application/json;", "application/json; ;charset=utf-8;", "application/json; odata=verbose",
          "application/json;x=\"a;charset=gbk\";charset=utf-8", "application/json;x=\"\\\"\""})
        EXPECT_TRUE(is_json_in_utf8(right)) << right;
}

TEST(media_type, is_refused_where_another_reader_could_read_another_document) {
    for (const std::string_view wrong : {"",
                                         "application",
                                         "application/",
                                         "application/json2",
                                         "application/json-patch+json",
                                         "application/vnd.api+json",
                                         "text/json",
                                         "text/plain",
                                         "text/plain;charset=utf-8",
                                         "application/x-www-form-urlencoded",
                                         "application/json;charset=GBK",
                                         "application/json;charset=utf-16",
                                         "application/json;charset=utf-7",
                                         "application/json;charset=\"GBK\"",
                                         "application/json;charset=\"utf\\-8\"",
                                         "application/json;charset=",
                                         "application/json;charset",
                                         "application/json;charset=utf-8;charset=GBK",
                                         "application/json;charset=utf-8;charset=utf-8",
                                         "application/json;charset=utf-8 x",
                                         "application/json;charset =utf-8",
                                         "application/json;charset= utf-8",
                                         "application/json;charset=\"utf-8",
                                         "application/json;x=\"\\\"",
                                         "application/json charset=utf-8",
                                         "application/json,application/json",
                                         "application/json;charset=utf-8,text/plain",
                                         "application/json;charset=\xff",
                                         "\xff"})
        EXPECT_FALSE(is_json_in_utf8(wrong)) << wrong;
}

}  // namespace
}  // namespace gateway::operations

#include <gmock/gmock.h>

#include <cstdlib>
#include <new>
#include <string>
#include <utility>

#include "resize_body.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

// Counts what the whole test program allocates.
void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace gateway::operations {

namespace {

using testing::HasSubstr;

std::string nested(int deep) {
    // `deep` levels, two of which are the root and x
    std::string inner;
    for (int i = 2; i < deep; ++i)
        inner += i % 2 == 0 ? "[" : R"({"a":)";
    inner += "1";
    for (int i = deep - 1; i >= 2; --i)
        inner += i % 2 == 0 ? "]" : "}";
    return with_key_beside(R"("x":{"y":)" + inner + "}");
}

struct rejected_body {
    std::string body, pointer, says;
};

const rejected_body rejected_bodies[] = {
    // not one JSON object
    {"", "", "is empty"},
    {" ", "", "ends before"},
    {"null", "", "must be a JSON object"},
    {"true", "", "must be a JSON object"},
    {"7", "", "must be a JSON object"},
    {"-7", "", "must be a JSON object"},
    {"1e5", "", "must be a JSON object"},
    {"18446744073709551615", "", "must be a JSON object"},
    {R"("{}")", "", "must be a JSON object"},
    {R"("\u0041")", "", "must be a JSON object"},
    {"[]", "", "must be a JSON object"},
    {R"([{"resize":{"flavorRef":"a"}}])", "", "must be a JSON object"},
    {R"({"resize":{"flavorRef":"a"}}{})", "", "goes on"},
    {R"({"resize":{"flavorRef":"a"}} x)", "", "goes on"},
    {R"({"resize":{"flavorRef":"a"}},)", "", "goes on"},
    {std::string("{\"resize\":{\"flavorRef\":\"a\"}}\0", 30), "", "goes on"},
    {R"({"resize":{"flavorRef":"a"}} // the end)", "", "goes on"},
    {"{", "", "ends before"},
    {R"({"resize":{"flavorRef":"a"})", "", "ends before"},
    {R"({"resize":{"flavorRef":"a)", "", "ends before"},
    {R"({"resize":{"flavorRef":"a",}})", "", "valid JSON"},
    {R"({"resize":{"flavorRef":"a"},})", "", "valid JSON"},
    {R"({"resize":{/* */"flavorRef":"a"}})", "", "valid JSON"},
    {R"({'resize':{'flavorRef':'a'}})", "", "valid JSON"},
    {R"({resize:{flavorRef:"a"}})", "", "valid JSON"},
    {R"({"resize" {"flavorRef":"a"}})", "", "valid JSON"},
    {with_key_beside(R"("x":01)"), "", "valid JSON"},
    {with_key_beside(R"("x":+1)"), "", "valid JSON"},
    {with_key_beside(R"("x":.5)"), "", "valid JSON"},
    {with_key_beside(R"("x":NaN)"), "", "valid JSON"},
    {with_key_beside(R"("x":Infinity)"), "", "valid JSON"},
    {with_key_beside(R"("x":True)"), "", "valid JSON"},
    {with_key_beside("\"x\":\"a\nb\""), "", "valid JSON"},
    {with_key_beside(R"("x":"\q")"), "", "valid JSON"},
    {"\xEF\xBB\xBF"
     R"({"resize":{"flavorRef":"a"}})",
     "", "byte order mark"},
    {std::string("{\0\"\0r\0", 6), "", "valid JSON"},
    // not UTF-8
    {with_key_beside("\"x\":\"\xFF\""), "", "valid JSON in UTF-8"},
    {with_key_beside("\"x\":\"\xC0\xAF\""), "", "valid JSON in UTF-8"},
    {with_key_beside("\"x\":\"\xED\xA0\x80\""), "", "valid JSON in UTF-8"},
    {with_key_beside("\"x\":\"\xF4\x90\x80\x80\""), "", "valid JSON in UTF-8"},
    {with_key_beside("\"x\":\"\xE2\x84\""), "", "valid JSON in UTF-8"},
    {with_key_beside("\"\x80\":1"), "", "valid JSON in UTF-8"},
    {with_key_beside(R"("x":"\ud800")"), "", "valid JSON"},
    {with_key_beside(R"("x":"\udc00")"), "", "valid JSON"},
    {with_key_beside(R"("x":"\ud800\u0041")"), "", "valid JSON"},
    // too deep
    {nested(17), "", "16 levels"},
    {std::string(100000, '['), "", "must be a JSON object"},
    {R"({"x":)" + std::string(100000, '['), "", "16 levels"},
    // missing
    {"{}", "/resize", "is missing"},
    {R"({"dry_run":true})", "/resize", "is missing"},
    {R"({"x":{"resize":{"flavorRef":"a"}}})", "/resize", "is missing"},
    {R"({"resize":{}})", "/resize/flavorRef", "is missing"},
    {R"({"resize":{"mode":"withStopServer"}})", "/resize/flavorRef", "is missing"},
    {R"({"flavorRef":"a","resize":{"x":{"flavorRef":"a"}}})", "/resize/flavorRef", "is missing"},
    // of the wrong type
    {R"({"resize":null})", "/resize", "JSON object"},
    {R"({"resize":[]})", "/resize", "JSON object"},
    {R"({"resize":"a"})", "/resize", "JSON object"},
    {R"({"resize":"\u0061"})", "/resize", "JSON object"},
    {R"({"resize":7})", "/resize", "JSON object"},
    {R"({"resize":true})", "/resize", "JSON object"},
    {R"({"resize":{"flavorRef":7}})", "/resize/flavorRef", "string"},
    {R"({"resize":{"flavorRef":7.5}})", "/resize/flavorRef", "string"},
    {R"({"resize":{"flavorRef":18446744073709551615}})", "/resize/flavorRef", "string"},
    {R"({"resize":{"flavorRef":null}})", "/resize/flavorRef", "string"},
    {R"({"resize":{"flavorRef":true}})", "/resize/flavorRef", "string"},
    {R"({"resize":{"flavorRef":["a"]}})", "/resize/flavorRef", "string"},
    {R"({"resize":{"flavorRef":{"id":"a"}}})", "/resize/flavorRef", "string"},
    {R"({"resize":{"flavorRef":""}})", "/resize/flavorRef", "1 to 255"},
    {R"({"resize":{"flavorRef":")" + std::string(256, 'a') + "\"}}", "/resize/flavorRef", "1 to 255"},
    {R"({"resize":{"flavorRef":")" + std::string(100000, 'a') + "\"}}", "/resize/flavorRef", "1 to 255"},
    {R"({"resize":{"flavorRef":"s6 large"}})", "/resize/flavorRef", "visible ASCII"},
    {R"({"resize":{"flavorRef":"s6\u0000"}})", "/resize/flavorRef", "visible ASCII"},
    {R"({"resize":{"flavorRef":"s6\n"}})", "/resize/flavorRef", "visible ASCII"},
    {R"({"resize":{"flavorRef":"s6.lärge"}})", "/resize/flavorRef", "visible ASCII"},
    {R"({"resize":{"flavorRef":"s6\u007f"}})", "/resize/flavorRef", "visible ASCII"},
    {with_members(R"("dedicated_host_id":null)"), "/resize/dedicated_host_id", "string"},
    {with_members(R"("dedicated_host_id":7)"), "/resize/dedicated_host_id", "string"},
    {with_members(R"("dedicated_host_id":")" + std::string(256, 'h') + "\""), "/resize/dedicated_host_id", "255"},
    {with_members(R"("extendparam":null)"), "/resize/extendparam", "JSON object"},
    {with_members(R"("extendparam":[])"), "/resize/extendparam", "JSON object"},
    {with_members(R"("extendparam":"{}")"), "/resize/extendparam", "JSON object"},
    {with_members(R"("extendparam":{"isAutoPay":true})"), "/resize/extendparam/isAutoPay",
     R"(string "true" or "false")"},
    {with_members(R"("extendparam":{"isAutoPay":false})"), "/resize/extendparam/isAutoPay",
     R"(string "true" or "false")"},
    {with_members(R"("extendparam":{"isAutoPay":null})"), "/resize/extendparam/isAutoPay", "string"},
    {with_members(R"("extendparam":{"isAutoPay":1})"), "/resize/extendparam/isAutoPay", "string"},
    {with_members(R"("extendparam":{"isAutoPay":"True"})"), "/resize/extendparam/isAutoPay", "string"},
    {with_members(R"("extendparam":{"isAutoPay":"true "})"), "/resize/extendparam/isAutoPay", "string"},
    {with_members(R"("extendparam":{"isAutoPay":"1"})"), "/resize/extendparam/isAutoPay", "string"},
    {with_members(R"("extendparam":{"isAutoPay":["true"]})"), "/resize/extendparam/isAutoPay", "string"},
    {with_members(R"("mode":"")"), "/resize/mode", "withStopServer"},
    {with_members(R"("mode":null)"), "/resize/mode", "withStopServer"},
    {with_members(R"("mode":true)"), "/resize/mode", "withStopServer"},
    {with_members(R"("mode":"withstopserver")"), "/resize/mode", "withStopServer"},
    {with_members(R"("mode":"withStopServer\u0000")"), "/resize/mode", "withStopServer"},
    {with_members(R"("cpu_options":2)"), "/resize/cpu_options", "JSON object"},
    {with_members(R"("cpu_options":[2])"), "/resize/cpu_options", "JSON object"},
    {with_members(R"("cpu_options":{"hw:cpu_threads":0})"), "/resize/cpu_options/hw:cpu_threads", "1 or 2"},
    {with_members(R"("cpu_options":{"hw:cpu_threads":3})"), "/resize/cpu_options/hw:cpu_threads", "1 or 2"},
    {with_members(R"("cpu_options":{"hw:cpu_threads":-1})"), "/resize/cpu_options/hw:cpu_threads", "1 or 2"},
    {with_members(R"("cpu_options":{"hw:cpu_threads":1.0})"), "/resize/cpu_options/hw:cpu_threads", "1 or 2"},
    {with_members(R"("cpu_options":{"hw:cpu_threads":1e0})"), "/resize/cpu_options/hw:cpu_threads", "1 or 2"},
    {with_members(R"("cpu_options":{"hw:cpu_threads":18446744073709551617})"), "/resize/cpu_options/hw:cpu_threads",
     "1 or 2"},
    {with_members(R"("cpu_options":{"hw:cpu_threads":"2"})"), "/resize/cpu_options/hw:cpu_threads", "1 or 2"},
    {with_members(R"("cpu_options":{"hw:cpu_threads":true})"), "/resize/cpu_options/hw:cpu_threads", "1 or 2"},
    {with_key_beside(R"("dry_run":"true")"), "/dry_run", "boolean"},
    {with_key_beside(R"("dry_run":1)"), "/dry_run", "boolean"},
    {with_key_beside(R"("dry_run":null)"), "/dry_run", "boolean"},
    {with_key_beside(R"("dry_run":{})"), "/dry_run", "boolean"},
    {with_key_beside(R"("dry_run":[true])"), "/dry_run", "boolean"},
    // a key twice
    {with_key_beside(R"("resize":{"flavorRef":"b"})"), "/resize", "occurs twice"},
    {with_members(R"("flavorRef":"b")"), "/resize/flavorRef", "occurs twice"},
    {with_members(R"("flavorRef":"s6.large.2")"), "/resize/flavorRef", "occurs twice"},
    {with_members(R"("\u0066lavorRef":"b")"), "/resize/flavorRef", "occurs twice"},
    {R"({"resize":{"\u0066lavorRef":"a","flavorRef":"b"}})", "/resize/flavorRef", "occurs twice"},
    {with_key_beside(R"("dry_run":true,"dry_run":true)"), "/dry_run", "occurs twice"},
    {with_members(R"("extendparam":{"isAutoPay":"false","isAutoPay":"true"})"), "/resize/extendparam/isAutoPay",
     "occurs twice"},
    {with_members(R"("mode":"withStopServer","mode":"withStopServer")"), "/resize/mode", "occurs twice"},
    {with_key_beside(R"("xyz":1,"xyz":2)"), "", "a key occurs twice"},
    {with_members(R"("xyz":1,"xyz":2)"), "/resize", "a key occurs twice"},
    {with_members(R"("xyz":1,"x\u0079z":2)"), "/resize", "a key occurs twice"},
    {with_members(R"("":1,"":2)"), "/resize", "a key occurs twice"},
    {with_members(R"("\ud83d\ude00":1,"😀":2)"), "/resize", "a key occurs twice"},
    {with_members(R"("extendparam":{"xyz":1,"xyz":2})"), "/resize/extendparam", "a key occurs twice"},
    {with_members(R"("cpu_options":{"xyz":1,"xyz":2})"), "/resize/cpu_options", "a key occurs twice"},
    {with_key_beside(R"("q":{"xyz":1,"xyz":2})"), "", "an object within"},
    {with_members(R"("q":[[{"xyz":1},{"r":{"xyz":1,"xyz":2}}]])"), "/resize", "an object within"},
    {with_members(R"("q":{"a":{"xyz":1},"b":{"xyz":2},"a":3})"), "/resize", "an object within"},
    // a key that could be taken for a known one
    {R"({"Resize":{"flavorRef":"a"}})", "", "send resize"},
    {R"({"re_size":{"flavorRef":"a"}})", "", "send resize"},
    {"{\"re\xC5\xBFize\":{\"flavorRef\":\"a\"}}", "", "send resize"},
    {"{\"res\xC4\xB1ze\":{\"flavorRef\":\"a\"}}", "", "send resize"},
    {with_key_beside(R"("Dry_Run":true)"), "", "send dry_run"},
    {with_key_beside(R"("dryRun":true)"), "", "send dry_run"},
    {with_key_beside(R"("dry-run":true)"), "", "send dry_run"},
    {with_key_beside(R"("dry_run\u0000":true)"), "", "send dry_run"},
    {with_key_beside(R"("dry_run\u0000x":true)"), "", "send dry_run"},
    {R"({"resize":{"FlavorRef":"a"}})", "/resize", "send flavorRef"},
    {R"({"resize":{"flavor_ref":"a"}})", "/resize", "send flavorRef"},
    {R"({"resize":{"flavorref":"a"}})", "/resize", "send flavorRef"},
    {with_members(R"("FLAVORREF":"b")"), "/resize", "send flavorRef"},
    {with_members(R"("\u0046lavorRef":"b")"), "/resize", "send flavorRef"},
    {with_members(R"(" flavorRef":"b")"), "/resize", "send flavorRef"},
    {with_members(R"("dedicatedHostId":"h")"), "/resize", "send dedicated_host_id"},
    {with_members(R"("dedicated-host-id":"h")"), "/resize", "send dedicated_host_id"},
    {with_members(R"("extendParam":{"isAutoPay":"true"})"), "/resize", "send extendparam"},
    {with_members(R"("extend_param":{"isAutoPay":"true"})"), "/resize", "send extendparam"},
    {with_members(R"("Mode":"withStopServer")"), "/resize", "send mode"},
    {with_members(R"("cpuOptions":{})"), "/resize", "send cpu_options"},
    {with_members(R"("extendparam":{"isautopay":"true"})"), "/resize/extendparam", "send isAutoPay"},
    {with_members(R"("extendparam":{"is_auto_pay":"true"})"), "/resize/extendparam", "send isAutoPay"},
    {with_members(R"("extendparam":{"IsAutoPay":"true"})"), "/resize/extendparam", "send isAutoPay"},
    {with_members("\"extendparam\":{\"i\xC5\xBF"
                  "AutoPay\":\"true\"}"),
     "/resize/extendparam", "send isAutoPay"},
    {with_members(R"("extendparam":{"\u0130sAutoPay":"true"})"), "/resize/extendparam", "send isAutoPay"},
    {with_members(R"("cpu_options":{"hw_cpu_threads":1})"), "/resize/cpu_options", "send hw:cpu_threads"},
    {with_members(R"("cpu_options":{"hw:cpuThreads":1})"), "/resize/cpu_options", "send hw:cpu_threads"},
};

TEST(resize_body, rejects_what_is_not_a_strict_resize) {
    resize_reader reader;
    resize_request asked;
    for (const auto& c : rejected_bodies) {
        const std::string shown = c.body.substr(0, 200);
        const auto problem = reader.read(c.body, asked);
        ASSERT_TRUE(problem) << shown;
        EXPECT_EQ(problem->pointer, c.pointer) << shown;
        EXPECT_THAT(problem->message, HasSubstr(c.says)) << shown;
        EXPECT_THAT(problem->message, testing::Not(HasSubstr("xyz"))) << shown;
    }
}

TEST(resize_body, finds_a_key_that_occurs_twice_however_many_stand_between) {
    resize_reader reader;
    resize_request asked;
    for (const int many : {3, 40}) {  // also behind a body of more keys
        std::string keys;
        for (int i = 0; i < many; ++i)
            keys += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
        EXPECT_FALSE(reader.read(with_members(keys), asked)) << keys;
        EXPECT_FALSE(reader.read(with_members(keys), asked)) << "the keys of another body are forgotten";
        for (int i = 0; i < many; ++i)
            EXPECT_TRUE(reader.read(with_members(keys + ",\"k" + std::to_string(i) + "\":1"), asked)) << i;
    }
    EXPECT_FALSE(reader.read(with_members(R"("k1":1)"), asked));
}

const std::string accepted_bodies[] = {
    R"({"resize":{"flavorRef":"2"}})",
    "\t\r\n { \"resize\" : { \"flavorRef\" : \"2\" } } \n\n",
    R"({"\u0072esize":{"flavor\u0052ef":"\u0073\u0036"}})",
    R"({"dry_run":true,"resize":{"mode":"withStopServer","flavorRef":"a"}})",
    R"({"resize":{"flavorRef":")" + std::string(255, 'a') + "\"}}",
    with_members(R"("dedicated_host_id":"")"),
    with_members(R"("extendparam":{})"),
    with_members(R"("extendparam":{"isAutoPay":""})"),
    with_members(R"("cpu_options":{})"),
    with_members(R"("cpu_options":{"hw:cpu_threads":1})"),
    with_members(R"("cpu_options":{"hw:cpu_threads":2,"hw:cpu_sockets":"x"})"),
    // what is unknown is for the policy to judge, whatever it holds, where no known member has its place
    with_members(R"("force":true)"),
    with_key_beside(R"("force":true)"),
    with_key_beside(R"("flavorRef":7,"isAutoPay":true,"mode":null)"),
    with_members(R"("isAutoPay":true,"dry_run":"x","resize":[],"cpu_threads":9)"),
    with_members(R"("x":{"flavorRef":7,"FlavorRef":8,"resize":null,"dry-run":1})"),
    with_members(R"("flavorRefs":["a"],"flavor":"b","modes":1,"reflavor":1)"),
    with_members(R"("x":null,"y":[1,-1,1.5,true,null,"",{},[]],"z":{"":{}},"\u0000":0)"),
    with_members(R"("x":1e400,"y":99999999999999999999999999,"z":-0)"),
    with_members(R"("x":"\ud83d\ude00 é \u0000")"),
    with_members("\"" + std::string(100000, 'k') + R"(":")" + std::string(100000, 'v') + "\""),
    // the same key in different objects
    with_key_beside(R"("a":{"k":1,"l":{"k":1}},"b":{"k":1},"c":[{"k":1},{"k":1}],"k":1)"),
    nested(16),
};

TEST(resize_body, accepts_the_rest) {
    resize_reader reader;
    resize_request asked;
    for (const std::string& body : accepted_bodies) {
        const auto problem = reader.read(body, asked);
        EXPECT_FALSE(problem) << body.substr(0, 200) << '\n' << problem->pointer << ": " << problem->message;
        EXPECT_FALSE(asked.flavor.empty());
    }
}

TEST(resize_body, tells_the_first_of_several_problems) {
    resize_reader reader;
    resize_request asked;
    EXPECT_EQ(reader.read(R"({"dry_run":1,"resize":{"flavorRef":7}})", asked)->pointer, "/dry_run");
    EXPECT_EQ(reader.read(R"({"resize":{"mode":"","flavorRef":7}})", asked)->pointer, "/resize/mode");
    EXPECT_EQ(reader.read(R"({"resize":{"flavorRef":"a","flavorRef":7,)", asked)->pointer, "/resize/flavorRef");
    EXPECT_EQ(reader.read(R"({"resize":{},"dry_run":1})", asked)->pointer, "/dry_run") << "what is missing comes last";
}

// Every cut of a right body is wrong, and so is every change of one byte to one that is no JSON anywhere.
TEST(resize_body, rejects_every_part_of_a_right_body) {
    resize_reader reader;
    resize_request asked;
    const std::string whole =
        with_members(R"("extendparam":{"isAutoPay":"true"},"cpu_options":{"hw:cpu_threads":2},"é":[1.5e3,null])");
    ASSERT_FALSE(reader.read(whole, asked));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_TRUE(reader.read(whole.substr(0, size), asked)) << size;
    for (std::size_t index = 0; index < whole.size(); ++index) {
        std::string changed = whole;
        changed[index] = '\x01';
        EXPECT_TRUE(reader.read(changed, asked)) << changed;
        changed[index] = '\xFF';
        EXPECT_TRUE(reader.read(changed, asked)) << changed;
    }
    EXPECT_FALSE(reader.read(whole, asked)) << "no problem outlives its body";
}

TEST(resize_body, finds_one_double_among_many_keys) {
    std::string members;
    for (int i = 0; i < 50000; ++i)
        members.append(R"("k)").append(std::to_string(i)).append(R"(":0,)");
    resize_reader reader;
    resize_request asked;
    EXPECT_FALSE(reader.read(with_members(members + R"("last":0)"), asked));
    EXPECT_TRUE(reader.read(with_members(members + R"("k25000":0)"), asked));
    EXPECT_FALSE(reader.read(with_members(R"("k25000":0)"), asked));
}

TEST(resize_body, is_read_without_allocating_in_the_steady_state) {
    resize_reader reader;
    resize_request asked;
    const std::string body = R"({"resize":{"flavorRef":"a-flavor-with-a-long-name.16xlarge.8",
        "dedicated_host_id":"459a2b9d-804a-4745-ab19-a113bb1b4ddc","extendparam":{"isAutoPay":"false",
        "an unknown key with \u0065scapes":["and",{"objects":{"within":null}}]}},"dry_run":true})";
    const std::string other = R"({"resize":{"flavorRef":"s6.large.2"}})";
    for (int i = 0; i < 2; ++i) {
        ASSERT_FALSE(reader.read(body, asked));
        ASSERT_FALSE(reader.read(other, asked));
    }
    const std::size_t before = allocations;
    for (int i = 0; i < 10; ++i) {
        static_cast<void>(reader.read(body, asked));
        static_cast<void>(reader.read(other, asked));
    }
    EXPECT_EQ(allocations, before);
}

TEST(resize_reader, moves) {
    resize_reader first;
    resize_request asked;
    ASSERT_FALSE(first.read(accepted_bodies[0], asked));
    resize_reader second = std::move(first);
    EXPECT_FALSE(second.read(accepted_bodies[0], asked));
    first = resize_reader();
    EXPECT_FALSE(first.read(accepted_bodies[0], asked));
}

}  // namespace

}  // namespace gateway::operations

#include "forms.hpp"

#include <boost/json.hpp>
#include <functional>
#include <utility>

namespace simulator {

namespace json = boost::json;

namespace {

using edit = std::function<void(json::object&)>;
using edits = std::vector<std::pair<std::string, edit>>;
using rewriting = std::vector<std::pair<std::string, std::function<std::string(const std::string&)>>>;

edit put(const char* name, json::value value) {
    return [name, value = std::move(value)](json::object& into) { into[name] = value; };
}

edit drop(const char* name) {
    return [name](json::object& from) { from.erase(name); };
}

std::string deep(const std::string&) { return std::string(100'000, '[') + std::string(100'000, ']'); }

edit cut(const char* name) {
    return [name](json::object& of) {
        if (const auto* const text = of.if_contains(name); text != nullptr && text->is_string()) {
            const std::string whole(text->get_string());
            of[name] = whole.substr(0, whole.size() / 2);
        }
    };
}

edit parse(const char* name) {
    return [name](json::object& of) {
        boost::system::error_code ec;
        json::value parsed = json::parse(std::string(of[name].as_string()), ec);
        if (!ec) of[name] = parsed;
    };
}

// Changes the ids in the text of a response.
edit ids(const json::value& into) {
    return [into](json::object& of) {
        boost::system::error_code ec;
        json::value response = json::parse(std::string(of["response"].as_string()), ec);
        if (ec || !response.is_object()) return;
        for (const char* const name : {"job_id", "order_id"}) {
            if (response.get_object().contains(name)) response.get_object()[name] = into;
        }
        of["response"] = json::serialize(response);
    };
}

// Of the text of any answer.
const rewriting& of_texts() {
    static const rewriting all{
        {"empty", [](const std::string&) { return std::string(); }},
        {"null", [](const std::string&) { return std::string("null"); }},
        {"list", [](const std::string& page) { return "[" + page + "]"; }},
        {"cut_off", [](const std::string& page) { return page.substr(0, page.size() / 2); }},
        {"html", [](const std::string&) { return std::string("<html><body>Welcome</body></html>"); }},
        {"deep", deep},
        {"not_utf8", [](const std::string& page) { return "{\"\xff\xfe\":\"\xc3\x28\"," + page.substr(1); }},
        {"byte_order_mark", [](const std::string& page) { return "\xef\xbb\xbf" + page; }},
        {"two_objects", [](const std::string& page) { return page + page; }},
    };
    return all;
}

const edits& of_traces() {
    static const edits all{
        {"request_absent", drop("request")},
        {"request_null", put("request", nullptr)},
        {"request_empty", put("request", "")},
        {"request_cut_off", cut("request")},
        {"request_object", parse("request")},
        {"request_deep", put("request", deep("").c_str())},
        {"request_without_flavor", put("request", R"({"resize":{}})")},
        {"request_flavor_number", put("request", R"({"resize":{"flavorRef":2}})")},
        {"response_absent", drop("response")},
        {"response_null", put("response", nullptr)},
        {"response_empty", put("response", "")},
        {"response_cut_off", cut("response")},
        {"response_object", parse("response")},
        {"response_list", put("response", "[1,2]")},
        {"response_ids_numbers", ids(12345)},
        {"response_ids_null", ids(nullptr)},
        {"response_ids_empty", ids("")},
        {"response_ids_huge", ids(std::string(100'000, 'a').c_str())},
        {"response_ids_strange", ids("../../\r\nX-A: b")},
        {"code_absent", drop("code")},
        {"code_number", put("code", 200)},
        {"code_word", put("code", "OK")},
        {"time_absent", drop("time")},
        {"time_text", put("time", "2016/12/08 11:07:28 GMT+08:00")},
        {"time_digits", [](json::object& t) { t["time"] = std::to_string(t["time"].as_int64()); }},
        {"time_seconds", [](json::object& t) { t["time"] = t["time"].as_int64() / 1000; }},
        {"time_negative", put("time", -1)},
        {"time_huge", put("time", 1e300)},
        {"user_absent", drop("user")},
        {"user_text", put("user", "somebody")},
        {"resource_absent", drop("resource_id")},
        {"resource_of_another", put("resource_id", "00000000-0000-0000-0000-000000000000")},
        {"name_of_another", put("trace_name", "startServer")},
        {"rating_unknown", put("trace_rating", "curious")},
        {"rating_absent", drop("trace_rating")},
    };
    return all;
}

// Of the list of traces as a whole.
const edits& of_trace_pages() {
    static const edits all{
        {"traces_absent", drop("traces")},
        {"traces_null", put("traces", nullptr)},
        {"traces_object", put("traces", json::object{})},
        {"traces_of_nothing", put("traces", json::array{nullptr, 1, "text", json::array{}})},
        {"traces_twice",
         [](json::object& page) {
             json::array twice = page["traces"].as_array();
             for (const auto& t : page["traces"].as_array())
                 twice.push_back(t);
             page["traces"] = twice;
         }},
        {"marker_number", put("meta_data", json::object{{"count", 1}, {"marker", 7}})},
        {"marker_same", put("meta_data", json::object{{"count", 1}, {"marker", "again"}})},
        {"meta_data_absent", drop("meta_data")},
    };
    return all;
}

const edits& of_orders() {
    static const edits all{
        {"status_absent", drop("status")},
        {"status_null", put("status", nullptr)},
        {"status_text", [](json::object& o) { o["status"] = std::to_string(o["status"].as_int64()); }},
        {"status_word", put("status", "paid")},
        {"status_unknown", put("status", 42)},
        {"status_huge", put("status", 1e300)},
        {"amount_absent", drop("amount_after_discount")},
        {"amount_null", put("amount_after_discount", nullptr)},
        {"amount_text", put("amount_after_discount", "126.50")},
        {"amount_grouped", put("amount_after_discount", "1,234.50")},
        {"amount_word", put("amount_after_discount", "free")},
        {"amount_huge", put("amount_after_discount", 1e300)},
        {"amount_negative", put("amount_after_discount", -12.5)},
        {"amount_long", put("amount_after_discount", std::string(100'000, '9').c_str())},
        {"amount_object", put("amount_after_discount", json::object{{"value", 1}})},
        {"currency_absent", drop("currency")},
        {"currency_number", put("currency", 156)},
        {"currency_strange", put("currency", "C\r\nY")},
        {"measure_text", put("measure_id", "1")},
        {"measure_cents", put("measure_id", 3)},
        {"id_absent", drop("order_id")},
        {"id_number", put("order_id", 7)},
        {"id_of_another", put("order_id", "CS2611231009999999")},
        {"type_text", put("order_type", "3")},
        {"type_of_another", put("order_type", 1)},
        {"time_absent", drop("create_time")},
        {"time_number", put("create_time", 1'795'000'000'000)},
        {"time_with_zone", put("create_time", "2026-11-23T18:00:00+08:00")},
        {"time_without_zone", put("create_time", "2026-11-23 10:00:00")},
    };
    return all;
}

const edits& of_order_pages() {
    static const edits all{
        {"orders_absent",
         [](json::object& page) {
             page.erase("order_infos");
             page.erase("order_info");
         }},
        {"orders_null",
         [](json::object& page) {
             for (const char* const name : {"order_infos", "order_info"})
                 if (page.contains(name)) page[name] = nullptr;
         }},
        {"orders_of_nothing",
         [](json::object& page) {
             if (page.contains("order_infos")) page["order_infos"] = json::array{nullptr, 1, "text", json::array{}};
             if (page.contains("order_info")) page["order_info"] = json::array{};
         }},
        {"count_absent", drop("total_count")},
        {"count_text", put("total_count", "1")},
        {"count_huge", put("total_count", 1'000'000'000)},
        {"error_beside_200",
         [](json::object& page) {
             page = {{"error_code", "CBC.3002"}, {"error_msg", "The resource has been locked."}};
         }},
    };
    return all;
}

std::vector<std::string> names(const edits& entries, const edits& pages) {
    std::vector<std::string> all;
    for (const auto& [name, change] : entries)
        all.push_back(name);
    for (const auto& [name, change] : pages)
        all.push_back(name);
    for (const auto& [name, change] : of_texts())
        all.push_back(name);
    return all;
}

template <class Table>
auto find(const Table& in, const std::string& name) {
    for (const auto& [known, change] : in) {
        if (known == name) return &change;
    }
    return static_cast<const typename Table::value_type::second_type*>(nullptr);
}

// `rows` is the name of the list in the page, `row` that of a single entry.
std::string in_form(const std::string& form, json::object page, const edits& entries, const edits& pages,
                    const char* rows, const char* row) {
    if (const auto* const change = find(entries, form)) {
        if (auto* const list = page.if_contains(rows)) {
            for (auto& each : list->as_array())
                (*change)(each.as_object());
        }
        if (auto* const single = page.if_contains(row)) (*change)(single->as_object());
    }
    if (const auto* const change = find(pages, form)) (*change)(page);
    const std::string text = json::serialize(page);
    const auto* const rewrite = find(of_texts(), form);
    return rewrite == nullptr ? text : (*rewrite)(text);
}

}  // namespace

std::string in_trace_form(const std::string& form, const json::object& page) {
    return in_form(form, page, of_traces(), of_trace_pages(), "traces", "trace");
}

std::string in_order_form(const std::string& form, const json::object& page) {
    return in_form(form, page, of_orders(), of_order_pages(), "order_infos", "order_info");
}

const std::vector<std::string>& trace_forms() {
    static const std::vector<std::string> all = names(of_traces(), of_trace_pages());
    return all;
}

const std::vector<std::string>& order_forms() {
    static const std::vector<std::string> all = names(of_orders(), of_order_pages());
    return all;
}

}  // namespace simulator

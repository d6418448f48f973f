#include "resize_body.hpp"

#include <boost/json.hpp>

namespace simulator {

namespace {

namespace json = boost::json;

// What is wrong with the fields that only some resizes have; empty: nothing.
std::string read_extras(const json::object& resize, wish& into) {
    if (const auto* mode = resize.if_contains("mode")) {
        if (!mode->is_string() || mode->get_string() != "withStopServer") return "mode can only be withStopServer";
        into.stop = true;
    }
    if (const auto* host = resize.if_contains("dedicated_host_id"); host != nullptr && !host->is_string())
        return "dedicated_host_id is not a string";
    if (const auto* extra = resize.if_contains("extendparam")) {
        if (!extra->is_object()) return "extendparam is not an object";
        if (const auto* pay = extra->get_object().if_contains("isAutoPay")) {
            // A string, not a boolean; empty is as good as absent.
            if (!pay->is_string()) return "isAutoPay is not a string";
            const auto& text = pay->get_string();
            if (text != "true" && text != "false" && !text.empty()) return "isAutoPay is neither true nor false";
            into.pay = text == "true";
        }
    }
    if (const auto* cpu = resize.if_contains("cpu_options")) {
        if (!cpu->is_object()) return "cpu_options is not an object";
        const auto* threads = cpu->get_object().if_contains("hw:cpu_threads");
        if (threads != nullptr && *threads != 1 && *threads != 2) return "hw:cpu_threads is neither 1 nor 2";
    }
    return "";
}

}  // namespace

std::variant<wish, std::string> read_resize_body(const std::string& body) {
    boost::system::error_code ec;
    const json::value root = json::parse(body, ec);
    if (ec || !root.is_object()) return "the body is not a JSON object";
    const auto* const resize = root.get_object().if_contains("resize");
    if (resize == nullptr || !resize->is_object()) return "resize is required";
    const auto* const flavor = resize->get_object().if_contains("flavorRef");
    if (flavor == nullptr || !flavor->is_string() || flavor->get_string().empty()) return "flavorRef is required";
    wish w;
    w.flavor = flavor->get_string().c_str();
    if (const auto wrong = read_extras(resize->get_object(), w); !wrong.empty()) return wrong;
    if (const auto* dry = root.get_object().if_contains("dry_run")) {
        if (!dry->is_bool()) return "dry_run is not a boolean";
        w.dry = dry->get_bool();
    }
    return w;
}

}  // namespace simulator

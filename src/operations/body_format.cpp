#include "body_format.hpp"

#include <algorithm>
#include <array>

namespace gateway::operations {

namespace {

resize_request& resize_of(body& output) { return *std::get_if<resize_request>(&output); }

void clear_resize(body& output) {
    if (!std::holds_alternative<resize_request>(output)) output.emplace<resize_request>();
    resize_request& request = resize_of(output);
    request.flavor.clear();
    request.dedicated_host_id.clear();
    request.auto_pay.reset();
    request.stops_running_server = false;
    request.dry_run.reset();
    request.unknown_member.clear();
}

bool take_flavor(body& output, const std::string& text) {
    resize_of(output).flavor = text;
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool take_dedicated_host(body& output, const std::string& text) {
    resize_of(output).dedicated_host_id = text;
    return true;
}

bool take_auto_pay(body& output, const std::string& text) {
    if (!text.empty()) resize_of(output).auto_pay = text == "true";
    return text.empty() || text == "true" || text == "false";
}

bool take_mode(body& output, const std::string& text) {
    resize_of(output).stops_running_server = true;
    return text == "withStopServer";
}

bool take_dry_run(body& output, bool value) {
    resize_of(output).dry_run = value;
    return true;
}

bool take_cpu_threads(body&, std::int64_t number) { return number == 1 || number == 2; }

constexpr body_object resize_object{1}, extendparam{2}, cpu_options{3};

// ECS API reference, "Modifying the Specifications of an ECS (v1.1)", tables of resize, extendparam, cpu_options.
constexpr std::array resize_members{
    known_member{.object = body_object::root,
                 .opens = resize_object,
                 .key = "resize",
                 .pointer = "/resize",
                 .wanted = "must be a JSON object"},
    known_member{.object = body_object::root,
                 .key = "dry_run",
                 .pointer = "/dry_run",
                 .wanted = "must be the JSON boolean true or false, without quotes",
                 .take_bool = take_dry_run},
    known_member{.object = resize_object,
                 .key = "flavorRef",
                 .pointer = "/resize/flavorRef",
                 .wanted = "must be the id of a flavor: a string of 1 to 255 visible ASCII characters",
                 .take_text = take_flavor,
                 .missing = "send the id of the wanted flavor"},
    known_member{.object = resize_object,
                 .key = "dedicated_host_id",
                 .pointer = "/resize/dedicated_host_id",
                 .wanted = "must be a string of at most 255 bytes",
                 .take_text = take_dedicated_host},
    known_member{.object = resize_object,
                 .opens = extendparam,
                 .key = "extendparam",
                 .pointer = "/resize/extendparam",
                 .wanted = "must be a JSON object"},
    known_member{.object = resize_object,
                 .key = "mode",
                 .pointer = "/resize/mode",
                 .wanted = R"(must be the string "withStopServer"; leave it out for a server that is stopped)",
                 .take_text = take_mode},
    known_member{.object = resize_object,
                 .opens = cpu_options,
                 .key = "cpu_options",
                 .pointer = "/resize/cpu_options",
                 .wanted = "must be a JSON object"},
    known_member{.object = extendparam,
                 .key = "isAutoPay",
                 .pointer = "/resize/extendparam/isAutoPay",
                 .wanted = R"(must be the string "true" or "false", with its quotes)",
                 .take_text = take_auto_pay},
    known_member{.object = cpu_options,
                 .key = "hw:cpu_threads",
                 .pointer = "/resize/cpu_options/hw:cpu_threads",
                 .wanted = "must be the number 1 or 2",
                 .take_integer = take_cpu_threads},
};

constexpr body_format resize_format{
    .members = resize_members,
    .example = R"({"resize":{"flavorRef":"s6.large.2"}})",
    .clear = clear_resize,
    .unknown_member = [](body& output) -> std::string& { return resize_of(output).unknown_member; }};

}  // namespace

const body_format& format_of(body_kind kind) noexcept {
    switch (kind) {
        case body_kind::resize:
        case body_kind::none:
            break;
    }
    return resize_format;
}

const known_member* find_member(const body_format& format, body_object object, std::string_view key) noexcept {
    for (const known_member& known : format.members) {
        if (known.object == object && known.key == key) return &known;
    }
    return nullptr;
}

}  // namespace gateway::operations

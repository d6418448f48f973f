// The resize body: what the strict reader accepts, Boost.JSON reads the same way.
#include <boost/json.hpp>

#include <string_view>

#include "gateway/operations/body.hpp"
#include "must.hpp"

namespace json = boost::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gateway::operations;
    static body_reader reader;  // as a worker has one for all its calls
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    gateway::operations::body read_into;
    const auto found = reader.read(std::span(&row_of(operation_id::resize), 1), body, read_into);
    if (!found) {
        MUST(!found.error().message.empty());
        return 0;
    }
    const auto& asked = std::get<resize_request>(read_into);
    boost::system::error_code ec;
    const json::value whole = json::parse({body.data(), body.size()}, ec);
    MUST(!ec && whole.is_object());
    const json::object& resize = whole.as_object().at("resize").as_object();
    MUST(!asked.flavor.empty());
    MUST(asked.flavor == std::string_view(resize.at("flavorRef").as_string()));
    if (const auto* mode = resize.if_contains("mode"))
        MUST(asked.stops_running_server == (mode->is_string() && mode->as_string() == "withStopServer"));
    else
        MUST(!asked.stops_running_server);
    const auto* dry_run = whole.as_object().if_contains("dry_run");
    if (dry_run != nullptr && dry_run->is_bool()) MUST(asked.dry_run == dry_run->as_bool());
    return 0;
}

#include "to_json.hpp"

#include <array>
#include <cstdio>

namespace gateway::config {

json::value to_json(const count_or_auto&, std::size_t value) {
    if (value == 0) return "auto";
    return static_cast<std::uint64_t>(value);
}

json::value to_json(const size&, std::size_t value) { return json::string(write_size(value)); }

json::value to_json(const octal_mode&, unsigned value) {
    std::array<char, 8> digits{};
    std::snprintf(digits.data(), digits.size(), "%04o", value);
    return json::string(digits.data());
}

json::value to_json(const listener_address&, const listener& value) { return json::string(value.name); }

json::value to_json(const admin_address&, const admin& value) {
    const bool is_v6 = value.host.find(':') != std::string::npos;
    return json::string((is_v6 ? '[' + value.host + ']' : value.host) + ':' + std::to_string(value.port));
}

json::value to_json(const endpoint_url&, const endpoint& value) {
    if (value.host.empty()) return nullptr;
    return json::string((value.tls ? "https://" : "http://") + value.authority());
}

json::object text_schema(const std::string& expected, const char* pattern) {
    json::object text{{"type", "string"}, {"minLength", 1}, {"description", json::string(expected)}};
    if (pattern != nullptr) text["pattern"] = pattern;
    return text;
}

json::object schema_of(const count& type) {
    return {{"type", "integer"}, {"minimum", type.min}, {"maximum", type.max}};
}

json::object schema_of(const count_or_auto& type) {
    return {{"anyOf", {{{"type", "integer"}, {"minimum", 1}, {"maximum", type.max}}, {{"const", "auto"}}}}};
}

json::object schema_of(const size& type) { return text_schema(type.expected(), "^[0-9]+(B|KiB|MiB)$"); }
json::object schema_of(const duration& type) { return text_schema(type.expected(), "^[0-9]+(ms|s|m|h|d)$"); }
json::object schema_of(const sha256_hex& type) { return text_schema(type.expected(), "^[0-9A-Fa-f]{64}$"); }
json::object schema_of(const san& type) { return text_schema(type.expected(), "^(URI|DNS):"); }
json::object schema_of(const endpoint_url& type) { return text_schema(type.expected(), "^https?://"); }
json::object schema_of(const project_id& type) { return text_schema(type.expected(), "^[a-z0-9_-]{1,64}$"); }

// 0660 is a number to most readers of YAML, and not always the same one.
json::object schema_of(const octal_mode& type) {
    return {
        {"type", {"string", "integer"}}, {"pattern", "^0[0-7]{3}$"}, {"description", json::string(type.expected())}};
}

json::value to_json(const operation_name&, operations::operation_id value) {
    return json::string(operations::name_of(value));
}

json::object schema_of(const operation_name&) {
    json::array names;
    for (const operations::operation& row : operations::table)
        names.push_back(json::string(row.name));
    return {{"enum", std::move(names)}};
}

json::object schema_of(const secret_source& type) {
    json::array ways;
    for (const char* way : {"env", "file", "literal"}) {
        ways.push_back({{"type", "object"},
                        {"properties", {{way, {{"type", "string"}, {"minLength", 1}}}}},
                        {"required", json::array{way}},
                        {"additionalProperties", false}});
    }
    if (type.plain_too) ways.push_back(schema_of(access_key_id{}));
    return {{"oneOf", std::move(ways)}, {"description", json::string(type.expected())}};
}

}  // namespace gateway::config

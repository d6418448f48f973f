#pragma once
// How each kind of value (kinds.hpp, reader.hpp) is spelled back, and what it is in a JSON Schema. A kind that is
// missing here does not compile.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <vector>

#include "kinds.hpp"
#include "reader.hpp"

namespace gateway::config {

namespace json = boost::json;

// ---- values as the file would have them -----------------------------------------------------------------------------

inline json::value spelled(const boolean&, bool value) { return value; }
template <std::integral Integer>
json::value spelled(const count&, Integer value) {
    return static_cast<std::uint64_t>(value);
}
json::value spelled(const count_or_auto&, std::size_t value);
json::value spelled(const size&, std::size_t value);
template <class Count, class Unit>
json::value spelled(const duration&, std::chrono::duration<Count, Unit> value) {
    return json::string(write_duration(value));
}
template <class Meaning, std::size_t N>
json::value spelled(const choice<Meaning, N>& kind, Meaning value) {
    for (const auto& [word, meaning] : kind.words) {
        if (meaning == value) return json::string(word);
    }
    return nullptr;
}
json::value spelled(const octal_mode&, unsigned value);
json::value spelled(const listener_address&, const listener& value);
json::value spelled(const admin_address&, const admin& value);
json::value spelled(const endpoint_url&, const endpoint& value);
template <class Kind>
json::value spelled(const Kind&, const std::string& value) {
    return json::string(value);
}
template <class Item, class T>
json::value spelled(const list_of<Item>& kind, const std::vector<T>& values) {
    json::array all;
    for (const T& one : values)
        all.push_back(spelled(kind.item, one));
    return all;
}
template <class Kind, class T>
json::value spelled(const Kind& kind, const std::optional<T>& value) {
    return value ? spelled(kind, *value) : json::value(nullptr);
}

// ---- kinds as JSON Schema -------------------------------------------------------------------------------------------

json::object text_schema(const std::string& expected, const char* pattern = nullptr);

inline json::object schema_of(const boolean&) { return {{"type", "boolean"}}; }
json::object schema_of(const count& kind);
json::object schema_of(const count_or_auto& kind);
json::object schema_of(const size& kind);
json::object schema_of(const duration& kind);
template <class Meaning, std::size_t N>
json::object schema_of(const choice<Meaning, N>& kind) {
    json::array words;
    for (const auto& [word, meaning] : kind.words) {
        // YAML readers that know YAML's own booleans hand them over as such.
        if (word == "true" || word == "false")
            words.push_back(word == "true");
        else
            words.push_back(json::string(word));
    }
    return {{"enum", std::move(words)}};
}
inline json::object schema_of(const text& kind) { return text_schema(kind.expected()); }
inline json::object schema_of(const pattern& kind) { return text_schema(kind.expected()); }
inline json::object schema_of(const server_pattern& kind) {
    return text_schema(kind.expected(), "^(?![0-9a-f]{32}$)[a-z0-9_*?-]{1,256}$");
}
inline json::object schema_of(const access_key_id& kind) { return text_schema(kind.expected()); }
json::object schema_of(const sha256_hex& kind);
json::object schema_of(const san& kind);
inline json::object schema_of(const listener_address& kind) { return text_schema(kind.expected()); }
inline json::object schema_of(const admin_address& kind) { return text_schema(kind.expected()); }
json::object schema_of(const octal_mode& kind);
inline json::object schema_of(const host_name& kind) { return text_schema(kind.expected()); }
json::object schema_of(const endpoint_url& kind);
inline json::object schema_of(const region_id& kind) { return text_schema(kind.expected()); }
json::object schema_of(const project_id& kind);
json::object schema_of(const operation_name& kind);
template <class Kind>
json::object schema_of(const new_name<Kind>& kind) {
    return schema_of(kind.kind);
}
inline json::object schema_of(const known_name& kind) { return text_schema(kind.expected()); }
inline json::object schema_of(const file_path& kind) { return text_schema(kind.expected()); }
inline json::object schema_of(const file_path_or_stdout& kind) { return text_schema(kind.expected()); }
json::object schema_of(const secret_source& kind);
template <class T>
json::object schema_of(const section<T>& kind);  // describe.cpp
template <class Item>
json::object schema_of(const list_of<Item>& kind) {
    json::object list{{"type", "array"}, {"items", schema_of(kind.item)}};
    if (kind.least > 0) list["minItems"] = kind.least;
    return list;
}
template <class Key, class Value>
json::object schema_of(const map_of<Key, Value>& kind) {
    return {
        {"type", "object"}, {"propertyNames", schema_of(kind.key)}, {"additionalProperties", schema_of(kind.value)}};
}

}  // namespace gateway::config

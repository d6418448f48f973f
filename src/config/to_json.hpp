#pragma once
// Each type of value (value_types.hpp, reader.hpp) as JSON, and as JSON Schema. A type that is missing here does not
// compile.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <vector>

#include "reader.hpp"
#include "value_types.hpp"

namespace gateway::config {

namespace json = boost::json;

// ---- values as the file would have them -----------------------------------------------------------------------------

inline json::value to_json(const boolean&, bool value) { return value; }
template <std::integral Integer>
json::value to_json(const count&, Integer value) {
    return static_cast<std::uint64_t>(value);
}
json::value to_json(const count_or_auto&, std::size_t value);
json::value to_json(const size&, std::size_t value);
template <class Count, class Unit>
json::value to_json(const duration&, std::chrono::duration<Count, Unit> value) {
    return json::string(write_duration(value));
}
template <class Meaning, std::size_t N>
json::value to_json(const choice<Meaning, N>& type, Meaning value) {
    for (const auto& [word, meaning] : type.words) {
        if (meaning == value) return json::string(word);
    }
    return nullptr;
}
json::value to_json(const octal_mode&, unsigned value);
json::value to_json(const operation_name&, operations::operation_id value);
json::value to_json(const listener_address&, const listener& value);
json::value to_json(const admin_address&, const admin& value);
json::value to_json(const endpoint_url&, const endpoint& value);
template <class Type>
json::value to_json(const Type&, const std::string& value) {
    return json::string(value);
}
template <class Item, class T>
json::value to_json(const list_of<Item>& type, const std::vector<T>& values) {
    json::array all;
    for (const T& one : values)
        all.push_back(to_json(type.item, one));
    return all;
}
template <class Type, class T>
json::value to_json(const Type& type, const std::optional<T>& value) {
    return value ? to_json(type, *value) : json::value(nullptr);
}

// ---- types as JSON Schema -------------------------------------------------------------------------------------------

json::object text_schema(const std::string& expected, const char* pattern = nullptr);

inline json::object schema_of(const boolean&) { return {{"type", "boolean"}}; }
json::object schema_of(const count& type);
json::object schema_of(const count_or_auto& type);
json::object schema_of(const size& type);
json::object schema_of(const duration& type);
template <class Meaning, std::size_t N>
json::object schema_of(const choice<Meaning, N>& type) {
    json::array words;
    for (const auto& [word, meaning] : type.words) {
        // YAML readers that know YAML's own booleans hand them over as such.
        if (word == "true" || word == "false")
            words.push_back(word == "true");
        else
            words.push_back(json::string(word));
    }
    return {{"enum", std::move(words)}};
}
inline json::object schema_of(const text& type) { return text_schema(type.expected()); }
inline json::object schema_of(const pattern& type) { return text_schema(type.expected()); }
inline json::object schema_of(const server_pattern& type) {
    return text_schema(type.expected(), "^(?![0-9a-f]{32}$)[a-z0-9_*?-]{1,256}$");
}
inline json::object schema_of(const access_key_id& type) { return text_schema(type.expected()); }
json::object schema_of(const sha256_hex& type);
json::object schema_of(const san& type);
inline json::object schema_of(const listener_address& type) { return text_schema(type.expected()); }
inline json::object schema_of(const admin_address& type) { return text_schema(type.expected()); }
json::object schema_of(const octal_mode& type);
inline json::object schema_of(const host_name& type) { return text_schema(type.expected()); }
json::object schema_of(const endpoint_url& type);
inline json::object schema_of(const region_id& type) { return text_schema(type.expected()); }
json::object schema_of(const project_id& type);
json::object schema_of(const operation_name& type);
template <class Type>
json::object schema_of(const new_name<Type>& type) {
    return schema_of(type.type);
}
inline json::object schema_of(const known_name& type) { return text_schema(type.expected()); }
inline json::object schema_of(const file_path& type) { return text_schema(type.expected()); }
inline json::object schema_of(const file_path_or_stdout& type) { return text_schema(type.expected()); }
json::object schema_of(const secret_source& type);
template <class T>
json::object schema_of(const section<T>& type);  // describe.cpp
template <class Item>
json::object schema_of(const list_of<Item>& type) {
    json::object list{{"type", "array"}, {"items", schema_of(type.item)}};
    if (type.min_size > 0) list["minItems"] = type.min_size;
    return list;
}
template <class Key, class Value>
json::object schema_of(const map_of<Key, Value>& type) {
    return {
        {"type", "object"}, {"propertyNames", schema_of(type.key)}, {"additionalProperties", schema_of(type.value)}};
}

}  // namespace gateway::config

#include "gateway/config/describe.hpp"

#include <boost/json/serialize.hpp>

#include <type_traits>

#include "gateway/base/field.hpp"
#include "region_table.hpp"
#include "schema.hpp"
#include "to_json.hpp"

namespace gateway::config {

namespace {

// What a type is for the writers below. A type that is not named here is one single value.
template <class Type>
struct shape {
    using section = void;
};
template <class T>
struct shape<config::section<T>> {
    using section = T;
};

template <class Type>
inline constexpr bool is_section = !std::is_void_v<typename shape<Type>::section>;
template <class Type>
inline constexpr bool is_list_of_sections = false;
template <class T>
inline constexpr bool is_list_of_sections<list_of<config::section<T>>> = true;
template <class Type>
inline constexpr bool is_map = false;
template <class Key, class Value>
inline constexpr bool is_map<map_of<Key, Value>> = true;
// What may be a secret, or be taken for the place of one: reader.hpp, `echo`. A URL has lost its password in reading.
template <class Type>
constexpr bool may_be_secret() {
    return std::is_same_v<Type, access_key_id> || std::is_same_v<Type, sha256_hex> ||
           std::is_same_v<Type, secret_source>;
}

json::string text_of(std::string_view text) { return json::string(text.data(), text.size()); }

// ---- JSON Schema ----------------------------------------------------------------------------------------------------

struct schema_writer {
    json::object& properties;
    json::array& needed;

    template <class T, class Type>
    void operator()(std::string_view name, T& standard, const Type& type, presence needs, std::string_view doc) {
        json::object schema = schema_of(type);
        const json::value* expected = schema.if_contains("description");
        schema["description"] =
            text_of(expected == nullptr ? std::string(doc)
                                        : std::string(doc) + ". Expected: " + std::string(expected->as_string()));
        if constexpr (!is_section<Type> && !is_list_of_sections<Type> && !is_map<Type> && !may_be_secret<Type>()) {
            if (needs == presence::optional) {
                const json::value value = to_json(type, standard);
                const bool none = value.is_null() || (value.is_array() && value.as_array().empty()) ||
                                  (value.is_string() && value.as_string().empty());
                if (!none) schema["default"] = value;
            }
        }
        if (needs == presence::required) needed.push_back(text_of(name));
        properties[json::string_view(name.data(), name.size())] = std::move(schema);
    }
};

template <class T>
json::object object_schema() {
    json::object properties;
    json::array needed;
    schema_writer writer{properties, needed};
    T standard{};
    keys_of(standard, writer);
    json::object all{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!needed.empty()) all["required"] = std::move(needed);
    return all;
}

// ---- Markdown -------------------------------------------------------------------------------------------------------

// A table for a section, then those of the sections below it.
struct table_writer {
    std::string& out;
    std::string path;   // "accounts[].", empty for the whole
    std::string later;  // the tables of what is below

    template <class T, class Type>
    void operator()(std::string_view name, T& standard, const Type& type, presence needs, std::string_view doc) {
        std::string preset = needs == presence::required ? "**required**" : "";
        std::string expected = type.expected();
        if constexpr (is_section<Type>) {
            expected = "a map, see [below](#" + anchor(path + std::string(name)) + ")";
            if (std::is_same_v<typename shape<Type>::section, no_keys>) expected = "`{}`";
            below<typename shape<Type>::section>(path + std::string(name));
        } else if constexpr (is_list_of_sections<Type>) {
            expected = "a list, see [below](#" + anchor(path + std::string(name) + "[]") + ")";
            below<typename T::value_type>(path + std::string(name) + "[]");
        } else if constexpr (is_map<Type>) {
            if constexpr (is_section<decltype(type.value)>) {
                expected += ", see [below](#" + anchor(path + std::string(name) + ".ID") + ")";
                below<typename shape<decltype(type.value)>::section>(path + std::string(name) + ".ID");
            }
        } else if constexpr (!may_be_secret<Type>()) {
            const json::value value = to_json(type, standard);
            const bool none = value.is_null() || (value.is_array() && value.as_array().empty()) ||
                              (value.is_string() && value.as_string().empty());
            if (needs == presence::optional && !none)
                preset = "`" + (value.is_string() ? std::string(value.as_string()) : json::serialize(value)) + "`";
        }
        out.append("| `").append(name).append("` | ").append(expected).append(" | ");
        out.append(preset).append(" | ").append(doc).append(" |\n");
    }

    template <class T>
    void below(const std::string& section_path) {
        if constexpr (!std::is_same_v<T, no_keys>) {
            later +=
                "\n### " + section_path + "\n\n| key | value | default | what it is |\n| --- | --- | --- | --- |\n";
            table_writer inner{later, section_path + ".", ""};
            T standard{};
            keys_of(standard, inner);
            later += inner.later;
        }
    }
    // As the readers of Markdown make it of a heading: lower case, without dots and brackets.
    static std::string anchor(const std::string& heading) {
        std::string link;
        for (const char c : heading) {
            if (c != '.' && c != '[' && c != ']') link += lower_case(c);
        }
        return link;
    }
};

// ---- effective values -----------------------------------------------------------------------------------------------

json::object secret_from(const source& source) {
    switch (source.origin) {
        case source::kind::env:
            return {{"secret", text_of("environment variable " + source.name)}};
        case source::kind::file:
            return {{"secret", text_of("file " + source.name)}};
        case source::kind::literal:
        case source::kind::plain:
            break;
    }
    return {{"secret", "in the file itself"}};
}

// Walks as key_reader did, which noted a line for each key that it looked for.
struct value_writer {
    const std::vector<std::uint32_t>& lines;
    std::size_t& next;
    json::object& out;
    bool all_default = false;  // of a section that the file does not have: nothing was noted for its keys

    template <class T, class Type>
    void operator()(std::string_view key, T& value, const Type& type, presence, std::string_view) {
        const json::string_view name(key.data(), key.size());
        const std::uint32_t line = all_default ? 0 : lines.at(next++);
        const json::value origin =
            line == 0 ? json::value("default") : json::value(text_of("line " + std::to_string(line)));
        if constexpr (is_section<Type>) {
            show_section(name, value, line);
        } else if constexpr (is_list_of_sections<Type>) {
            json::array all;
            for (auto& each : value)
                all.push_back(inside(each, false));
            out[name] = std::move(all);
        } else if constexpr (is_map<Type>) {
            out[name] = json::object{{"value", map(value)}, {"from", origin}};
        } else if constexpr (may_be_secret<Type>()) {
            if (line != 0) show_secret(name, value, origin);
        } else {
            json::value shown = to_json(type, value);
            if (shown.is_null() || (line == 0 && shown.is_string() && shown.as_string().empty())) return;
            out[name] = json::object{{"value", std::move(shown)}, {"from", origin}};
        }
    }

    template <class T>
    json::object inside(T& section, bool as_default) {
        json::object shown;
        value_writer writer{lines, next, shown, as_default};
        keys_of(section, writer);
        return shown;
    }
    template <class T>
    void show_section(json::string_view name, T& section, std::uint32_t line) {
        if constexpr (std::is_same_v<T, no_keys>) {
            if (line != 0) out[name] = json::object{};
        } else {
            out[name] = inside(section, line == 0);
        }
    }
    template <class T>
    void show_section(json::string_view name, std::optional<T>& section, std::uint32_t line) {
        if (line != 0) out[name] = inside(*section, false);
    }

    template <class T>
    void show_secret(json::string_view name, const T& value, const json::value& origin) {
        json::object shown{{"secret", "in the file itself"}};
        if constexpr (std::is_same_v<T, source>) shown = secret_from(value);
        if constexpr (std::is_same_v<T, std::optional<source>>) shown = secret_from(*value);
        shown["from"] = origin;
        out[name] = std::move(shown);
    }

    static json::value map(const std::vector<project>& projects) {
        json::object all;
        for (const project& each : projects)
            all[each.id] = text_of(each.region);
        return all;
    }
    static json::value map(const std::map<std::string, region, std::less<>>& regions) {
        const auto known = built_in_regions();
        json::object all;
        for (const auto& [id, each] : regions) {
            const auto preset = known.find(id);
            const bool as_known = preset != known.end() && preset->second.ecs == each.ecs &&
                                  preset->second.iam == each.iam && preset->second.cts == each.cts;
            json::object shown{{"ecs", to_json(endpoint_url{}, each.ecs)}, {"iam", to_json(endpoint_url{}, each.iam)}};
            if (each.cts) shown["cts"] = to_json(endpoint_url{}, *each.cts);
            shown["from"] = as_known ? "built-in table" : "the file";
            all[id] = std::move(shown);
        }
        return all;
    }
};

}  // namespace

template <class T>
json::object schema_of(const section<T>&) {
    return object_schema<T>();
}

json::object json_schema() {
    json::object all{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                     {"title", "gateway.yaml, the configuration of ecs-gateway"}};
    for (auto& [key, value] : object_schema<settings>())
        all[key] = std::move(value);
    return all;
}

std::string reference() {
    std::string text =
        "# Configuration reference\n\n"
        "Every key of `gateway.yaml`, generated from the schema that the gateway reads it by (`make reference`). "
        "[conf/gateway.yaml](../conf/gateway.yaml)\nis the same as one annotated file; "
        "[conf/gateway.schema.json](../conf/gateway.schema.json) makes an editor check and complete it:\n"
        "`# yaml-language-server: $schema=gateway.schema.json` as the first line. `ecs-gateway check` has the last "
        "word.\n\n"
        "Relative paths start at the folder of the file. Secrets are `{env: NAME}`, `{file: PATH}` or, for trials, "
        "`{literal: TEXT}`.\n\n"
        "### The whole\n\n| key | value | default | what it is |\n| --- | --- | --- | --- |\n";
    table_writer whole{text, "", ""};
    settings standard;
    keys_of(standard, whole);
    return text + whole.later;
}

json::object effective_values(const settings& all) {
    settings copy = all;  // the schema shows its targets as such that can be written to
    json::object shown;
    std::size_t next = 0;
    value_writer writer{copy.lines, next, shown};
    keys_of(copy, writer);
    return shown;
}

}  // namespace gateway::config

#include "gateway/config/describe.hpp"

#include <boost/json/serialize.hpp>

#include <type_traits>

#include "gateway/base/field.hpp"
#include "region_table.hpp"
#include "schema.hpp"
#include "spelling.hpp"

namespace gateway::config {

namespace {

// What a kind is to those who describe it. A kind that is not named here is one single value.
template <class Kind>
struct shape {
    using section = void;
};
template <class T>
struct shape<config::section<T>> {
    using section = T;
};

template <class Kind>
inline constexpr bool is_section = !std::is_void_v<typename shape<Kind>::section>;
template <class Kind>
inline constexpr bool is_list_of_sections = false;
template <class T>
inline constexpr bool is_list_of_sections<list_of<config::section<T>>> = true;
template <class Kind>
inline constexpr bool is_map = false;
template <class Key, class Value>
inline constexpr bool is_map<map_of<Key, Value>> = true;
// What may be a secret, or be taken for the place of one: reader.hpp, `echo`. A URL has lost its password in reading.
template <class Kind>
constexpr bool may_be_secret() {
    return std::is_same_v<Kind, access_key_id> || std::is_same_v<Kind, sha256_hex> ||
           std::is_same_v<Kind, secret_source>;
}

json::string text_of(std::string_view text) { return json::string(text.data(), text.size()); }

// ---- JSON Schema ----------------------------------------------------------------------------------------------------

struct schema_writer {
    json::object& properties;
    json::array& needed;

    template <class T, class Kind>
    void operator()(std::string_view name, T& standard, const Kind& kind, presence needs, std::string_view doc) {
        json::object about = schema_of(kind);
        const json::value* expected = about.if_contains("description");
        about["description"] =
            text_of(expected == nullptr ? std::string(doc)
                                        : std::string(doc) + ". Expected: " + std::string(expected->as_string()));
        if constexpr (!is_section<Kind> && !is_list_of_sections<Kind> && !is_map<Kind> && !may_be_secret<Kind>()) {
            if (needs == presence::optional) {
                const json::value value = spelled(kind, standard);
                const bool none = value.is_null() || (value.is_array() && value.as_array().empty()) ||
                                  (value.is_string() && value.as_string().empty());
                if (!none) about["default"] = value;
            }
        }
        if (needs == presence::required) needed.push_back(text_of(name));
        properties[json::string_view(name.data(), name.size())] = std::move(about);
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
    std::string& to;
    std::string path;   // "accounts[].", empty for the whole
    std::string later;  // the tables of what is below

    template <class T, class Kind>
    void operator()(std::string_view name, T& standard, const Kind& kind, presence needs, std::string_view doc) {
        std::string preset = needs == presence::required ? "**required**" : "";
        std::string expected = kind.expected();
        if constexpr (is_section<Kind>) {
            expected = "a map, see [below](#" + anchor(path + std::string(name)) + ")";
            if (std::is_same_v<typename shape<Kind>::section, no_keys>) expected = "`{}`";
            below<typename shape<Kind>::section>(path + std::string(name));
        } else if constexpr (is_list_of_sections<Kind>) {
            expected = "a list, see [below](#" + anchor(path + std::string(name) + "[]") + ")";
            below<typename T::value_type>(path + std::string(name) + "[]");
        } else if constexpr (is_map<Kind>) {
            if constexpr (is_section<decltype(kind.value)>) {
                expected += ", see [below](#" + anchor(path + std::string(name) + ".ID") + ")";
                below<typename shape<decltype(kind.value)>::section>(path + std::string(name) + ".ID");
            }
        } else if constexpr (!may_be_secret<Kind>()) {
            const json::value value = spelled(kind, standard);
            const bool none = value.is_null() || (value.is_array() && value.as_array().empty()) ||
                              (value.is_string() && value.as_string().empty());
            if (needs == presence::optional && !none)
                preset = "`" + (value.is_string() ? std::string(value.as_string()) : json::serialize(value)) + "`";
        }
        to.append("| `").append(name).append("` | ").append(expected).append(" | ");
        to.append(preset).append(" | ").append(doc).append(" |\n");
    }

    template <class T>
    void below(const std::string& where) {
        if constexpr (!std::is_same_v<T, no_keys>) {
            later += "\n### " + where + "\n\n| key | value | default | what it is |\n| --- | --- | --- | --- |\n";
            table_writer inner{later, where + ".", ""};
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

// ---- what is in force -----------------------------------------------------------------------------------------------

json::object secret_from(const source& of) {
    switch (of.from) {
        case source::kind::env:
            return {{"secret", text_of("environment variable " + of.name)}};
        case source::kind::file:
            return {{"secret", text_of("file " + of.name)}};
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
    json::object& to;
    bool all_default = false;  // of a section that the file does not have: nothing was noted for its keys

    template <class T, class Kind>
    void operator()(std::string_view key, T& value, const Kind& kind, presence, std::string_view) {
        const json::string_view name(key.data(), key.size());
        const std::uint32_t line = all_default ? 0 : lines.at(next++);
        const json::value from =
            line == 0 ? json::value("default") : json::value(text_of("line " + std::to_string(line)));
        if constexpr (is_section<Kind>) {
            show_section(name, value, line);
        } else if constexpr (is_list_of_sections<Kind>) {
            json::array all;
            for (auto& each : value)
                all.push_back(inside(each, false));
            to[name] = std::move(all);
        } else if constexpr (is_map<Kind>) {
            to[name] = json::object{{"value", map(value)}, {"from", from}};
        } else if constexpr (may_be_secret<Kind>()) {
            if (line != 0) show_secret(name, value, from);
        } else {
            json::value shown = spelled(kind, value);
            if (shown.is_null() || (line == 0 && shown.is_string() && shown.as_string().empty())) return;
            to[name] = json::object{{"value", std::move(shown)}, {"from", from}};
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
            if (line != 0) to[name] = json::object{};
        } else {
            to[name] = inside(section, line == 0);
        }
    }
    template <class T>
    void show_section(json::string_view name, std::optional<T>& section, std::uint32_t line) {
        if (line != 0) to[name] = inside(*section, false);
    }

    template <class T>
    void show_secret(json::string_view name, const T& value, const json::value& from) {
        json::object shown{{"secret", "in the file itself"}};
        if constexpr (std::is_same_v<T, source>) shown = secret_from(value);
        if constexpr (std::is_same_v<T, std::optional<source>>) shown = secret_from(*value);
        shown["from"] = from;
        to[name] = std::move(shown);
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
            const bool as_known =
                preset != known.end() && preset->second.ecs == each.ecs && preset->second.iam == each.iam;
            all[id] = json::object{{"ecs", spelled(endpoint_url{}, each.ecs)},
                                   {"iam", spelled(endpoint_url{}, each.iam)},
                                   {"from", as_known ? "built-in table" : "the file"}};
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

json::object in_force(const settings& all) {
    settings copy = all;  // the schema shows its targets as such that can be written to
    json::object shown;
    std::size_t next = 0;
    value_writer writer{copy.lines, next, shown};
    keys_of(copy, writer);
    return shown;
}

}  // namespace gateway::config

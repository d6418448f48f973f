#pragma once
// Walks the tree along the schema (schema.hpp): fills the structs, and collects every problem with its place.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/config/settings.hpp"
#include "tree.hpp"

namespace gateway::config {

enum class presence { required, optional };
using enum presence;

// The kinds of names that are unique in the file, and that other parts of it refer to.
enum class name_kind : std::size_t {
    listener,
    caller,
    credential,
    account,
    rule,
    project,
    access_key,
    api_key,
    certificate_san,
    unix_user,
    listener_proof,
    region,
};
inline constexpr std::size_t name_kind_count = 12;

class reader {
public:
    explicit reader(std::string folder) : folder_(std::move(folder)) {}

    std::vector<problem> problems;
    std::vector<std::uint32_t> lines;  // settings::lines

    // Reads a value of that type (value_types.hpp and below). False when it is not one at all; `output` is then
    // untouched.
    template <class T, class Type>
    bool read(const node& input, T& output, const Type& type) {
        if constexpr (requires { type.parse(std::string_view(), output); }) {
            if (input.type == node::kind::scalar && type.parse(input.text, output)) return true;
            wrong(input, type.expected(), Type::echo);
            return false;
        } else {
            return type.read(*this, input, output);
        }
    }
    template <class T, class Type>
    bool read(const node& input, std::optional<T>& output, const Type& type) {
        T value{};
        if (!read(input, value, type)) return false;
        output = std::move(value);
        return true;
    }

    // Calls read_one(key, value) for each key that is a text and occurs for the first time, with the path in it.
    // False when `input` is no map.
    template <class ReadOne>
    bool read_map(const node& input, std::string_view expected, ReadOne read_one) {
        if (input.type != node::kind::map) {
            wrong(input, expected, true);
            return false;
        }
        std::unordered_map<std::string_view, std::uint32_t> first_lines;
        for (std::size_t i = 0; i < input.keys.size(); ++i) {
            const node& key = input.keys[i];
            if (key.type != node::kind::scalar) {
                wrong(key, "a key that is plain text", false);
                continue;
            }
            inside(key.text, [&] {
                const auto [first, is_new] = first_lines.emplace(key.text, key.line);
                if (is_new) {
                    read_one(key, input.values[i]);
                } else {
                    add(key,
                        "duplicate key, first on line " + std::to_string(first->second) + "; expected each key once");
                }
            });
        }
        return true;
    }

    // Calls the action with the path one step further.
    template <class Do>
    void inside(std::string_view key, Do action) {
        const auto length = path_.size();
        append_key(path_, key);
        action();
        path_.resize(length);
    }
    template <class Do>
    void inside(std::size_t index, Do action) {
        const auto length = path_.size();
        path_ += '[' + std::to_string(index) + ']';
        action();
        path_.resize(length);
    }

    [[nodiscard]] location locate(const node& input) const { return {input.line, input.column, path_}; }
    [[nodiscard]] location locate(const node& input, std::string_view key) const;

    void add(const node& input, std::string message) { problems.push_back({locate(input), std::move(message)}); }
    void add(location location, std::string message) { problems.push_back({std::move(location), std::move(message)}); }
    void warn(const node& input, std::string message) { problems.push_back({locate(input), std::move(message), true}); }
    void warn(location location, std::string message) {
        problems.push_back({std::move(location), std::move(message), true});
    }
    // "expected …, not …": the text itself only with `echo`.
    void wrong(const node& input, std::string_view expected, bool echo);

    // Adds a problem when it is defined already.
    void register_name(name_kind kind, std::string name, location location);
    [[nodiscard]] bool is_defined(name_kind kind, const std::string& text) const;
    // "caller", and "alice, bob" (the first few of them), for a name that is not defined.
    [[nodiscard]] std::string unknown(name_kind kind, std::string_view text) const;

    // Relative paths start at the file's folder. Not normalised: a/../b is not b where a is a symbolic link.
    [[nodiscard]] std::string absolute(std::string_view path) const;

    // ".key", quoted and cut where it is not a plain word.
    static void append_key(std::string& path, std::string_view key);

private:
    struct defined {
        std::unordered_map<std::string, std::size_t> lines;
        std::vector<std::string> first_few;
    };
    std::string folder_;
    std::string path_;
    std::array<defined, name_kind_count> defined_;
};

// A name that others refer to.
template <class Type>
struct new_name {
    name_kind kind;
    Type type;
    [[nodiscard]] std::string expected() const { return type.expected(); }
    bool read(reader& reader, const node& input, std::string& output) const {
        if (!reader.read(input, output, type)) return false;
        reader.register_name(kind, output, reader.locate(input));
        return true;
    }
};

// A name that must be defined by the time it is read: the schema lists a name's definition before its uses.
struct known_name {
    name_kind kind;
    [[nodiscard]] std::string expected() const;
    bool read(reader& reader, const node& input, std::string& output) const;
};

// A file, as an absolute path. It need not exist.
struct file_path {
    [[nodiscard]] std::string expected() const { return "the path of a file"; }
    bool read(reader& reader, const node& input, std::string& output) const;
};

// `log.outcomes`
struct file_path_or_stdout {
    [[nodiscard]] std::string expected() const { return "stdout or the path of a file"; }
    bool read(reader& reader, const node& input, std::string& output) const;
};

// Where a secret is, or for access keys (`plain_too`) the text itself. Nothing of it is ever repeated in a problem.
struct secret_source {
    bool plain_too = false;
    [[nodiscard]] std::string expected() const;
    bool read(reader& reader, const node& input, source& output) const;
};

// A list keeps the file's numbering even where an item is wrong, so that callers[3] is the fourth item of both.
template <class Item>
struct list_of {
    Item item;
    std::string_view description;  // completes "expected a list of …"
    std::size_t min_size = 0;

    [[nodiscard]] std::string expected() const {
        return "a list of " + std::string(description) + (min_size > 0 ? ", at least one" : "");
    }
    template <class T>
    bool read(reader& reader, const node& input, std::vector<T>& output) const {
        if (input.type != node::kind::list || input.values.size() < min_size) {
            reader.wrong(input, expected(), true);
            return false;
        }
        output.clear();
        output.resize(input.values.size());
        std::unordered_map<std::string_view, std::size_t> seen;
        for (std::size_t i = 0; i < output.size(); ++i) {
            const node& one = input.values[i];
            reader.inside(i, [&] {
                reader.read(one, output[i], item);
                if (one.type != node::kind::scalar) return;
                const auto [first, is_new] = seen.emplace(one.text, i);
                if (!is_new) {
                    reader.add(one, "the same as item " + std::to_string(first->second) + "; expected each item once");
                }
            });
        }
        return true;
    }
};

// A map whose keys are ids: `regions`, `projects`. slot_for(into, key) says where the value of a key goes.
template <class Key, class Value>
struct map_of {
    Key key;
    Value value;
    std::string_view description;
    name_kind defines;
    bool over_a_table = false;  // a key may be defined already: what stands here changes it

    [[nodiscard]] std::string expected() const { return "a map of " + std::string(description); }
    template <class T>
    bool read(reader& reader, const node& input, T& output) const {
        return reader.read_map(input, expected(), [&](const node& name, const node& content) {
            std::string id;
            if (!reader.read(name, id, key)) return;
            if (!over_a_table || !reader.is_defined(defines, id))
                reader.register_name(defines, id, reader.locate(name));
            const auto noted = reader.lines.size();
            reader.read(content, slot_for(output, id), value);
            reader.lines.resize(noted);  // what stands in a map has the map's own line
        });
    }
};

// Reads the keys that keys_of() of a struct lists. Kept apart from the struct's own schema, since the same list also
// serves to describe it.
class key_reader {
public:
    key_reader(reader& reader, const node& input) : reader_(reader), input_(input) {}

    template <class T, class Type>
    void operator()(std::string_view name, T& output, const Type& type, presence needed, std::string_view /*doc*/) {
        known_.push_back(name);
        const node* value = input_.find(name);
        reader_.lines.push_back(value == nullptr ? 0 : value->line);
        if (value != nullptr) {
            reader_.inside(name, [&] { reader_.read(*value, output, type); });
        } else if (needed == required) {
            reader_.add(reader_.locate(input_, name), "missing; expected " + type.expected());
        }
    }

    // What the file has beyond the list.
    void refuse_others();

private:
    reader& reader_;
    const node& input_;
    std::vector<std::string_view> known_;
};

// A struct that has a schema: keys_of(struct, visitor), and maybe check(struct, node, reader) for what concerns more
// than one of its keys.
template <class T>
struct section {
    [[nodiscard]] std::string expected() const { return "a map of its keys"; }
    bool read(reader& reader, const node& input, T& output) const {
        if (input.type != node::kind::map) {
            T nothing{};
            std::string keys;
            const auto list = [&](std::string_view name, auto&, const auto&, presence, std::string_view) {
                keys += (keys.empty() ? "" : ", ") + std::string(name);
            };
            keys_of(nothing, list);
            reader.wrong(input, keys.empty() ? "{}" : "a map with keys of " + keys, false);
            return false;
        }
        if constexpr (requires { output.location; }) output.location = reader.locate(input);
        key_reader keys(reader, input);
        keys_of(output, keys);
        keys.refuse_others();
        if constexpr (requires { check(output, input, reader); }) check(output, input, reader);
        return true;
    }
};

}  // namespace gateway::config

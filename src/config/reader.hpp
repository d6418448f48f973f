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

// What may be named only once, and can be named from elsewhere in the file.
enum class names : std::size_t {
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
inline constexpr std::size_t names_count = 12;

class reader {
public:
    explicit reader(std::string folder) : folder_(std::move(folder)) {}

    std::vector<problem> problems;
    std::vector<std::uint32_t> lines;  // settings::lines

    // Reads a value of that kind (kinds.hpp and below). False when it is not one at all; `into` is then untouched.
    template <class T, class Kind>
    bool read(const node& from, T& into, const Kind& kind) {
        if constexpr (requires { kind.parse(std::string_view(), into); }) {
            if (from.is == node::kind::scalar && kind.parse(from.text, into)) return true;
            wrong(from, kind.expected(), Kind::echo);
            return false;
        } else {
            return kind.read(*this, from, into);
        }
    }
    template <class T, class Kind>
    bool read(const node& from, std::optional<T>& into, const Kind& kind) {
        T value{};
        if (!read(from, value, kind)) return false;
        into = std::move(value);
        return true;
    }

    // Calls read_one(key, value) for each key that is a text and stands there for the first time, with the path in it.
    // False when `from` is no map.
    template <class ReadOne>
    bool read_map(const node& from, std::string_view expected, ReadOne read_one) {
        if (from.is != node::kind::map) {
            wrong(from, expected, true);
            return false;
        }
        std::unordered_map<std::string_view, std::uint32_t> first_lines;
        for (std::size_t i = 0; i < from.keys.size(); ++i) {
            const node& key = from.keys[i];
            if (key.is != node::kind::scalar) {
                wrong(key, "a key that is plain text", false);
                continue;
            }
            inside(key.text, [&] {
                const auto [first, is_new] = first_lines.emplace(key.text, key.line);
                if (is_new) {
                    read_one(key, from.values[i]);
                } else {
                    add(key,
                        "duplicate key, first on line " + std::to_string(first->second) + "; expected each key once");
                }
            });
        }
        return true;
    }

    // Does something with the path one step further.
    template <class Do>
    void inside(std::string_view key, Do what) {
        const auto before = path_.size();
        append_key(path_, key);
        what();
        path_.resize(before);
    }
    template <class Do>
    void inside(std::size_t index, Do what) {
        const auto before = path_.size();
        path_ += '[' + std::to_string(index) + ']';
        what();
        path_.resize(before);
    }

    [[nodiscard]] place at(const node& what) const { return {what.line, what.column, path_}; }
    [[nodiscard]] place at(const node& what, std::string_view key) const;

    void add(const node& where, std::string what) { problems.push_back({at(where), std::move(what)}); }
    void add(place where, std::string what) { problems.push_back({std::move(where), std::move(what)}); }
    void warn(const node& where, std::string what) { problems.push_back({at(where), std::move(what), true}); }
    // "expected …, not …": the text itself only with `echo`.
    void wrong(const node& where, std::string_view expected, bool echo);

    // A problem when it is defined already.
    void define(names of, std::string text, place where);
    [[nodiscard]] bool is_defined(names of, const std::string& text) const;
    // "caller", and "alice, bob" (the first few of them), for who names one that is not there.
    [[nodiscard]] std::string unknown(names of, std::string_view text) const;

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
    std::array<defined, names_count> defined_;
};

// A name that others refer to.
template <class Kind>
struct new_name {
    names of;
    Kind kind;
    [[nodiscard]] std::string expected() const { return kind.expected(); }
    bool read(reader& in, const node& from, std::string& into) const {
        if (!in.read(from, into, kind)) return false;
        in.define(of, into, in.at(from));
        return true;
    }
};

// A name that must be defined by the time it is read: the schema lists what is named before who names it.
struct known_name {
    names of;
    [[nodiscard]] std::string expected() const;
    bool read(reader& in, const node& from, std::string& into) const;
};

// A file, as an absolute path. Whether it is there is not asked here.
struct file_path {
    [[nodiscard]] std::string expected() const { return "the path of a file"; }
    bool read(reader& in, const node& from, std::string& into) const;
};

// `log.outcomes`
struct file_path_or_stdout {
    [[nodiscard]] std::string expected() const { return "stdout or the path of a file"; }
    bool read(reader& in, const node& from, std::string& into) const;
};

// Where a secret is, or for access keys (`plain_too`) the text itself. Nothing of it is ever repeated in a problem.
struct secret_source {
    bool plain_too = false;
    [[nodiscard]] std::string expected() const;
    bool read(reader& in, const node& from, source& into) const;
};

// A list keeps the file's numbering even where an item is wrong, so that callers[3] is the fourth item of both.
template <class Item>
struct list_of {
    Item item;
    std::string_view what;  // completes "expected a list of …"
    std::size_t least = 0;

    [[nodiscard]] std::string expected() const {
        return "a list of " + std::string(what) + (least > 0 ? ", at least one" : "");
    }
    template <class T>
    bool read(reader& in, const node& from, std::vector<T>& into) const {
        if (from.is != node::kind::list || from.values.size() < least) {
            in.wrong(from, expected(), true);
            return false;
        }
        into.clear();
        into.resize(from.values.size());
        std::unordered_map<std::string_view, std::size_t> seen;
        for (std::size_t i = 0; i < into.size(); ++i) {
            const node& one = from.values[i];
            in.inside(i, [&] {
                in.read(one, into[i], item);
                if (one.is != node::kind::scalar) return;
                const auto [first, is_new] = seen.emplace(one.text, i);
                if (!is_new) {
                    in.add(one, "the same as item " + std::to_string(first->second) + "; expected each item once");
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
    std::string_view what;
    names defines;
    bool over_a_table = false;  // a key may be defined already: what stands here changes it

    [[nodiscard]] std::string expected() const { return "a map of " + std::string(what); }
    template <class T>
    bool read(reader& in, const node& from, T& into) const {
        return in.read_map(from, expected(), [&](const node& name, const node& content) {
            std::string id;
            if (!in.read(name, id, key)) return;
            if (!over_a_table || !in.is_defined(defines, id)) in.define(defines, id, in.at(name));
            const auto noted = in.lines.size();
            in.read(content, slot_for(into, id), value);
            in.lines.resize(noted);  // what stands in a map has the map's own line
        });
    }
};

// Reads the keys that keys_of() of a struct lists. Kept apart from the struct's own schema, since the same list also
// serves to describe it.
class key_reader {
public:
    key_reader(reader& in, const node& from) : in_(in), from_(from) {}

    template <class T, class Kind>
    void operator()(std::string_view name, T& into, const Kind& kind, presence needed, std::string_view /*doc*/) {
        known_.push_back(name);
        const node* value = from_.find(name);
        in_.lines.push_back(value == nullptr ? 0 : value->line);
        if (value != nullptr) {
            in_.inside(name, [&] { in_.read(*value, into, kind); });
        } else if (needed == required) {
            in_.add(in_.at(from_, name), "missing; expected " + kind.expected());
        }
    }

    // What the file has beyond the list.
    void refuse_others();

private:
    reader& in_;
    const node& from_;
    std::vector<std::string_view> known_;
};

// A struct that has a schema: keys_of(struct, visitor), and maybe check(struct, node, reader) for what concerns more
// than one of its keys.
template <class T>
struct section {
    [[nodiscard]] std::string expected() const { return "a map of its keys"; }
    bool read(reader& in, const node& from, T& into) const {
        if (from.is != node::kind::map) {
            T nothing{};
            std::string keys;
            const auto list = [&](std::string_view name, auto&, const auto&, presence, std::string_view) {
                keys += (keys.empty() ? "" : ", ") + std::string(name);
            };
            keys_of(nothing, list);
            in.wrong(from, keys.empty() ? "{}" : "a map with keys of " + keys, false);
            return false;
        }
        if constexpr (requires { into.at; }) into.at = in.at(from);
        key_reader keys(in, from);
        keys_of(into, keys);
        keys.refuse_others();
        if constexpr (requires { check(into, from, in); }) check(into, from, in);
        return true;
    }
};

}  // namespace gateway::config

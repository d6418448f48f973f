#include "reader.hpp"

#include <algorithm>
#include <filesystem>

#include "gateway/base/escape.hpp"
#include "kinds.hpp"

namespace gateway::config {

namespace {

constexpr std::size_t shown = 64;  // how many bytes of the file's text a problem repeats at most

std::string in_quotes(std::string_view text) {
    return json_string(text.substr(0, shown)) + (text.size() > shown ? "…" : "");
}

// Empty where it must not be told.
std::string found(const node& what, bool echo) {
    switch (what.is) {
        case node::kind::nothing:
            return "nothing";
        case node::kind::scalar:
            return echo ? in_quotes(what.text) : "";
        case node::kind::list:
            return what.values.empty() ? "an empty list" : "a list";
        case node::kind::map:
            return "a map";
        case node::kind::alias:
            return "an alias (*), which this format does not have";
        case node::kind::tagged:
            return "a value with a tag (!), which this format does not have";
    }
    return "this";
}

struct naming {
    std::string_view one;      // "caller"
    std::string_view already;  // completes "… on line 3 already"
};

constexpr std::array<naming, names_count> namings{{
    {"listener", "a listener with this address stands"},
    {"caller", "a caller of this name stands"},
    {"credential", "a credential of this name stands"},
    {"account", "an account of this name stands"},
    {"rule", "a rule of this name stands"},
    {"project", "this project stands"},
    {"access key", "a caller with this access key stands"},
    {"API key", "a caller with this API key stands"},
    {"certificate name", "a caller with this certificate name stands"},
    {"unix user", "a caller that is this unix user stands"},
    {"listener", "a caller that is anyone on this listener stands"},
    {"region", "this region stands"},
}};

std::size_t index_of(names of) { return static_cast<std::size_t>(of); }

}  // namespace

void reader::wrong(const node& where, std::string_view expected, bool echo) {
    const std::string instead = found(where, echo);
    add(where, "expected " + std::string(expected) + (instead.empty() ? "" : ", not " + instead));
}

place reader::at(const node& what, std::string_view key) const {
    const node* value = what.find(key);
    place where = at(value != nullptr ? *value : what);
    append_key(where.path, key);
    return where;
}

void reader::append_key(std::string& path, std::string_view key) {
    const bool is_word = is_token(key, shown) && key.find_first_of(".[]\"") == std::string_view::npos;
    if (!path.empty()) path += '.';
    path += is_word ? std::string(key) : in_quotes(key);
}

void reader::define(names of, std::string text, place where) {
    auto& known = defined_[index_of(of)];
    const auto [first, is_new] = known.lines.emplace(text, where.line);
    if (is_new) {
        if (known.first_few.size() < 10) known.first_few.push_back(std::move(text));
        return;
    }
    add(std::move(where), std::string(namings[index_of(of)].already) + " on line " + std::to_string(first->second) +
                              " already; expected each once");
}

bool reader::is_defined(names of, const std::string& text) const { return defined_[index_of(of)].lines.contains(text); }

std::string reader::unknown(names of, std::string_view text) const {
    const auto& known = defined_[index_of(of)];
    std::string what = "there is no " + std::string(namings[index_of(of)].one) + " " + in_quotes(text) + "; expected ";
    if (of == names::region) return what + "one of the built-in table or of the file's regions";
    if (known.first_few.empty()) return what + "one that the file defines, and it defines none";
    what += "one of ";
    for (std::size_t i = 0; i < known.first_few.size(); ++i) {
        what += (i == 0 ? "" : ", ") + known.first_few[i];
    }
    return known.lines.size() > known.first_few.size() ? what + ", …" : what;
}

std::string reader::absolute(std::string_view path) const { return (std::filesystem::path(folder_) / path).string(); }

std::string known_name::expected() const { return "the name of one " + std::string(namings[index_of(of)].one); }

bool known_name::read(reader& in, const node& from, std::string& into) const {
    if (from.is != node::kind::scalar) {
        in.wrong(from, expected(), true);
        return false;
    }
    if (!in.is_defined(of, from.text)) {
        in.add(from, in.unknown(of, from.text));
        return false;
    }
    into = from.text;
    return true;
}

bool file_path::read(reader& in, const node& from, std::string& into) const {
    const bool is_path = from.is == node::kind::scalar && !from.text.empty() && from.text.size() < 4096 &&
                         from.text.find('\0') == std::string::npos;
    if (!is_path) {
        in.wrong(from, expected(), false);
        return false;
    }
    into = in.absolute(from.text);
    return true;
}

bool file_path_or_stdout::read(reader& in, const node& from, std::string& into) const {
    if (from.is != node::kind::scalar || from.text != "stdout") return file_path{}.read(in, from, into);
    into = from.text;
    return true;
}

std::string secret_source::expected() const {
    return std::string(plain_too ? "an access key, " : "") +
           "{env: NAME}, {file: PATH} or, for trials, {literal: TEXT}";
}

bool secret_source::read(reader& in, const node& from, source& into) const {
    source result;
    result.at = in.at(from);
    if (plain_too && from.is == node::kind::scalar) {
        if (!in.read(from, result.name, access_key_id{})) return false;
        into = std::move(result);
        return true;
    }
    // Not with key_reader: it would name the unknown key, and {MySecret} is a map whose key is the secret.
    if (from.is != node::kind::map || from.keys.size() != 1 || from.keys[0].is != node::kind::scalar) {
        in.wrong(from, expected(), false);
        return false;
    }
    const std::string& key = from.keys[0].text;
    const node& value = from.values[0];
    bool fine = false;
    if (key == "env") {
        result.from = source::kind::env;
        in.inside(key, [&] { fine = in.read(value, result.name, variable_name{}); });
    } else if (key == "file") {
        result.from = source::kind::file;
        in.inside(key, [&] { fine = in.read(value, result.name, file_path{}); });
    } else if (key == "literal") {
        result.from = source::kind::literal;
        in.inside(key, [&] {
            fine = value.is == node::kind::scalar && !value.text.empty();
            if (!fine) return in.wrong(value, "a text that is not empty", false);
            in.warn(value, "a secret stands in the file, for trials only; expected {env: NAME} or {file: PATH}");
        });
        result.text = std::make_shared<const secret_text>(value.text);
    } else {
        in.wrong(from, expected(), false);
    }
    if (fine) into = std::move(result);
    return fine;
}

void key_reader::refuse_others() {
    std::string all;
    for (const auto name : known_) {
        all += (all.empty() ? "" : ", ") + std::string(name);
    }
    in_.read_map(from_, "a map", [&](const node& key, const node&) {
        if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) return;
        in_.add(key, all.empty() ? "unknown key; expected {}" : "unknown key; expected one of " + all);
    });
}

}  // namespace gateway::config

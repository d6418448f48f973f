#include "reader.hpp"

#include <algorithm>
#include <filesystem>

#include "gateway/base/escape.hpp"
#include "value_types.hpp"

namespace gateway::config {

namespace {

constexpr std::size_t shown = 64;  // how many bytes of the file's text a problem repeats at most

std::string in_quotes(std::string_view text) {
    return json_string(text.substr(0, shown)) + (text.size() > shown ? "…" : "");
}

// Empty where it must not be shown.
std::string found(const node& input, bool echo) {
    switch (input.type) {
        case node::kind::nothing:
            return "nothing";
        case node::kind::scalar:
            return echo ? in_quotes(input.text) : "";
        case node::kind::list:
            return input.values.empty() ? "an empty list" : "a list";
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

constexpr std::array<naming, name_kind_count> namings{{
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

std::size_t index_of(name_kind kind) { return static_cast<std::size_t>(kind); }

}  // namespace

void reader::wrong(const node& input, std::string_view expected, bool echo) {
    const std::string found_text = found(input, echo);
    add(input, "expected " + std::string(expected) + (found_text.empty() ? "" : ", not " + found_text));
}

location reader::locate(const node& input, std::string_view key) const {
    const node* value = input.find(key);
    location found = locate(value != nullptr ? *value : input);
    append_key(found.path, key);
    return found;
}

void reader::append_key(std::string& path, std::string_view key) {
    const bool is_word = is_token(key, shown) && key.find_first_of(".[]\"") == std::string_view::npos;
    if (!path.empty()) path += '.';
    path += is_word ? std::string(key) : in_quotes(key);
}

void reader::register_name(name_kind kind, std::string name, location location) {
    auto& known = defined_[index_of(kind)];
    const auto [first, is_new] = known.lines.emplace(name, location.line);
    if (is_new) {
        if (known.first_few.size() < 10) known.first_few.push_back(std::move(name));
        return;
    }
    add(std::move(location), std::string(namings[index_of(kind)].already) + " on line " +
                                 std::to_string(first->second) + " already; expected each once");
}

bool reader::is_defined(name_kind kind, const std::string& text) const {
    return defined_[index_of(kind)].lines.contains(text);
}

std::string reader::unknown(name_kind kind, std::string_view text) const {
    const auto& known = defined_[index_of(kind)];
    std::string message =
        "there is no " + std::string(namings[index_of(kind)].one) + " " + in_quotes(text) + "; expected ";
    if (kind == name_kind::region) return message + "one of the built-in table or of the file's regions";
    if (known.first_few.empty()) return message + "one that the file defines, and it defines none";
    message += "one of ";
    for (std::size_t i = 0; i < known.first_few.size(); ++i) {
        message += (i == 0 ? "" : ", ") + known.first_few[i];
    }
    return known.lines.size() > known.first_few.size() ? message + ", …" : message;
}

std::string reader::absolute(std::string_view path) const { return (std::filesystem::path(folder_) / path).string(); }

std::string known_name::expected() const { return "the name of one " + std::string(namings[index_of(kind)].one); }

bool known_name::read(reader& reader, const node& input, std::string& output) const {
    if (input.type != node::kind::scalar) {
        reader.wrong(input, expected(), true);
        return false;
    }
    if (!reader.is_defined(kind, input.text)) {
        reader.add(input, reader.unknown(kind, input.text));
        return false;
    }
    output = input.text;
    return true;
}

bool file_path::read(reader& reader, const node& input, std::string& output) const {
    const bool is_path = input.type == node::kind::scalar && !input.text.empty() && input.text.size() < 4096 &&
                         input.text.find('\0') == std::string::npos;
    if (!is_path) {
        reader.wrong(input, expected(), false);
        return false;
    }
    output = reader.absolute(input.text);
    return true;
}

bool file_path_or_stdout::read(reader& reader, const node& input, std::string& output) const {
    if (input.type != node::kind::scalar || input.text != "stdout") return file_path{}.read(reader, input, output);
    output = input.text;
    return true;
}

std::string secret_source::expected() const {
    return std::string(plain_too ? "an access key, " : "") +
           "{env: NAME}, {file: PATH} or, for trials, {literal: TEXT}";
}

bool secret_source::read(reader& reader, const node& input, source& output) const {
    source result;
    result.location = reader.locate(input);
    if (plain_too && input.type == node::kind::scalar) {
        if (!reader.read(input, result.name, access_key_id{})) return false;
        output = std::move(result);
        return true;
    }
    // Not with key_reader: it would name the unknown key, and {MySecret} is a map whose key is the secret.
    if (input.type != node::kind::map || input.keys.size() != 1 || input.keys[0].type != node::kind::scalar) {
        reader.wrong(input, expected(), false);
        return false;
    }
    const std::string& key = input.keys[0].text;
    const node& value = input.values[0];
    bool fine = false;
    if (key == "env") {
        result.origin = source::kind::env;
        reader.inside(key, [&] { fine = reader.read(value, result.name, variable_name{}); });
    } else if (key == "file") {
        result.origin = source::kind::file;
        reader.inside(key, [&] { fine = reader.read(value, result.name, file_path{}); });
    } else if (key == "literal") {
        result.origin = source::kind::literal;
        reader.inside(key, [&] {
            fine = value.type == node::kind::scalar && !value.text.empty();
            if (!fine) return reader.wrong(value, "a text that is not empty", false);
            reader.warn(value, "a secret stands in the file, for trials only; expected {env: NAME} or {file: PATH}");
        });
        result.text = std::make_shared<const secret_text>(value.text);
    } else {
        reader.wrong(input, expected(), false);
    }
    if (fine) output = std::move(result);
    return fine;
}

void key_reader::refuse_others() {
    std::string all;
    for (const auto name : known_) {
        all += (all.empty() ? "" : ", ") + std::string(name);
    }
    reader_.read_map(input_, "a map", [&](const node& key, const node&) {
        if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) return;
        reader_.add(key, all.empty() ? "unknown key; expected {}" : "unknown key; expected one of " + all);
    });
}

}  // namespace gateway::config

#include "tree.hpp"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace gateway::config {

namespace {

// Lists and maps that are not closed yet stand on a stack; a closed one goes to the one beneath.
class builder final : public YAML::EventHandler {
public:
    node root;

    void OnDocumentStart(const YAML::Mark& mark) override { root = make(mark, "", node::kind::nothing); }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(make(mark, "", node::kind::nothing)); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { add(make(mark, "", node::kind::alias)); }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
        node scalar = make(mark, tag, node::kind::scalar);
        scalar.text = value;
        add(std::move(scalar));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        open_.push_back({make(mark, tag, node::kind::list), false});
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        open_.push_back({make(mark, tag, node::kind::map), true});
    }
    void OnMapEnd() override { close(); }

private:
    struct unfinished {
        node value;
        bool is_map;
    };
    std::vector<unfinished> open_;

    // The parser's own marks: "?" for plain values, "!" for quoted ones.
    static bool has_tag(const std::string& tag) { return !tag.empty() && tag != "?" && tag != "!"; }

    static node make(const YAML::Mark& mark, const std::string& tag, node::kind kind) {
        node made;
        made.type = has_tag(tag) ? node::kind::tagged : kind;
        made.line = static_cast<std::uint32_t>(mark.line + 1);
        made.column = static_cast<std::uint32_t>(mark.column + 1);
        return made;
    }

    void add(node&& added) {
        if (open_.empty()) {
            root = std::move(added);
            return;
        }
        auto& [parent, is_map] = open_.back();
        if (is_map && parent.keys.size() == parent.values.size()) {
            parent.keys.push_back(std::move(added));
            return;
        }
        if (is_map && added.type == node::kind::nothing) {  // the parser gives it the place of whatever comes next
            added.line = parent.keys.back().line;
            added.column = parent.keys.back().column;
        }
        parent.values.push_back(std::move(added));
    }

    void close() {
        node done = std::move(open_.back().value);
        open_.pop_back();
        add(std::move(done));
    }
};

problem at_line(std::uint32_t line, std::uint32_t column, std::string message) {
    return {.location = {.line = line, .column = column, .path = {}}, .message = std::move(message)};
}

// Some of the parser's messages say little of what is wrong.
std::string meaning(const std::string& message) {
    for (const char* alias_error :
         {YAML::ErrorMsg::ALIAS_NOT_FOUND, YAML::ErrorMsg::CHAR_IN_ALIAS, YAML::ErrorMsg::UNKNOWN_ANCHOR}) {
        if (message == alias_error) return "a text that begins with * has to be quoted, as in \"*\"";
    }
    if (message == YAML::ErrorMsg::DOC_IN_SCALAR) return "a quoted text is not closed";
    if (message == YAML::ErrorMsg::BAD_FILE) return "nested too deep";
    return message;
}

}  // namespace

const node* node::find(std::string_view key) const {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i].type == kind::scalar && keys[i].text == key) return &values[i];
    }
    return nullptr;
}

node read_tree(std::string_view yaml, std::vector<problem>& problems) {
    // yaml-cpp takes a quote that is never closed as closed by the end of the file, but not by the end of a document.
    std::istringstream stream{std::string(yaml) + "\n...\n"};
    builder first;
    try {
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(first) || first.root.type == node::kind::nothing) {
            problems.push_back(
                at_line(1, 1, "the file is empty; expected a configuration that begins with version: 1"));
            return {};
        }
        builder second;
        if (parser.HandleNextDocument(second)) {
            problems.push_back(at_line(second.root.line, second.root.column,
                                       "a second document begins here; expected one in the file"));
            return {};
        }
    } catch (const YAML::Exception& e) {  // its text never quotes more than one character of the file
        const auto last_line =
            static_cast<int>(std::count(yaml.begin(), yaml.end(), '\n')) + (yaml.ends_with('\n') ? 0 : 1);
        const bool in_file = !e.mark.is_null() && e.mark.line < last_line;  // else at its end, beyond what was added
        problems.push_back(at_line(static_cast<std::uint32_t>(in_file ? e.mark.line + 1 : last_line),
                                   static_cast<std::uint32_t>(in_file ? e.mark.column + 1 : 1),
                                   "this is not YAML: " + meaning(e.msg)));
        return {};
    }
    return std::move(first.root);
}

}  // namespace gateway::config

#include "auth_body.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

namespace simulator {

namespace {

namespace json = boost::json;

const json::object* object_in(const json::object* of, const char* name) {
    const auto* const found = of == nullptr ? nullptr : of->if_contains(name);
    return found == nullptr ? nullptr : found->if_object();
}

// Empty when there is none.
std::string text_in(const json::object* of, const char* name) {
    const auto* const found = of == nullptr ? nullptr : of->if_contains(name);
    const auto* const text = found == nullptr ? nullptr : found->if_string();
    return text == nullptr ? "" : std::string(*text);
}

auth_body::named named_in(const json::object* of, const char* name) {
    const auto* const found = object_in(of, name);
    return {text_in(found, "id"), text_in(found, "name")};
}

bool is_session_name(const std::string& name) {
    return !name.empty() && name.size() <= 32 && std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == ' ' || c == '-' || c == '_' || c == '.';
           });
}

// What is wrong with what a temporary pair can be asked for; empty: nothing.
std::string read_wishes(const json::object* from, auth_body& into) {
    if (from == nullptr) return "";
    if (const auto* const duration = from->if_contains("duration_seconds")) {
        if (!duration->is_int64() || duration->get_int64() < 900 || duration->get_int64() > 86400)
            return "duration_seconds is between 900 and 86400";
        into.duration = std::chrono::seconds(duration->get_int64());
    }
    if (from->contains("session_user") && !is_session_name(text_in(object_in(from, "session_user"), "name")))
        return "the name of session_user is invalid";
    return "";
}

std::string read_password(const json::object& identity, auth_body& into) {
    const auto* const user = object_in(object_in(&identity, "password"), "user");
    into.user = text_in(user, "name");
    into.password = text_in(user, "password");
    into.user_domain = text_in(object_in(user, "domain"), "name");
    if (into.user.empty() || into.password.empty() || into.user_domain.empty())
        return "password.user needs name, password and domain.name";
    return "";
}

std::string read_assume_role(const json::object& identity, auth_body& into) {
    const auto* const role = object_in(&identity, "assume_role");
    into.by = auth_body::method::assume_role;
    into.agency = text_in(role, "agency_name");
    into.agency_domain = {text_in(role, "domain_id"), text_in(role, "domain_name")};
    if (into.agency.empty() || !into.agency_domain.given())
        return "assume_role needs agency_name and domain_id or domain_name";
    return read_wishes(role, into);
}

}  // namespace

std::variant<auth_body, std::string> read_auth_body(const std::string& body) {
    boost::system::error_code ec;
    const json::value root = json::parse(body, ec);
    if (ec || !root.is_object()) return "The request body is not a JSON object.";
    const auto* const auth = object_in(&root.get_object(), "auth");
    const auto* const identity = object_in(auth, "identity");
    const auto* const methods = identity == nullptr ? nullptr : identity->if_contains("methods");
    if (methods == nullptr || !methods->is_array() || methods->get_array().size() != 1 ||
        !methods->get_array()[0].is_string())
        return "auth.identity.methods is a list of one method";

    auth_body read;
    std::string wrong = "this method is not supported";
    const auto& method = methods->get_array()[0].get_string();
    if (method == "password") wrong = read_password(*identity, read);
    if (method == "assume_role") wrong = read_assume_role(*identity, read);
    if (method == "token") {
        read.by = auth_body::method::token;
        wrong = read_wishes(object_in(identity, "token"), read);
    }
    if (!wrong.empty()) return wrong;

    const auto* const scope = object_in(auth, "scope");
    read.project = named_in(scope, "project");
    read.domain = named_in(scope, "domain");
    if (scope != nullptr && !read.project.given() && !read.domain.given())
        return "auth.scope names a project or a domain";
    return read;
}

}  // namespace simulator

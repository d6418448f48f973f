#pragma once
// The members of the JSON object that a control call brings. A slip in a name or a type would make a test pass for the
// wrong reason, so each is remembered until `wrong` is asked.

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace simulator {

class members {
public:
    explicit members(const std::string& body);
    explicit members(const boost::json::value& body);

    // Each is absent when there is no such member.
    [[nodiscard]] std::optional<std::string> text(const char* name);
    [[nodiscard]] std::optional<std::int64_t> number(const char* name, std::int64_t least, std::int64_t greatest);
    [[nodiscard]] std::optional<double> fraction(const char* name, double least, double greatest);
    [[nodiscard]] std::optional<bool> flag(const char* name);
    [[nodiscard]] std::optional<std::vector<std::string>> texts(const char* name);
    [[nodiscard]] std::optional<boost::json::array> objects(const char* name);
    // A text as it is, an object as JSON.
    [[nodiscard]] std::optional<std::string> text_or_object(const char* name);

    // What is wrong, empty when nothing is: no object, a member of another type or out of its bounds, one that nobody
    // has asked for.
    [[nodiscard]] std::string wrong() const;

private:
    [[nodiscard]] const boost::json::value* find(const char* name);
    void complain(const std::string& why);

    boost::json::object given_;
    std::set<std::string> asked_;
    std::string wrong_;
};

}  // namespace simulator

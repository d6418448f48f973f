// Prints the configuration's format: `describe schema` as a JSON Schema, `describe reference` as Markdown. `make
// reference` keeps what it prints.

#include <boost/json/serialize.hpp>

#include <iostream>
#include <string_view>

#include "gateway/config/describe.hpp"

int main(int count, char** arguments) {
    const std::string_view what = count == 2 ? arguments[1] : "";
    if (what == "schema") {
        std::cout << boost::json::serialize(gateway::config::json_schema()) << '\n';
        return 0;
    }
    if (what == "reference") {
        std::cout << gateway::config::reference();
        return 0;
    }
    std::cerr << "usage: describe schema|reference\n";
    return 2;
}

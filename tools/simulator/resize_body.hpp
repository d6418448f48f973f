#pragma once
// The body of a resize. Source: ECS API reference, "Modifying the Specifications of an ECS (v1.1)", request parameters.

#include <string>
#include <variant>

namespace simulator {

struct wish {
    std::string flavor;
    bool stop = false;  // mode=withStopServer: a running server may be stopped for it
    bool pay = false;   // isAutoPay: the order of a prepaid server is paid at once
    bool dry = false;   // only look whether it would work
};

// What the body asks for, or what is wrong with it. Fields that the reference doesn't name are let pass.
[[nodiscard]] std::variant<wish, std::string> read_resize_body(const std::string& body);

}  // namespace simulator

#pragma once
// A certificate authority for an afternoon: so that the demo and the tests need no files made beforehand.

#include <string>

namespace simulator {

struct certificate {
    std::string pem, key_pem;  // of the server, for 127.0.0.1, ::1 and localhost
    std::string ca_pem;
};

// Good for two days. Throws std::runtime_error.
[[nodiscard]] certificate make_certificate();

}  // namespace simulator

#include "random_text.hpp"

#include <openssl/rand.h>

#include <stdexcept>

namespace simulator {

std::string random_text(std::size_t length, std::string_view of) {
    std::string text(length, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(text.data()), static_cast<int>(length)) != 1)
        throw std::runtime_error("no random bytes");
    for (char& c : text)
        c = of[static_cast<unsigned char>(c) % of.size()];
    return text;
}

}  // namespace simulator

#include "gateway/upstream/failure.hpp"

#include <stdexcept>
#include <string>

namespace gateway::upstream {

std::string failure::text() const {
    static constexpr std::string_view steps[] = {"name look-up", "connect", "TLS handshake", "write", "read", "answer"};
    std::string sentence(steps[static_cast<std::size_t>(step)]);
    sentence += ": ";
    if (timed_out)
        sentence += "timed out";
    else if (!detail.empty())
        sentence += detail;
    else
        sentence += cause.message();
    return sentence;
}

void throw_exception_from_error(const failure& error, const boost::source_location&) {
    throw std::logic_error(error.text());
}

}  // namespace gateway::upstream

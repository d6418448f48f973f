#include "gateway/credentials/memory.hpp"

#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <system_error>

namespace gateway::credentials {

namespace {

// A thousand agencies with their tokens need about 5 MiB. What does not fit is on the ordinary heap, wiped as well.
constexpr std::size_t max_size = 16U << 20U;
constexpr std::size_t min_size = 1U << 20U;
constexpr std::size_t smallest_piece = 64;

}  // namespace

std::string protect_memory() {
    std::string missing;
    const auto lacks = [&](const std::string& protection) { missing += (missing.empty() ? "" : "; ") + protection; };

    rlimit lockable{};
    ::getrlimit(RLIMIT_MEMLOCK, &lockable);
    const std::size_t fits = std::bit_floor(static_cast<std::size_t>(std::min<rlim_t>(lockable.rlim_cur, max_size)));
    // Locked when touched (mlock2, MLOCK_ONFAULT): an empty heap costs no memory.
    const int made = CRYPTO_secure_malloc_init(fits >= min_size ? fits : max_size, smallest_piece);
    if (made == 0)
        lacks("there is no memory for a heap of their own");
    else if (made != 1)
        lacks("they can't be locked into memory: raise the limit of locked memory (ulimit -l, LimitMEMLOCK) to 16 MiB");

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // the leak check traces the process
    if (::prctl(PR_SET_DUMPABLE, 0) != 0)
        lacks("core dumps can't be switched off: " + std::generic_category().message(errno));
#endif
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_CORE, &none) != 0)
        lacks("core dumps can't be limited: " + std::generic_category().message(errno));
    return missing;
}

}  // namespace gateway::credentials

#pragma once
// Keeps secrets out of swap, core dumps and debuggers.

#include <string>

namespace gateway::credentials {

// Once, at start, before any secret is read: secrets get a heap of their own, locked into memory (mlock, as far as
// RLIMIT_MEMLOCK allows) and left out of core dumps (MADV_DONTDUMP); the process can't be dumped or traced by others of
// its user (PR_SET_DUMPABLE). Returns a text for the log on what is not available; empty when all is.
[[nodiscard]] std::string protect_memory();

}  // namespace gateway::credentials

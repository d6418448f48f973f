#pragma once
// Keeps secrets out of swap, core dumps and debuggers.

#include <string>

namespace gateway::credentials {

// Once, at start, before any secret is read: secrets get a heap of their own, locked into memory (mlock, as far as
// RLIMIT_MEMLOCK allows) and left out of core dumps (MADV_DONTDUMP); the process can't be dumped or traced by others of
// its user (PR_SET_DUMPABLE). What could not be had, in words for the log; empty when all could.
[[nodiscard]] std::string protect_memory();

}  // namespace gateway::credentials

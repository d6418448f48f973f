#include "gateway/runtime/missing_volume.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace gateway::runtime {

std::string find_missing_volume(const config::settings& settings) {
    const bool in_pod = std::getenv("KUBERNETES_SERVICE_HOST") != nullptr;  // NOLINT(concurrency-mt-unsafe)
    if (!in_pod || settings.ledger.file.empty()) return {};
    const std::string folder = std::filesystem::path(settings.ledger.file).parent_path();
    struct stat place {};
    struct stat root {};
    if (::stat(folder.c_str(), &place) != 0 || ::stat("/", &root) != 0 || place.st_dev != root.st_dev) return {};
    return "file " + settings.ledger.file +
           " is on no volume: it ends with its pod, and what it knows of changes with it. Mount one there, or say "
           "`ledger: {memory: true}`";
}

}  // namespace gateway::runtime

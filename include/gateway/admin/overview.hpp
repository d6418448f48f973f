#pragma once
// The data of the status page (/status.json), made from plain values.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/admin/metrics.hpp"
#include "gateway/admin/pages.hpp"

namespace gateway::admin {

struct overview {
    std::chrono::system_clock::time_point now, started;
    struct {
        std::uint64_t generation = 1;  // 1 at start; a reload that succeeds adds one
        std::chrono::system_clock::time_point loaded;
        std::string sha256, file;
    } configuration;
    std::vector<reason> not_ready, degraded;
    figures counted;
    struct credential {
        std::string name, kind;
        std::optional<std::chrono::seconds> expires_in;
    };
    std::vector<credential> credentials;
    struct rule {
        std::string name, effect;
        bool shadow = false;
        std::uint64_t hits = 0;
    };
    std::vector<rule> rules;
    std::string outcomes;  // JSON members: outcome lines with commas between them, oldest first
    struct {
        std::string name;  // "file /var/lib/ecs-gateway/ledger.db", "memory"
        // JSON members likewise: changes that have not ended, oldest first; the last that ended; freezes that stand.
        std::string open, ended, freezes;
    } ledger;
};

// One JSON object; the shape is in docs/status-page.md.
[[nodiscard]] std::string json_of(const overview& shown);

}  // namespace gateway::admin

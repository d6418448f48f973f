#pragma once
// Warnings about secrets that can be read: other users can read them too, or more than the secret was copied.

#include <functional>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/credentials/read.hpp"
#include "gateway/credentials/store.hpp"

namespace gateway::cli {

// Each place that a secret is read from, access keys included.
void for_each_secret(const config::settings& settings,
                     const std::function<void(const config::source&, credentials::secret_kind)>& visit);

// Adds warnings only. `store` has the path of the SDK's profile file, where that is used; nullptr when there is none
// yet.
void advise_on_secrets(const config::settings& settings, const credentials::store* store,
                       std::vector<config::problem>& problems);

}  // namespace gateway::cli

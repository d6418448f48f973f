#include <utility>

#include "gateway/credentials/read.hpp"
#include "tables.hpp"

namespace gateway::callers {

directory::directory() = default;
directory::directory(directory&&) noexcept = default;
directory& directory::operator=(directory&&) noexcept = default;
directory::~directory() = default;

directory directory::load(const config::settings& from, std::shared_ptr<replay_memory> memory,
                          std::vector<config::problem>& problems) {
    if (!memory) memory = make_replay_memory();
    auto made = std::make_unique<tables>();
    made->window = from.signature_window;
    made->replay_protection = from.replay_protection;
    for (std::size_t i = 0; i < from.callers.size(); ++i) {
        const config::caller& one = from.callers[i];
        const id who{static_cast<std::uint32_t>(i)};
        made->names.push_back(one.name);
        made->by_name.emplace(one.name, who);
        if (one.access_key && one.secret_key) {
            const auto secret = credentials::read(*one.secret_key, problems);
            if (secret)
                made->by_access_key.try_emplace(*one.access_key, who, *one.access_key, secret->reveal(),
                                                memory->of(*one.access_key));
        }
        if (one.api_key_sha256) made->by_api_key.emplace(*one.api_key_sha256, who);
        if (one.listener) made->by_listener.emplace(*one.listener, who);
    }
    directory whole;
    whole.tables_ = std::move(made);
    whole.memory_ = std::move(memory);
    return whole;
}

std::optional<id> directory::find(std::string_view name) const {
    const auto at = tables_->by_name.find(name);
    if (at == tables_->by_name.end()) return std::nullopt;
    return at->second;
}

std::string_view directory::name_of(id who) const { return tables_->names.at(static_cast<std::size_t>(who)); }

std::vector<config::problem> unsupported(const config::settings& in) {
    std::vector<config::problem> found;
    const auto add = [&](const config::caller& who, std::string_view proof) {
        found.push_back({who.at, "caller " + who.name + ": " + std::string(proof) + " is not supported by `run` yet"});
    };
    for (const config::caller& one : in.callers) {
        if (one.certificate_san) add(one, "certificate_san");
        if (one.unix_user) add(one, "unix_user");
    }
    return found;
}

}  // namespace gateway::callers

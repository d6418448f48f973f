#include "gateway/credentials/credential_cache.hpp"

#include <boost/smart_ptr/make_local_shared.hpp>

#include <stdexcept>
#include <utility>

namespace gateway::credentials {

void throw_exception_from_error(const unavailable& e, const boost::source_location&) {
    throw std::logic_error("credential " + std::string(e.name) + " was used though it is unavailable: " + e.reason);
}

std::string_view credential_handle::access_key() const noexcept {
    return key() != nullptr ? std::string_view(key()->access_key()) : std::string_view();
}

credential_cache::credential_cache(const store& current, const credential_cache* previous)
    : store_(current), entries_(current.all().size()) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const definition& one = current.all()[i];
        index_by_serial_.emplace(one.serial, i);
        if (one.first) entries_[i].secret = boost::make_local_shared<const held_secret>(held_secret{one.first});
        if (previous == nullptr) continue;
        const auto known = previous->index_by_serial_.find(one.serial);
        if (known == previous->index_by_serial_.end()) continue;
        const entry& old = previous->entries_[known->second];
        // A pair that was read again and is the same keeps its breaker.
        const bool changed = one.first && old.secret && one.first->fingerprints != old.secret->value->fingerprints;
        if (old.secret && !changed) entries_[i] = old;
        if (const auto scoped = previous->projects_.find(known->second); scoped != previous->projects_.end())
            projects_[i] = scoped->second;
    }
}

credential_cache::entry* credential_cache::find(std::size_t index, std::string_view project) {
    if (store_.all()[index].type != definition::source_type::token || project.empty()) return &entries_[index];
    auto& scoped = projects_[index];
    if (const auto found = scoped.find(project); found != scoped.end()) return &found->second;
    return &scoped.emplace(std::string(project), entry()).first->second;
}

boost::system::result<credential_handle, unavailable> credential_cache::acquire(credential_id credential,
                                                                                std::string_view project,
                                                                                std::string_view caller, time now) {
    const auto index = static_cast<std::size_t>(credential);
    const definition& one = store_.all()[index];
    entry& e = *find(index, project);
    const auto refuse = [&](std::string reason, bool is_pending, bool should_request) {
        unavailable no{.name = one.name,
                       .reason = std::move(reason),
                       .is_pending = is_pending,
                       .should_request = should_request,
                       .key = {}};
        if (e.retry > now) no.retry_after = std::chrono::ceil<std::chrono::seconds>(e.retry - now);
        if (should_request)
            no.key = {one.serial, one.type == definition::source_type::token ? std::string(project) : std::string()};
        return no;
    };
    if (!e.secret || e.secret->value->expires <= now) {
        const bool should_request = !std::exchange(e.requested, true);
        return refuse(e.reason.empty() ? "it is being fetched" : e.reason, true, should_request);
    }
    const secret& found = *e.secret->value;
    if (!found.used.load(std::memory_order_relaxed)) found.used.store(true, std::memory_order_relaxed);
    credential_handle handle;
    switch (found.breaker.is_good() ? admission::allowed : found.breaker.admit(caller_named(caller))) {
        case admission::probe:
            handle.probe = probe_guard(e.secret->value);
            break;
        case admission::allowed:
            break;
        case admission::wait:
            return refuse(found.breaker.awaits_verification()
                              ? "the cloud refused this caller's last calls, and the gateway tries the "
                                "key with a query of its own"
                              : "its first calls have not been answered yet",
                          true, false);
        case admission::blocked:
            return refuse(e.reason.empty() ? "the cloud refused its signature three times in a row" : e.reason, false,
                          false);
    }
    handle.name_ = one.name;
    handle.secret_ = e.secret;
    return handle;
}

void credential_cache::invalidate(const cache_key& key, const shared_secret& revoked) {
    const auto known = index_by_serial_.find(key.serial);
    if (known == index_by_serial_.end()) return;
    entry& e = *find(known->second, key.project);
    if (e.secret && e.secret->value == revoked) e.secret.reset();
}

void credential_cache::put(const cache_key& key, shared_secret secret, std::string reason, time retry) {
    const auto known = index_by_serial_.find(key.serial);
    if (known == index_by_serial_.end()) return;
    entry& e = *find(known->second, key.project);
    if (!secret)
        e.secret.reset();
    else if (!e.secret || e.secret->value != secret)
        e.secret = boost::make_local_shared<const held_secret>(held_secret{std::move(secret)});
    e.reason = std::move(reason);
    e.retry = retry;
    e.requested = false;
}

}  // namespace gateway::credentials

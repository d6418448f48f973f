#include "gateway/credentials/wallet.hpp"

#include <boost/smart_ptr/make_local_shared.hpp>

#include <stdexcept>
#include <utility>

namespace gateway::credentials {

void throw_exception_from_error(const unavailable& e, const boost::source_location&) {
    throw std::logic_error("credential " + std::string(e.name) + " was used though it is unavailable: " + e.why);
}

std::string_view lease::access_key() const noexcept {
    return key() != nullptr ? std::string_view(key()->access_key()) : std::string_view();
}

wallet::wallet(const store& of, const wallet* before) : of_(of), entries_(of.all().size()) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const definition& one = of.all()[i];
        numbers_.emplace(one.serial, i);
        if (one.first) entries_[i].now = boost::make_local_shared<const held>(held{one.first});
        if (before == nullptr) continue;
        const auto known = before->numbers_.find(one.serial);
        if (known == before->numbers_.end()) continue;
        const entry& old = before->entries_[known->second];
        // A pair that was read again and is the same keeps its standing.
        const bool changed = one.first && old.now && one.first->prints != old.now->is->prints;
        if (old.now && !changed) entries_[i] = old;
        if (const auto scoped = before->projects_.find(known->second); scoped != before->projects_.end())
            projects_[i] = scoped->second;
    }
}

wallet::entry* wallet::find(std::size_t which, std::string_view project) {
    if (of_.all()[which].by != definition::way::token || project.empty()) return &entries_[which];
    auto& scoped = projects_[which];
    if (const auto found = scoped.find(project); found != scoped.end()) return &found->second;
    return &scoped.emplace(std::string(project), entry()).first->second;
}

boost::system::result<lease, unavailable> wallet::take(id which, std::string_view project, std::string_view caller,
                                                       time now) {
    const auto index = static_cast<std::size_t>(which);
    const definition& what = of_.all()[index];
    entry& e = *find(index, project);
    const auto refuse = [&](std::string why, bool on_its_way, bool ask) {
        unavailable no{.name = what.name, .why = std::move(why), .on_its_way = on_its_way, .ask = ask, .where = {}};
        if (e.retry > now) no.retry_after = std::chrono::ceil<std::chrono::seconds>(e.retry - now);
        if (ask) no.where = {what.serial, what.by == definition::way::token ? std::string(project) : std::string()};
        return no;
    };
    if (!e.now || e.now->is->expires <= now) {
        const bool ask = !std::exchange(e.asked, true);
        return refuse(e.why.empty() ? "it is being fetched" : e.why, true, ask);
    }
    const secret& is = *e.now->is;
    if (!is.used.load(std::memory_order_relaxed)) is.used.store(true, std::memory_order_relaxed);
    lease given;
    switch (is.taken.is_good() ? admission::free : is.taken.admit(caller_named(caller))) {
        case admission::trial:
            given.tries = trial(e.now->is);
            break;
        case admission::free:
            break;
        case admission::wait:
            return refuse(is.taken.is_doubted()
                              ? "the cloud refused this caller's last calls, and the gateway tries the "
                                "key with a query of its own"
                              : "its first calls have not been answered yet",
                          true, false);
        case admission::rested:
            return refuse(e.why.empty() ? "the cloud refused its signature three times in a row" : e.why, false, false);
    }
    given.name_ = what.name;
    given.of_ = e.now;
    return given;
}

void wallet::drop(const slot& where, const shared_secret& which) {
    const auto known = numbers_.find(where.serial);
    if (known == numbers_.end()) return;
    entry& e = *find(known->second, where.project);
    if (e.now && e.now->is == which) e.now.reset();
}

void wallet::put(const slot& where, shared_secret what, std::string why, time retry) {
    const auto known = numbers_.find(where.serial);
    if (known == numbers_.end()) return;
    entry& e = *find(known->second, where.project);
    if (!what)
        e.now.reset();
    else if (!e.now || e.now->is != what)
        e.now = boost::make_local_shared<const held>(held{std::move(what)});
    e.why = std::move(why);
    e.retry = retry;
    e.asked = false;
}

}  // namespace gateway::credentials

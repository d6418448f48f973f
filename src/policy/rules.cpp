#include "gateway/policy/rules.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

#include "compiled.hpp"
#include "pattern.hpp"

namespace gateway::policy {

namespace {

std::uint32_t index_of(const by_text<std::uint32_t>& names, const std::string& name) {
    const auto at = names.find(name);
    if (at == names.end()) throw std::invalid_argument("policy: nothing is named " + name);
    return at->second;
}

template <class Named>
by_text<std::uint32_t> numbered(const std::vector<Named>& list) {
    by_text<std::uint32_t> places;
    for (std::size_t i = 0; i < list.size(); ++i)
        places.emplace(list[i].name, static_cast<std::uint32_t>(i));
    return places;
}

std::size_t number_of_operations() {
    std::size_t count = 0;
    for (const operations::operation& row : operations::table())
        count = std::max(count, static_cast<std::size_t>(row.is) + 1);
    return count;
}

// Sets the rule's bit in the rows of the things it names, or in all of them where it names none.
void set_bits(rows& in, std::size_t count, const std::optional<std::vector<std::string>>& names,
              const by_text<std::uint32_t>& places, std::size_t rule) {
    if (names) {
        for (const std::string& name : *names)
            in.set(index_of(places, name), rule);
    } else {
        for (std::size_t row = 0; row < count; ++row)
            in.set(row, rule);
    }
}

void set_operations(rows& in, const config::rule& text, std::size_t rule) {
    for (const operations::operation& row : operations::table()) {
        const bool named = !text.operations || std::find(text.operations->begin(), text.operations->end(), row.name) !=
                                                   text.operations->end();
        // A deny rule with `resize` is about resizes alone.
        const bool about_resizes = text.does == config::effect::deny && text.resize;
        if (named && (!about_resizes || row.is == operations::id::resize))
            in.set(static_cast<std::size_t>(row.is), rule);
    }
}

// Sets the rule's bit in the rows of the server ids that it may match by more than their exact name.
void open_for(rows& in, const compiled_rule& rule, std::size_t i) {
    bool whatever_byte = rule.any_server;
    for (const std::string& glob : rule.server_globs) {
        if (glob.front() == '*' || glob.front() == '?')
            whatever_byte = true;
        else
            in.set(first_byte(glob), i);
    }
    for (std::size_t byte = 0; whatever_byte && byte < 256; ++byte)
        in.set(byte, i);
}

void add_bit(std::vector<word_of_bits>& sparse, std::size_t rule) {
    // Rules are added in their order, so the words are too.
    if (sparse.empty() || sparse.back().word != rule / 64) sparse.push_back({rule / 64, 0});
    sparse.back().bits |= std::uint64_t{1} << (rule % 64);
}

}  // namespace

rules::rules(const config::settings& from) {
    auto made = std::make_unique<compiled>();
    const auto callers = numbered(from.callers);
    const auto accounts = numbered(from.accounts);
    const auto credentials = numbered(from.credentials);

    for (const config::caller& one : from.callers)
        made->callers.push_back(one.name);
    // Names first, whole: projects hold views of them.
    for (const config::account& one : from.accounts) {
        made->accounts.push_back(one.name);
        if (one.is == config::account::kind::partner) made->partner_credential = index_of(credentials, one.credential);
        for (const config::project& of : one.projects)
            made->regions.push_back(of.region);
    }
    std::sort(made->regions.begin(), made->regions.end());
    made->regions.erase(std::unique(made->regions.begin(), made->regions.end()), made->regions.end());
    made->regions.shrink_to_fit();
    for (std::size_t i = 0; i < from.accounts.size(); ++i) {
        for (const config::project& of : from.accounts[i].projects) {
            const auto region = std::lower_bound(made->regions.begin(), made->regions.end(), of.region);
            made->projects.emplace(of.id,
                                   project{.account = made->accounts[i],
                                           .account_index = static_cast<std::uint32_t>(i),
                                           .region = *region,
                                           .region_index = static_cast<std::uint32_t>(region - made->regions.begin()),
                                           .credential_index = index_of(credentials, from.accounts[i].credential)});
        }
    }

    const std::size_t count = from.policy.size();
    made->for_caller = rows(from.callers.size(), count);
    made->for_account = rows(from.accounts.size(), count);
    made->for_operation = rows(number_of_operations(), count);
    made->open = rows(256, count);
    made->shadows = rows(1, count);
    made->rules.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const config::rule& text = from.policy[i];
        compiled_rule rule{.text = text,
                           .demands = text.resize.value_or(config::resize_conditions{}),
                           .server_globs = {},
                           .any_server = !text.servers};
        set_bits(made->for_caller, from.callers.size(), text.callers, callers, i);
        set_bits(made->for_account, from.accounts.size(), text.accounts, accounts, i);
        set_operations(made->for_operation, text, i);
        if (text.servers) {
            for (const std::string& server : *text.servers) {
                if (is_pattern(server))
                    rule.server_globs.push_back(server);
                else
                    add_bit(made->for_server[server], i);
            }
        }
        open_for(made->open, rule, i);
        if (text.shadow) {
            made->shadows.set(0, i);
            made->shadow_words = i / 64 + 1;
        }
        made->rules.push_back(std::move(rule));
    }
    compiled_ = std::move(made);
}

rules::rules(rules&&) noexcept = default;
rules& rules::operator=(rules&&) noexcept = default;
rules::~rules() = default;

const project* rules::find_project(std::string_view id) const {
    const auto at = compiled_->projects.find(id);
    return at == compiled_->projects.end() ? nullptr : &at->second;
}

const std::vector<std::string>& rules::regions() const { return compiled_->regions; }

decision rules::decide(const facts& about) const {
    decision out;
    if (!complete(about)) return out;
    const compiled& all = *compiled_;
    const auto caller = all.for_caller[about.caller];
    const auto account = all.for_account[about.where->account_index];
    const auto operation = all.for_operation[static_cast<std::size_t>(about.operation)];
    const auto open = all.open[first_byte(about.server_id)];
    const auto shadows = all.shadows[0];

    std::span<const word_of_bits> by_name;
    if (!about.server_id.empty()) {
        const auto at = all.for_server.find(about.server_id);
        if (at != all.for_server.end()) by_name = at->second;
    }

    bool decided = false;
    bool shadowed = all.shadow_words == 0;
    for (std::size_t w = 0; w < (decided ? all.shadow_words : open.size()); ++w) {
        while (!by_name.empty() && by_name.front().word < w)
            by_name = by_name.subspan(1);
        const std::uint64_t named = !by_name.empty() && by_name.front().word == w ? by_name.front().bits : 0;
        // What is still looked for: a rule that decides, a shadow rule.
        auto wanted = [&] { return (decided ? 0 : ~shadows[w]) | (shadowed ? 0 : shadows[w]); };
        std::uint64_t left = caller[w] & account[w] & operation[w] & (open[w] | named) & wanted();
        while (left != 0) {
            const auto bit = static_cast<unsigned>(std::countr_zero(left));
            left &= left - 1;
            const std::size_t i = w * 64 + bit;
            const compiled_rule& rule = all.rules[i];
            const bool server_matches =
                rule.any_server || ((named >> bit) & 1) != 0 || matches_any(rule.server_globs, about.server_id);
            if (!server_matches) continue;
            const bool allows = rule.text.does == config::effect::allow;
            failed what = failed::nothing;
            if (about.operation == operations::id::resize) {
                if (allows)
                    what = first_failed(rule.demands, about);
                else if (first_difference(rule.demands, about) != failed::nothing)
                    continue;
            }
            if (rule.text.shadow) {
                shadowed = true;
                out.shadow = rule.text.name;
                out.shadow_allows = allows && what == failed::nothing;
            } else {
                decided = true;
                out.allowed = allows && what == failed::nothing;
                out.rule = rule.text.name;
                out.rule_index = static_cast<std::uint32_t>(i);
                out.what = what;
                out.credential_index =
                    rule.text.sign_as_partner ? all.partner_credential : about.where->credential_index;
            }
            left &= wanted();
        }
        if (decided && shadowed) break;
    }
    return out;
}

}  // namespace gateway::policy

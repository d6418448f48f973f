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
    const auto found = names.find(name);
    if (found == names.end()) throw std::invalid_argument("policy: nothing is named " + name);
    return found->second;
}

template <class Named>
by_text<std::uint32_t> numbered(const std::vector<Named>& list) {
    by_text<std::uint32_t> indexes;
    for (std::size_t i = 0; i < list.size(); ++i)
        indexes.emplace(list[i].name, static_cast<std::uint32_t>(i));
    return indexes;
}

// Sets the rule's bit in the rows of the things it names, or in all of them where it names none.
void set_bits(rows& target, std::size_t count, const std::optional<std::vector<std::string>>& names,
              const by_text<std::uint32_t>& indexes, std::size_t rule) {
    if (names) {
        for (const std::string& name : *names)
            target.set(index_of(indexes, name), rule);
    } else {
        for (std::size_t row = 0; row < count; ++row)
            target.set(row, rule);
    }
}

void set_operations(rows& target, const config::rule& text, std::size_t rule) {
    for (const operations::operation& row : operations::table) {
        const bool named = !text.operations || std::find(text.operations->begin(), text.operations->end(), row.id) !=
                                                   text.operations->end();
        // A deny rule with `resize` is about resizes alone.
        const bool about_resizes = text.effect == config::effect::deny && text.resize;
        if (named && (!about_resizes || row.id == operations::operation_id::resize))
            target.set(static_cast<std::size_t>(row.id), rule);
    }
}

// Sets the rule's bit in the rows of the server ids that it may match by more than their exact name.
void open_for(rows& target, const compiled_rule& rule, std::size_t i) {
    bool whatever_byte = rule.any_server;
    for (const std::string& glob : rule.server_globs) {
        if (glob.front() == '*' || glob.front() == '?')
            whatever_byte = true;
        else
            target.set(first_byte(glob), i);
    }
    for (std::size_t byte = 0; whatever_byte && byte < 256; ++byte)
        target.set(byte, i);
}

void add_bit(std::vector<word_of_bits>& sparse, std::size_t rule) {
    // Rules are added in their order, so the words are too.
    if (sparse.empty() || sparse.back().word != rule / 64) sparse.push_back({rule / 64, 0});
    sparse.back().bits |= std::uint64_t{1} << (rule % 64);
}

}  // namespace

rules::rules(const config::settings& settings) {
    auto made = std::make_unique<compiled>();
    const auto callers = numbered(settings.callers);
    const auto accounts = numbered(settings.accounts);
    const auto credentials = numbered(settings.credentials);

    for (const config::caller& one : settings.callers)
        made->callers.push_back(one.name);
    // Names first, whole: projects hold views of them.
    for (const config::account& one : settings.accounts) {
        made->accounts.push_back(one.name);
        if (one.type == config::account::kind::partner)
            made->partner_credential = index_of(credentials, one.credential);
        for (const config::project& owned : one.projects)
            made->regions.push_back(owned.region);
    }
    std::sort(made->regions.begin(), made->regions.end());
    made->regions.erase(std::unique(made->regions.begin(), made->regions.end()), made->regions.end());
    made->regions.shrink_to_fit();
    for (std::size_t i = 0; i < settings.accounts.size(); ++i) {
        for (const config::project& owned : settings.accounts[i].projects) {
            const auto region = std::lower_bound(made->regions.begin(), made->regions.end(), owned.region);
            made->projects.emplace(owned.id,
                                   project{.account = made->accounts[i],
                                           .account_index = static_cast<std::uint32_t>(i),
                                           .region = *region,
                                           .region_index = static_cast<std::uint32_t>(region - made->regions.begin()),
                                           .credential_index = index_of(credentials, settings.accounts[i].credential)});
        }
    }

    const std::size_t count = settings.policy.size();
    made->for_caller = rows(settings.callers.size(), count);
    made->for_account = rows(settings.accounts.size(), count);
    made->for_operation = rows(operations::table.size(), count);
    made->open = rows(256, count);
    made->shadows = rows(1, count);
    made->rules.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const config::rule& text = settings.policy[i];
        compiled_rule rule{.text = text,
                           .resize = text.resize.value_or(config::resize_conditions{}),
                           .server_globs = {},
                           .any_server = !text.servers};
        set_bits(made->for_caller, settings.callers.size(), text.callers, callers, i);
        set_bits(made->for_account, settings.accounts.size(), text.accounts, accounts, i);
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
    const auto found = compiled_->projects.find(id);
    return found == compiled_->projects.end() ? nullptr : &found->second;
}

const std::vector<std::string>& rules::regions() const { return compiled_->regions; }

verdict rules::decide(const facts& call) const {
    verdict result;
    if (!complete(call)) return result;
    const compiled& all = *compiled_;
    const auto caller = all.for_caller[call.caller];
    const auto account = all.for_account[call.project->account_index];
    const auto operation = all.for_operation[static_cast<std::size_t>(call.operation)];
    const auto open = all.open[first_byte(call.server_id)];
    const auto shadows = all.shadows[0];

    std::span<const word_of_bits> by_name;
    if (!call.server_id.empty()) {
        const auto found = all.for_server.find(call.server_id);
        if (found != all.for_server.end()) by_name = found->second;
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
                rule.any_server || ((named >> bit) & 1) != 0 || matches_any(rule.server_globs, call.server_id);
            if (!server_matches) continue;
            const bool allows = rule.text.effect == config::effect::allow;
            const condition* failed = nullptr;
            if (call.operation == operations::operation_id::resize) {
                if (allows)
                    failed = first_unsatisfied(rule.resize, call);
                else if (first_difference(rule.resize, call) != nullptr)
                    continue;
            }
            if (rule.text.shadow) {
                shadowed = true;
                result.shadow = rule.text.name;
                result.shadow_allows = allows && failed == nullptr;
            } else {
                decided = true;
                result.allowed = allows && failed == nullptr;
                result.rule = rule.text.name;
                result.rule_index = static_cast<std::uint32_t>(i);
                result.failed = failed;
                result.credential_index =
                    rule.text.sign_as_partner ? all.partner_credential : call.project->credential_index;
            }
            left &= wanted();
        }
        if (decided && shadowed) break;
    }
    return result;
}

std::uint32_t rules::credential_of(std::string_view rule, const project& project) const {
    const auto named = [rule](const compiled_rule& each) { return each.text.name == rule; };
    const auto found = std::find_if(compiled_->rules.begin(), compiled_->rules.end(), named);
    const bool signs_as_partner = found != compiled_->rules.end() && found->text.sign_as_partner;
    return signs_as_partner ? compiled_->partner_credential : project.credential_index;
}

}  // namespace gateway::policy

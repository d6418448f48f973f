#include <algorithm>
#include <ostream>
#include <variant>

#include "command.hpp"
#include "explain_change.hpp"
#include "gateway/credentials/store.hpp"
#include "gateway/operations/servers.hpp"
#include "gateway/pipeline/judge.hpp"
#include "ledger_access.hpp"
#include "settings_file.hpp"

namespace gateway::cli {

namespace {

struct described_call {
    std::string file, caller, method, path;
    std::optional<std::string> body;
};

void print_rejection(const pipeline::own_answer& answer, std::ostream& out) {
    out << "\nrefused with " << pipeline::status_of(answer.code) << ' ' << pipeline::name_of(answer.code) << ": "
        << shown(answer.message) << '\n';
}

class fact_printer {
public:
    explicit fact_printer(std::ostream& out) : out_(out) {}
    void line(std::string_view name, std::string_view value) {
        out_ << name << std::string(12 - name.size(), ' ') << shown(value) << '\n';
    }

private:
    std::ostream& out_;
};

std::uint32_t find_caller(const config::settings& settings, std::string_view name) {
    const auto found =
        std::find_if(settings.callers.begin(), settings.callers.end(), [&](const auto& c) { return c.name == name; });
    if (found != settings.callers.end()) return static_cast<std::uint32_t>(found - settings.callers.begin());
    std::string text = "the file has no caller " + shown(name) + "; it has";
    for (const auto& c : settings.callers)
        text.append(&c == settings.callers.data() ? " " : ", ").append(shown(c.name));
    throw gave_up(text);
}

std::string describe(const operations::resize_request& asked) {
    std::string text = "flavor " + asked.flavor;
    if (!asked.dedicated_host_id.empty()) text += ", dedicated host " + asked.dedicated_host_id;
    if (asked.auto_pay) text += *asked.auto_pay ? ", isAutoPay true" : ", isAutoPay false";
    if (asked.stops_running_server) text += ", mode withStopServer";
    if (asked.dry_run) text += *asked.dry_run ? ", dry_run true" : ", dry_run false";
    return text;
}

void print_rules(const std::vector<policy::reason>& reasons, std::ostream& out) {
    std::size_t rule_width = 4, verdict_width = 7;
    for (const auto& r : reasons) {
        rule_width = std::max(rule_width, r.rule.size());
        verdict_width = std::max(verdict_width, r.verdict.size());
    }
    const auto row = [&](std::string_view rule, std::string_view verdict, const std::string& text) {
        out << rule << std::string(rule_width - rule.size() + 2, ' ') << verdict;
        if (!text.empty()) out << std::string(verdict_width - verdict.size() + 2, ' ') << text;
        out << '\n';
    };
    out << '\n';
    row("rule", "verdict", "why");
    for (const auto& r : reasons)
        row(r.rule, r.verdict, shown(r.text));
}

// What the call is, as far as it was understood.
void print_call(const described_call& call, const pipeline::judgement& judged, std::ostream& out) {
    fact_printer facts(out);
    const operations::match& matched = judged.matched;
    if (matched.candidates.empty()) {
        facts.line("operation", "none");
        return;
    }
    if (matched.operation != nullptr)
        facts.line("operation", std::string(matched.operation->name) + " (" + std::string(matched.api_version) + ")");
    facts.line("caller", call.caller);
    facts.line("project", matched.project_id);
    for (const std::string_view server : operations::servers_of(matched, judged.body))
        facts.line("server", server);
    if (!matched.job_id.empty()) facts.line("job", matched.job_id);
    if (const auto* const resize = std::get_if<operations::resize_request>(&judged.body))
        facts.line("asks for", describe(*resize));
}

// Whose project it is, and what the policy said.
void print_decision(const policy::facts& asked, const policy::verdict& decided, const policy::rules& rules,
                    const config::settings& settings, std::ostream& out) {
    fact_printer facts(out);
    const policy::project& project = *asked.project;
    facts.line("account", project.account);
    const auto region = settings.regions.find(project.region);
    facts.line("region",
               std::string(project.region) +
                   (region == settings.regions.end() ? std::string() : ", " + region->second.ecs.authority()));
    const config::credential& signs = settings.credentials[decided.credential_index];
    const std::string& own = settings.credentials[project.credential_index].name;
    facts.line("credential", decided.allowed ? signs.name + ", from " + credentials::describe(signs)
                                             : own + " (not used: the call is refused)");
    print_rules(rules.explain(asked), out);
}

void print_allowed(const pipeline::judgement& judged, const config::rule& rule, const config::settings& settings,
                   std::ostream& out) {
    out << "\nallowed by rule " << rule.name << ", signed as credential "
        << settings.credentials[judged.decided.credential_index].name << '\n';
}

// Of a change that the policy allows: what the ledger has to say.
int explain_change(const std::string& caller, const pipeline::judgement& judged, const config::rule& rule,
                   const config::settings& settings, std::ostream& out) {
    auto request = pipeline::change_of(judged.matched, judged.body, *judged.facts->project, rule);
    request.identity.caller = caller;
    request.begun = current_time();
    const ledger_opinion opinion = ask_ledger(settings, rule, request);
    if (opinion.refused)
        print_rejection(*opinion.refused, out);
    else
        print_allowed(judged, rule, settings, out);
    for (const std::string& each : opinion.notes)
        out << '(' << each << ")\n";
    if (rule.max_in_flight) out << "(unless over the rule's max_in_flight, which is not counted here)\n";
    return opinion.refused ? failed : done;
}

int explain_call(const described_call& call, const config::settings& settings, std::ostream& out) {
    const auto question_mark = std::min(call.path.find('?'), call.path.size());
    const pipeline::judged_request request{
        .method = call.method,
        .path = std::string_view(call.path).substr(0, question_mark),
        .query = std::string_view(call.path).substr(std::min(question_mark + 1, call.path.size())),
        .content_type = {},
        .body = call.body ? std::string_view(*call.body) : std::string_view()};
    const policy::rules rules(settings);
    pipeline::judgement judged;
    pipeline::judge(request, find_caller(settings, call.caller), rules, judged);
    const bool lacks_body = !judged.matched.candidates.empty() && !call.body &&
                            judged.matched.candidates.front().body != operations::body_kind::none;
    if (lacks_body) throw misused("this operation is judged by its body: give it with --body FILE");

    print_call(call, judged, out);
    if (judged.facts && judged.facts->project != nullptr)
        print_decision(*judged.facts, judged.decided, rules, settings, out);
    if (judged.rejected) {
        print_rejection(*judged.rejected, out);
        return failed;
    }

    const config::rule& rule = settings.policy[judged.decided.rule_index];
    if (pipeline::changes_something(judged.matched, judged.body))
        return explain_change(call.caller, judged, rule, settings, out);
    print_allowed(judged, rule, settings, out);
    if (rule.rate || rule.max_in_flight)
        out << "(unless over the rule's rate or max_in_flight, which are not counted here)\n";
    return done;
}

}  // namespace

int explain(const command& self, const std::vector<std::string>& words, const streams& io) {
    described_call call;
    po::options_description known("Options");
    // clang-format off
    known.add_options()
        ("config", po::value(&call.file)->required()->value_name("FILE"), "the configuration, gateway.yaml")
        ("caller", po::value(&call.caller)->required()->value_name("NAME"), "as the file names it")
        ("method", po::value(&call.method)->required()->value_name("M"), "such as POST")
        ("path", po::value(&call.path)->required()->value_name("P"), "as it is sent; a query may follow")
        ("body", po::value<std::string>()->value_name("FILE"), "what a resize sends");
    // clang-format on
    const auto options = read_options(self, known, words, io);
    if (!options) return done;
    if (options->count("body") != 0) call.body = read_file((*options)["body"].as<std::string>());
    const config::settings settings = load_settings(call.file, io);
    return explain_call(call, settings, io.out);
}

}  // namespace gateway::cli

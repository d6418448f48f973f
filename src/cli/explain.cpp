#include <algorithm>
#include <ostream>

#include "command.hpp"
#include "gateway/credentials/store.hpp"
#include "gateway/operations/match.hpp"
#include "gateway/operations/query.hpp"
#include "gateway/operations/resize_body.hpp"
#include "gateway/policy/rules.hpp"
#include "settings_file.hpp"

namespace gateway::cli {

namespace {

struct described_call {
    std::string file, caller, method, path;
    std::optional<std::string> body;
};

// What the gateway would answer by itself.
struct rejection {
    const char* status_and_code;
    std::string message;
};

int print_rejection(const rejection& rejected, std::ostream& out) {
    out << "\nrefused with " << rejected.status_and_code << ": " << rejected.message << '\n';
    return failed;
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
    if (asked.dedicated_host_id) text += ", dedicated host " + *asked.dedicated_host_id;
    if (asked.auto_pay) text += *asked.auto_pay ? ", isAutoPay true" : ", isAutoPay false";
    if (asked.stops_running_server) text += ", mode withStopServer";
    if (asked.dry_run) text += *asked.dry_run ? ", dry_run true" : ", dry_run false";
    return text;
}

// Checks the body against the operation: why it is rejected, or nothing and `asked` filled in.
std::optional<rejection> judge_body(const described_call& call, const operations::operation& operation,
                                    operations::resize_request& asked) {
    if (operation.body == operations::body_kind::none) {
        if (!call.body || call.body->empty()) return std::nullopt;
        return rejection{"400 Gateway.0002", "this operation takes no body: leave it out"};
    }
    if (!call.body) throw misused("a resize is judged by its body: give it with --body FILE");
    operations::resize_reader reader;
    const auto problem = reader.read(*call.body, asked);
    if (!problem) return std::nullopt;
    return rejection{"400 Gateway.0002",
                     (problem->pointer.empty() ? "the body" : problem->pointer) + ": " + problem->message};
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

int judge(const described_call& call, const config::settings& settings, std::ostream& out) {
    fact_printer call_facts(out);
    const auto question_mark = std::min(call.path.find('?'), call.path.size());
    const std::string_view path = std::string_view(call.path).substr(0, question_mark);
    const std::string_view query = std::string_view(call.path).substr(std::min(question_mark + 1, call.path.size()));
    const auto matched = operations::match_path(call.method, path);
    if (!matched) {
        call_facts.line("operation", "none");
        if (matched.error().allow.empty())
            return print_rejection({"404 Gateway.0301", std::string(operations::path_problem(matched.error()))}, out);
        return print_rejection({"405 Gateway.0302", "this path exists for " + matched.error().allow}, out);
    }
    const std::uint32_t caller = find_caller(settings, call.caller);
    call_facts.line("operation",
                    std::string(matched->operation->name) + " (" + std::string(matched->api_version) + ")");
    call_facts.line("caller", call.caller);
    call_facts.line("project", matched->project_id);
    if (!matched->server_id.empty()) call_facts.line("server", matched->server_id);
    if (!matched->job_id.empty()) call_facts.line("job", matched->job_id);

    if (!matched->operation->query && !query.empty())
        return print_rejection({"404 Gateway.0301", "this operation takes no query: leave it out"}, out);
    if (const std::string_view problem = operations::query_problem(query); !problem.empty())
        return print_rejection({"400 Gateway.0001", std::string(problem)}, out);
    operations::resize_request asked;
    if (const auto problem = judge_body(call, *matched->operation, asked)) return print_rejection(*problem, out);
    const bool is_resize = matched->operation->body == operations::body_kind::resize;
    if (is_resize) call_facts.line("asks for", describe(asked));

    const policy::rules rules(settings);
    const policy::project* const project = rules.find_project(matched->project_id);
    if (project == nullptr)
        return print_rejection({"403 Gateway.0202", "no account of the file has this project; add it under accounts"},
                               out);
    const policy::facts facts{.caller = caller,
                              .project = project,
                              .operation = matched->operation->id,
                              .server_id = matched->server_id,
                              .resize = is_resize ? &asked : nullptr,
                              .api_version = matched->api_version};
    const policy::verdict verdict = rules.decide(facts);
    const std::string& own = settings.credentials[project->credential_index].name;
    call_facts.line("account", project->account);
    const auto region = settings.regions.find(project->region);
    call_facts.line("region",
                    std::string(project->region) +
                        (region == settings.regions.end() ? std::string() : ", " + region->second.ecs.authority()));
    const config::credential& signs = settings.credentials[verdict.credential_index];
    call_facts.line("credential", verdict.allowed ? signs.name + ", from " + credentials::describe(signs)
                                                  : own + " (not used: the call is refused)");
    print_rules(rules.explain(facts), out);
    const bool unknown_member = verdict.failed != nullptr && verdict.failed->blames_body;
    if (!verdict.allowed)
        return print_rejection(
            {unknown_member ? "400 Gateway.0002" : "403 Gateway.0201", shown(rules.denial(verdict, facts))}, out);

    const config::rule& rule = settings.policy[verdict.rule_index];
    out << "\nallowed by rule " << verdict.rule << ", signed as credential " << signs.name << '\n';
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
    return judge(call, settings, io.out);
}

}  // namespace gateway::cli

#include <algorithm>
#include <ostream>

#include "command.hpp"
#include "gateway/config/load.hpp"
#include "gateway/credentials/store.hpp"
#include "gateway/operations/operation.hpp"
#include "gateway/operations/query.hpp"
#include "gateway/operations/resize_body.hpp"
#include "gateway/policy/rules.hpp"

namespace gateway::cli {

namespace {

struct question {
    std::string file, caller, method, path;
    std::optional<std::string> body;
};

// What the gateway would answer by itself.
struct refusal {
    const char* status_and_code;
    std::string why;
};

int refused(const refusal& with, std::ostream& out) {
    out << "\nrefused with " << with.status_and_code << ": " << with.why << '\n';
    return failed;
}

class page {
public:
    explicit page(std::ostream& out) : out_(out) {}
    void line(std::string_view name, std::string_view value) {
        out_ << name << std::string(12 - name.size(), ' ') << shown(value) << '\n';
    }

private:
    std::ostream& out_;
};

config::settings load(const std::string& file, const streams& with) {
    auto loaded = config::load(file);
    if (loaded.ok()) return std::move(loaded.values);
    for (const auto& problem : loaded.problems)
        with.err << config::describe(problem, file) << '\n';
    throw gave_up("the file has problems; fix them first (ecs-gateway check --config FILE)");
}

std::uint32_t find_caller(const config::settings& in, std::string_view name) {
    const auto found =
        std::find_if(in.callers.begin(), in.callers.end(), [&](const auto& c) { return c.name == name; });
    if (found != in.callers.end()) return static_cast<std::uint32_t>(found - in.callers.begin());
    std::string text = "the file has no caller " + shown(name) + "; it has";
    for (const auto& c : in.callers)
        text.append(&c == in.callers.data() ? " " : ", ").append(shown(c.name));
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

// The body as the operation wants it: why it is refused, or nothing and `asked` filled in.
std::optional<refusal> judge_body(const question& about, const operations::operation& operation,
                                  operations::resize_request& asked) {
    if (operation.body == operations::body_kind::none) {
        if (!about.body || about.body->empty()) return std::nullopt;
        return refusal{"400 Gateway.0002", "this operation takes no body: leave it out"};
    }
    if (!about.body) throw misused("a resize is judged by its body: give it with --body FILE");
    operations::resize_reader reader;
    const auto problem = reader.read(*about.body, asked);
    if (!problem) return std::nullopt;
    return refusal{"400 Gateway.0002",
                   (problem->pointer.empty() ? "the body" : problem->pointer) + ": " + problem->message};
}

void print_rules(const std::vector<policy::reason>& reasons, std::ostream& out) {
    std::size_t rule_width = 4, verdict_width = 7;
    for (const auto& r : reasons) {
        rule_width = std::max(rule_width, r.rule.size());
        verdict_width = std::max(verdict_width, r.verdict.size());
    }
    const auto row = [&](std::string_view rule, std::string_view verdict, const std::string& why) {
        out << rule << std::string(rule_width - rule.size() + 2, ' ') << verdict;
        if (!why.empty()) out << std::string(verdict_width - verdict.size() + 2, ' ') << why;
        out << '\n';
    };
    out << '\n';
    row("rule", "verdict", "why");
    for (const auto& r : reasons)
        row(r.rule, r.verdict, shown(r.why));
}

int judge(const question& about, const config::settings& settings, std::ostream& out) {
    page facts_of_the_call(out);
    const auto question_mark = std::min(about.path.find('?'), about.path.size());
    const std::string_view path = std::string_view(about.path).substr(0, question_mark);
    const std::string_view query = std::string_view(about.path).substr(std::min(question_mark + 1, about.path.size()));
    const auto matched = operations::match_path(about.method, path);
    if (!matched) {
        facts_of_the_call.line("operation", "none");
        if (matched.error().allow.empty())
            return refused({"404 Gateway.0301", std::string(operations::path_problem(matched.error()))}, out);
        return refused({"405 Gateway.0302", "this path exists for " + matched.error().allow}, out);
    }
    const std::uint32_t caller = find_caller(settings, about.caller);
    facts_of_the_call.line("operation",
                           std::string(matched->what->name) + " (" + std::string(matched->api_version) + ")");
    facts_of_the_call.line("caller", about.caller);
    facts_of_the_call.line("project", matched->project_id);
    if (!matched->server_id.empty()) facts_of_the_call.line("server", matched->server_id);
    if (!matched->job_id.empty()) facts_of_the_call.line("job", matched->job_id);

    if (!matched->what->query && !query.empty())
        return refused({"404 Gateway.0301", "this operation takes no query: leave it out"}, out);
    if (const std::string_view why = operations::query_problem(query); !why.empty())
        return refused({"400 Gateway.0001", std::string(why)}, out);
    operations::resize_request asked;
    if (const auto problem = judge_body(about, *matched->what, asked)) return refused(*problem, out);
    const bool is_resize = matched->what->body == operations::body_kind::resize;
    if (is_resize) facts_of_the_call.line("asks for", describe(asked));

    const policy::rules rules(settings);
    const policy::project* const project = rules.find_project(matched->project_id);
    if (project == nullptr)
        return refused({"403 Gateway.0202", "no account of the file has this project; add it under accounts"}, out);
    const policy::facts facts{.caller = caller,
                              .where = project,
                              .operation = matched->what->is,
                              .server_id = matched->server_id,
                              .resize = is_resize ? &asked : nullptr,
                              .api_version = matched->api_version};
    const policy::decision decision = rules.decide(facts);
    const std::string& own = settings.credentials[project->credential_index].name;
    facts_of_the_call.line("account", project->account);
    const auto region = settings.regions.find(project->region);
    facts_of_the_call.line(
        "region", std::string(project->region) +
                      (region == settings.regions.end() ? std::string() : ", " + region->second.ecs.authority()));
    const config::credential& signs = settings.credentials[decision.credential_index];
    facts_of_the_call.line("credential", decision.allowed ? signs.name + ", from " + credentials::describe(signs)
                                                          : own + " (not used: the call is refused)");
    print_rules(rules.explain(facts), out);
    const bool not_understood = decision.what == policy::failed::unknown_member;
    if (!decision.allowed)
        return refused({not_understood ? "400 Gateway.0002" : "403 Gateway.0201", shown(rules.denial(decision, facts))},
                       out);

    const config::rule& rule = settings.policy[decision.rule_index];
    out << "\nallowed by rule " << decision.rule << ", signed as credential " << signs.name << '\n';
    if (rule.rate || rule.max_in_flight)
        out << "(unless over the rule's rate or max_in_flight, which are not counted here)\n";
    return done;
}

}  // namespace

int explain(const command& self, const std::vector<std::string>& words, const streams& with) {
    question about;
    po::options_description known("Options");
    // clang-format off
    known.add_options()
        ("config", po::value(&about.file)->required()->value_name("FILE"), "the configuration, gateway.yaml")
        ("caller", po::value(&about.caller)->required()->value_name("NAME"), "as the file names it")
        ("method", po::value(&about.method)->required()->value_name("M"), "such as POST")
        ("path", po::value(&about.path)->required()->value_name("P"), "as it is sent; a query may follow")
        ("body", po::value<std::string>()->value_name("FILE"), "what a resize sends");
    // clang-format on
    const auto options = read_options(self, known, words, with);
    if (!options) return done;
    if (options->count("body") != 0) about.body = read_file((*options)["body"].as<std::string>());
    const config::settings settings = load(about.file, with);
    return judge(about, settings, with.out);
}

}  // namespace gateway::cli

#include "gateway/renewal/cloud.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include "gateway/base/escape.hpp"
#include "gateway/base/time.hpp"
#include "gateway/credentials/read.hpp"

namespace gateway::renewal {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::size_t most_answer = 64 * 1024;
constexpr auto session_life = 21600s;      // what the SDK asks for
constexpr auto no_session_rest = 24h;      // as the SDK's core has it: ask again for sessions after a day
constexpr auto longest_session_call = 2s;  // its answer gets lost on the way into some containers: then the older way
constexpr auto longest_metadata_pause = 5'000ms;  // nothing there counts tries, or locks an account
constexpr std::string_view session_call = "the metadata service's session call (PUT /meta-data/latest/api/token)";
constexpr std::string_view pair_call = "the metadata service's call for a pair (GET /openstack/latest/securitykey)";
constexpr const char* metadata_variable = "ECS_GATEWAY_METADATA_URL";  // for tests: http://127.0.0.1:PORT

config::endpoint metadata_endpoint() {
    config::endpoint found{.tls = false, .host = "169.254.169.254", .port = 80};
    const char* const named =
        std::getenv(metadata_variable);  // NOLINT(concurrency-mt-unsafe): nobody sets a variable while threads run
    if (named == nullptr) return found;
    const auto url = boost::urls::parse_uri(named);
    if (!url || url->scheme_id() != boost::urls::scheme::http || url->port_number() == 0)
        throw std::runtime_error(std::string(metadata_variable) + " is not http://HOST:PORT");
    const auto host = url->encoded_host();
    found.host.assign(host.data(), host.size());
    found.port = url->port_number();
    return found;
}

std::string_view value_of(const message::response_head& head, std::string_view name) {
    const field* const found = find_field(head.fields.all(), name);
    return found == nullptr ? std::string_view() : found->value;
}

}  // namespace

struct cloud::question {
    std::size_t endpoint = 0;
    std::string_view asked_of;  // "IAM", for people
    std::string_view region;    // whose clock it tells; empty: nobody's
    std::string_view method, target;
    std::string head;  // fields beyond Host and Content-Length
    std::string_view body;
    std::vector<std::string_view> sent{};  // keys, tokens and the like among these
    std::string signature{};
};

struct cloud::answer {
    upstream::response is;
    credentials::moment at;
    std::chrono::seconds ahead{0};

    // `what`: the question that it answers.
    [[nodiscard]] credentials::iam_answer read(const question& what) const {
        const auto& head = is.head();
        return {.status = head.status,
                .body = is.body(),
                .subject_token = value_of(head, "X-Subject-Token"),
                .retry_after = value_of(head, "Retry-After"),
                .date = read_http_date(value_of(head, "Date")),
                .sent = what.sent};
    }
};

cloud::cloud(net::loop& on, const config::settings& in, skew_heard heard) : heard_(std::move(heard)) {
    std::vector<config::endpoint> endpoints;
    for (const auto& [name, region] : in.regions) {
        regions_.emplace(name, endpoints.size());
        endpoints.push_back(region.iam);
        endpoints.push_back(region.ecs);
    }
    metadata_ = endpoints.size();
    endpoints.push_back(metadata_endpoint());
    config::timeouts times_of_ours = in.timeouts;
    times_of_ours.upstream_response = in.timeouts.credential;
    config::upstream few = in.upstream;
    few.connections_per_worker = 4;
    const auto tls = upstream::make_tls_context(in.upstream);
    client_ = std::make_unique<upstream::client>(on, std::move(endpoints), tls, few, times_of_ours);
    client_->keep_responses_secret();
    times_of_ours.upstream_connect =
        std::min<std::chrono::milliseconds>(in.timeouts.upstream_connect, longest_session_call);
    times_of_ours.upstream_response = longest_session_call;
    sessions_ = std::make_unique<upstream::client>(on, std::vector{metadata_endpoint()}, tls, few, times_of_ours);
    sessions_->keep_responses_secret();
}

task<fetched<std::unique_ptr<cloud::answer>>> cloud::ask(const question& what) { return ask(what, *client_); }

task<fetched<std::unique_ptr<cloud::answer>>> cloud::ask(const question& what, upstream::client& by) {
    std::string head;
    head.reserve(512 + what.head.size());  // at once: a string that grows leaves secrets behind
    head.append(what.method).append(" ").append(what.target).append(" HTTP/1.1\r\nHost: ");
    head.append(by.authority(what.endpoint)).append("\r\nAccept: application/json\r\n").append(what.head);
    if (what.method != "GET") head.append("Content-Length: ").append(std::to_string(what.body.size())).append("\r\n");
    head += "\r\n";
    // None of these changes anything that asking twice would change twice.
    const upstream::request out{.head = head, .body = what.body, .may_repeat = true};
    auto got = co_await by.exchange(what.endpoint, out);
    wipe(head.data(), head.size());
    const auto unreachable = [&](const upstream::failure& why) {
        return credentials::fetch_failure{.refused = false,
                                          .why = std::string(what.asked_of) + " can't be reached: " + why.text()};
    };
    if (!got) co_return unreachable(got.error());
    const auto filled = co_await got->read_body(most_answer);
    if (!filled) co_return unreachable(filled.error());
    auto read = std::make_unique<answer>(
        answer{.is = std::move(*got), .at = {.wall = system_clock::now(), .steady = steady_clock::now()}});
    if (const auto date = read_http_date(value_of(read->is.head(), "Date")); date && !what.region.empty()) {
        read->ahead = *date - std::chrono::floor<std::chrono::seconds>(read->at.wall);
        heard_(what.region, read->ahead);
    }
    co_return read;
}

fetched<cloud::question> cloud::to_iam(std::string_view region, std::string_view target) const {
    const auto at = regions_.find(region);
    if (at == regions_.end()) return credentials::fetch_failure{.why = "no account uses it, so no region is known"};
    return question{.endpoint = at->second,
                    .asked_of = "IAM",
                    .region = region,
                    .method = "POST",
                    .target = target,
                    .head = "Content-Type: application/json;charset=utf8\r\n",
                    .body = {}};
}

task<fetched<shared_secret>> cloud::token(const config::token_credential& user, std::string_view region,
                                          std::string_view project) {
    auto what = to_iam(region, credentials::token_target);
    if (!what) co_return what.error();
    std::vector<config::problem> problems;
    const auto password = credentials::read(user.password, problems, credentials::secret_kind::password);
    if (!password) co_return credentials::fetch_failure{.why = problems.front().what};
    const secret_text body = credentials::token_body(user, password->reveal(), project);
    what->body = body.reveal();
    std::string escaped;  // as it stands in the body, which an error may repeat
    escaped.reserve(most_json_text * password->reveal().size());
    append_json_text(escaped, password->reveal());
    const secret_text as_json(escaped);
    wipe(escaped.data(), escaped.size());
    what->sent = {password->reveal(), as_json.reveal()};
    auto got = co_await ask(*what);
    if (!got) co_return got.error();
    auto read = credentials::read_token_answer((*got)->read(*what), (*got)->at);
    co_return read;
}

void cloud::append_proof(question& what, const secret& by, std::string_view region, std::string_view service,
                         std::string_view project) {
    std::string& head = what.head;
    std::string_view token;
    if (by.token) token = by.token->reveal();
    what.sent.push_back(token);
    head.reserve(head.size() + token.size() + 512);
    if (!project.empty()) head.append("X-Project-Id: ").append(project).append("\r\n");
    if (!by.key) {
        head.append("X-Auth-Token: ").append(token).append("\r\n");
        return;
    }
    const std::string date = sdk_date(std::chrono::floor<std::chrono::seconds>(system_clock::now()));
    std::vector<field> fields{{"host", client_->authority(what.endpoint)}, {"x-sdk-date", date}};
    if (!what.body.empty()) fields.push_back({"content-type", "application/json;charset=utf8"});
    if (!project.empty()) fields.push_back({"x-project-id", project});
    if (!token.empty()) fields.push_back({"x-security-token", token});
    const auto payload = signing::hash_payload(what.body);
    const auto mark = what.target.find('?');
    const signing::request signed_part{
        .method = what.method,
        .path = what.target.substr(0, mark),
        .query = mark == std::string_view::npos ? std::string_view() : what.target.substr(mark + 1),
        .fields = fields,
        .payload = {payload.data(), payload.size()}};
    head.append("X-Sdk-Date: ").append(date).append("\r\n");
    if (!token.empty()) head.append("X-Security-Token: ").append(token).append("\r\n");
    const auto authorization = signer_.sign(signed_part, *by.key, date, {.region = region, .service = service});
    head.append("Authorization: ").append(authorization).append("\r\n");
    what.signature = authorization.substr(authorization.rfind('=') + 1);
    what.sent.insert(what.sent.end(), {by.key->access_key(), what.signature});
    signer_.forget();
}

task<fetched<shared_secret>> cloud::agency(const config::agency_credential& agency, std::string_view region,
                                           const secret& through, verdict& taken) {
    taken = verdict::unknown;
    auto what = to_iam(region, credentials::agency_target);
    if (!what) co_return what.error();
    const std::string body = credentials::agency_body(agency);
    what->body = body;
    append_proof(*what, through, region, "iam", {});
    auto got = co_await ask(*what);
    wipe(what->head.data(), what->head.size());
    if (!got) co_return got.error();
    const auto said = (*got)->read(*what);
    taken = said.status == 401                        ? verdict::refused
            : said.status < 500 && said.status != 429 ? verdict::accepted
                                                      : verdict::unknown;
    auto read = credentials::read_pair_answer(said, (*got)->at, "IAM");
    if (!read && said.status == 401) {
        auto why = read.error();
        why.why += credentials::clock_remark((*got)->ahead);
        co_return why;
    }
    co_return read;
}

task<verdict> cloud::try_out(const secret& by, std::string_view region, std::string_view project, std::string& why) {
    const auto at = regions_.find(region);
    if (at == regions_.end()) {
        why = "no account uses it, so there is nothing to try it on";
        co_return verdict::unknown;
    }
    const std::string target = "/v1/" + std::string(project) + "/cloudservers/resize_flavors";
    question what{.endpoint = at->second + 1,
                  .asked_of = "the region's endpoint",
                  .region = region,
                  .method = "GET",
                  .target = target,
                  .head = {},
                  .body = {}};
    append_proof(what, by, region, "ecs", project);
    auto got = co_await ask(what);
    wipe(what.head.data(), what.head.size());
    if (!got) {
        why = got.error().why;
        co_return verdict::unknown;
    }
    const auto said = (*got)->read(what);
    if (said.status == 401) {
        why = credentials::failure_of(said, "the cloud").whole() + credentials::clock_remark((*got)->ahead);
        co_return verdict::refused;
    }
    if (said.status < 500 && said.status != 429) co_return verdict::accepted;
    why = credentials::failure_of(said, "the region's endpoint").whole();
    co_return verdict::unknown;
}

// Whatever goes wrong with it, the older way is left to try.
task<cloud::session> cloud::open_session() {
    const auto now = steady_clock::now();
    if (now < no_sessions_until_) co_return session::none;
    if (session_ && now < session_ends_) co_return session::open;
    session_.reset();
    session_trouble_.clear();
    question what{.endpoint = 0,  // the only one of that client
                  .asked_of = session_call,
                  .region = {},
                  .method = "PUT",
                  .target = credentials::metadata_session_target,
                  .head = "X-Metadata-Token-Ttl-Seconds: " + std::to_string(session_life.count()) + "\r\n",
                  .body = {}};
    auto got = co_await ask(what, *sessions_);
    if (!got) {
        session_trouble_ = got.error().why;
        co_return session::none;
    }
    const auto said = (*got)->read(what);
    if (said.status == 404 || said.status == 405 || said.status == 503) {
        no_sessions_until_ = now + no_session_rest;
        co_return session::none;
    }
    if (said.status != 200 || !credentials::is_key(said.body)) {
        session_trouble_ = credentials::failure_of(said, session_call).why;
        co_return session::none;
    }
    session_.emplace(said.body);
    session_ends_ = now + session_life / 2;
    co_return session::open;
}

task<fetched<shared_secret>> cloud::metadata() {
    auto pair = co_await ask_for_pair(true);
    if (pair) co_return pair;
    auto why = pair.error();
    if (!session_trouble_.empty()) why.why += "; before that, " + session_trouble_;
    why.longest_pause = longest_metadata_pause;
    co_return why;
}

task<fetched<shared_secret>> cloud::ask_for_pair(bool may_renew_session) {
    const session opened = co_await open_session();
    question what{.endpoint = metadata_,
                  .asked_of = pair_call,
                  .region = {},
                  .method = "GET",
                  .target = credentials::metadata_pair_target,
                  .head = {},
                  .body = {}};
    what.head.reserve(64 + (session_ ? session_->reveal().size() : 0));  // at once: see ask()
    if (opened == session::open) {
        what.head.append("X-Metadata-Token: ").append(session_->reveal()).append("\r\n");
        what.sent = {session_->reveal()};
    }
    auto got = co_await ask(what);
    wipe(what.head.data(), what.head.size());
    if (!got) co_return got.error();
    const auto said = (*got)->read(what);
    const bool no_agency = said.body.find("Please configure Cloud Service Agency first") != std::string_view::npos;
    if (said.status >= 400 && no_agency) {
        co_return credentials::fetch_failure{.refused = true,
                                             .why =
                                                 "no agency is bound to this server: choose one in the server's "
                                                 "settings (Management Information, Agency)"};
    }
    if (said.status == 401 && may_renew_session) {
        session_.reset();
        no_sessions_until_ = {};
        auto again = co_await ask_for_pair(false);
        co_return again;
    }
    auto read = credentials::read_pair_answer(said, (*got)->at, pair_call);
    co_return read;
}

}  // namespace gateway::renewal

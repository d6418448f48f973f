#include "gateway/credential_refresh/iam_client.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include "gateway/base/escape.hpp"
#include "gateway/base/time.hpp"
#include "gateway/credentials/read.hpp"

namespace gateway::credential_refresh {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::size_t max_answer = 64 * 1024;
constexpr auto session_life = 21600s;         // what the SDK asks for
constexpr auto no_session_pause = 24h;        // as in the SDK's core: try sessions again after a day
constexpr auto max_session_call = 2s;         // its response does not reach some containers: then without a session
constexpr auto max_metadata_pause = 5'000ms;  // it does not count tries, and locks no account
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

acceptance acceptance_of(unsigned status) noexcept {
    if (status == 401) return acceptance::refused;
    return status < 500 && status != 429 ? acceptance::accepted : acceptance::unknown;
}

struct iam_client::request {
    std::size_t endpoint = 0;
    std::string_view service;  // "IAM", for people
    std::string_view region;   // whose clock the Date shows; empty: none
    std::string_view method, target;
    std::string head;  // fields beyond Host and Content-Length
    std::string_view body;
    std::vector<std::string_view> sent_secrets{};  // keys, tokens and the like in the parts above
    std::string signature{};
};

struct iam_client::response {
    upstream::response http_response;
    credentials::moment received;
    std::chrono::seconds ahead{0};

    // `outgoing`: its request.
    [[nodiscard]] credentials::iam_response read(const request& outgoing) const {
        const auto& head = http_response.head();
        return {.status = head.status,
                .body = http_response.body(),
                .subject_token = value_of(head, "X-Subject-Token"),
                .retry_after = value_of(head, "Retry-After"),
                .date = read_http_date(value_of(head, "Date")),
                .sent_secrets = outgoing.sent_secrets};
    }
};

iam_client::iam_client(net::loop& loop, const config::settings& settings, skew_handler on_skew)
    : on_skew_(std::move(on_skew)) {
    std::vector<config::endpoint> endpoints;
    for (const auto& [name, region] : settings.regions) {
        regions_.emplace(name, endpoints.size());
        endpoints.push_back(region.iam);
        endpoints.push_back(region.ecs);
    }
    metadata_ = endpoints.size();
    endpoints.push_back(metadata_endpoint());
    config::timeouts timeouts = settings.timeouts;
    timeouts.upstream_response = settings.timeouts.credential;
    config::upstream limits = settings.upstream;
    limits.connections_per_worker = 4;
    const auto tls = upstream::make_tls_context(settings.upstream);
    client_ = std::make_unique<upstream::client>(loop, std::move(endpoints), tls, limits, timeouts);
    client_->keep_responses_secret();
    timeouts.upstream_connect =
        std::min<std::chrono::milliseconds>(settings.timeouts.upstream_connect, max_session_call);
    timeouts.upstream_response = max_session_call;
    sessions_ = std::make_unique<upstream::client>(loop, std::vector{metadata_endpoint()}, tls, limits, timeouts);
    sessions_->keep_responses_secret();
}

task<fetched<std::unique_ptr<iam_client::response>>> iam_client::send(const request& outgoing) {
    return send(outgoing, *client_);
}

task<fetched<std::unique_ptr<iam_client::response>>> iam_client::send(const request& outgoing,
                                                                      upstream::client& client) {
    std::string head;
    head.reserve(512 + outgoing.head.size());  // at once: a string that grows leaves secrets in freed memory
    head.append(outgoing.method).append(" ").append(outgoing.target).append(" HTTP/1.1\r\nHost: ");
    head.append(client.authority(outgoing.endpoint)).append("\r\nAccept: application/json\r\n").append(outgoing.head);
    if (outgoing.method != "GET")
        head.append("Content-Length: ").append(std::to_string(outgoing.body.size())).append("\r\n");
    head += "\r\n";
    // All of these are safe to repeat.
    const upstream::request out{.head = head, .body = outgoing.body, .may_repeat = true};
    auto got = co_await client.exchange(outgoing.endpoint, out);
    wipe(head.data(), head.size());
    const auto unreachable = [&](const upstream::failure& failure) {
        return credentials::fetch_failure{
            .refused = false, .reason = std::string(outgoing.service) + " can't be reached: " + failure.text()};
    };
    if (!got) co_return unreachable(got.error());
    const auto filled = co_await got->read_body(max_answer);
    if (!filled) co_return unreachable(filled.error());
    auto read = std::make_unique<response>(response{
        .http_response = std::move(*got), .received = {.wall = system_clock::now(), .steady = steady_clock::now()}});
    if (const auto date = read_http_date(value_of(read->http_response.head(), "Date"));
        date && !outgoing.region.empty()) {
        read->ahead = *date - std::chrono::floor<std::chrono::seconds>(read->received.wall);
        on_skew_(outgoing.region, read->ahead);
    }
    co_return read;
}

fetched<iam_client::request> iam_client::iam_request(std::string_view region, std::string_view target) const {
    const auto found = regions_.find(region);
    if (found == regions_.end())
        return credentials::fetch_failure{.reason = "no account uses it, so no region is known"};
    return request{.endpoint = found->second,
                   .service = "IAM",
                   .region = region,
                   .method = "POST",
                   .target = target,
                   .head = "Content-Type: application/json;charset=utf8\r\n",
                   .body = {}};
}

task<fetched<shared_secret>> iam_client::token(const config::token_credential& user, std::string_view region,
                                               std::string_view project) {
    auto outgoing = iam_request(region, credentials::token_target);
    if (!outgoing) co_return outgoing.error();
    std::vector<config::problem> problems;
    const auto password = credentials::read(user.password, problems, credentials::secret_kind::password);
    if (!password) co_return credentials::fetch_failure{.reason = problems.front().message};
    const secret_text body = credentials::token_body(user, password->reveal(), project);
    outgoing->body = body.reveal();
    std::string escaped;  // as in the body, which an error may repeat
    escaped.reserve(max_json_text * password->reveal().size());
    append_json_text(escaped, password->reveal());
    const secret_text as_json(escaped);
    wipe(escaped.data(), escaped.size());
    outgoing->sent_secrets = {password->reveal(), as_json.reveal()};
    auto got = co_await send(*outgoing);
    if (!got) co_return got.error();
    auto read = credentials::read_token_response((*got)->read(*outgoing), (*got)->received);
    co_return read;
}

void iam_client::append_proof(request& outgoing, const secret& credential, std::string_view region,
                              std::string_view service, std::string_view project) {
    std::string& head = outgoing.head;
    std::string_view token;
    if (credential.token) token = credential.token->reveal();
    outgoing.sent_secrets.push_back(token);
    head.reserve(head.size() + token.size() + 512);
    if (!project.empty()) head.append("X-Project-Id: ").append(project).append("\r\n");
    if (!credential.key) {
        head.append("X-Auth-Token: ").append(token).append("\r\n");
        return;
    }
    const std::string date = sdk_date(std::chrono::floor<std::chrono::seconds>(system_clock::now()));
    std::vector<field> fields{{"host", client_->authority(outgoing.endpoint)}, {"x-sdk-date", date}};
    if (!outgoing.body.empty()) fields.push_back({"content-type", "application/json;charset=utf8"});
    if (!project.empty()) fields.push_back({"x-project-id", project});
    if (!token.empty()) fields.push_back({"x-security-token", token});
    const auto payload = signing::hash_payload(outgoing.body);
    const auto mark = outgoing.target.find('?');
    const signing::request signed_part{
        .method = outgoing.method,
        .path = outgoing.target.substr(0, mark),
        .query = mark == std::string_view::npos ? std::string_view() : outgoing.target.substr(mark + 1),
        .fields = fields,
        .payload = {payload.data(), payload.size()}};
    head.append("X-Sdk-Date: ").append(date).append("\r\n");
    if (!token.empty()) head.append("X-Security-Token: ").append(token).append("\r\n");
    const auto authorization = signer_.sign(signed_part, *credential.key, date, {.region = region, .service = service});
    head.append("Authorization: ").append(authorization).append("\r\n");
    outgoing.signature = authorization.substr(authorization.rfind('=') + 1);
    outgoing.sent_secrets.insert(outgoing.sent_secrets.end(), {credential.key->access_key(), outgoing.signature});
    signer_.forget();
}

task<fetched<shared_secret>> iam_client::agency(const config::agency_credential& agency, std::string_view region,
                                                const secret& credential, acceptance& result) {
    result = acceptance::unknown;
    auto outgoing = iam_request(region, credentials::agency_target);
    if (!outgoing) co_return outgoing.error();
    const std::string body = credentials::agency_body(agency);
    outgoing->body = body;
    append_proof(*outgoing, credential, region, "iam", {});
    auto got = co_await send(*outgoing);
    wipe(outgoing->head.data(), outgoing->head.size());
    if (!got) co_return got.error();
    const auto reply = (*got)->read(*outgoing);
    result = acceptance_of(reply.status);
    auto read = credentials::read_pair_response(reply, (*got)->received, "IAM");
    if (!read && reply.status == 401) {
        auto failure = read.error();
        failure.reason += credentials::clock_remark((*got)->ahead);
        co_return failure;
    }
    co_return read;
}

task<acceptance> iam_client::check(const secret& credential, std::string_view region, std::string_view project,
                                   std::string& reason) {
    const auto found = regions_.find(region);
    if (found == regions_.end()) {
        reason = "no account uses it, so there is nothing to try it on";
        co_return acceptance::unknown;
    }
    const std::string target = "/v1/" + std::string(project) + "/cloudservers/resize_flavors";
    request outgoing{.endpoint = found->second + 1,
                     .service = "the region's endpoint",
                     .region = region,
                     .method = "GET",
                     .target = target,
                     .head = {},
                     .body = {}};
    append_proof(outgoing, credential, region, "ecs", project);
    auto got = co_await send(outgoing);
    wipe(outgoing.head.data(), outgoing.head.size());
    if (!got) {
        reason = got.error().reason;
        co_return acceptance::unknown;
    }
    const auto reply = (*got)->read(outgoing);
    const acceptance result = acceptance_of(reply.status);
    if (result == acceptance::refused)
        reason = credentials::failure_of(reply, "the cloud").full_text() + credentials::clock_remark((*got)->ahead);
    else if (result == acceptance::unknown)
        reason = credentials::failure_of(reply, "the region's endpoint").full_text();
    co_return result;
}

// Whatever fails, the pair is then requested without a session.
task<iam_client::session> iam_client::open_session() {
    const auto now = steady_clock::now();
    if (now < no_sessions_until_) co_return session::none;
    if (session_ && now < session_ends_) co_return session::open;
    session_.reset();
    session_error_.clear();
    request outgoing{.endpoint = 0,  // the only one of that client
                     .service = session_call,
                     .region = {},
                     .method = "PUT",
                     .target = credentials::metadata_session_target,
                     .head = "X-Metadata-Token-Ttl-Seconds: " + std::to_string(session_life.count()) + "\r\n",
                     .body = {}};
    auto got = co_await send(outgoing, *sessions_);
    if (!got) {
        session_error_ = got.error().reason;
        co_return session::none;
    }
    const auto reply = (*got)->read(outgoing);
    if (reply.status == 404 || reply.status == 405 || reply.status == 503) {
        no_sessions_until_ = now + no_session_pause;
        co_return session::none;
    }
    if (reply.status != 200 || !credentials::is_key(reply.body)) {
        session_error_ = credentials::failure_of(reply, session_call).reason;
        co_return session::none;
    }
    session_.emplace(reply.body);
    session_ends_ = now + session_life / 2;
    co_return session::open;
}

task<fetched<shared_secret>> iam_client::metadata() {
    auto pair = co_await request_pair(true);
    if (pair) co_return pair;
    auto failure = pair.error();
    if (!session_error_.empty()) failure.reason += "; before that, " + session_error_;
    failure.max_pause = max_metadata_pause;
    co_return failure;
}

task<fetched<shared_secret>> iam_client::request_pair(bool may_renew_session) {
    const session opened = co_await open_session();
    request outgoing{.endpoint = metadata_,
                     .service = pair_call,
                     .region = {},
                     .method = "GET",
                     .target = credentials::metadata_pair_target,
                     .head = {},
                     .body = {}};
    outgoing.head.reserve(64 + (session_ ? session_->reveal().size() : 0));  // at once: see send()
    if (opened == session::open) {
        outgoing.head.append("X-Metadata-Token: ").append(session_->reveal()).append("\r\n");
        outgoing.sent_secrets = {session_->reveal()};
    }
    auto got = co_await send(outgoing);
    wipe(outgoing.head.data(), outgoing.head.size());
    if (!got) co_return got.error();
    const auto reply = (*got)->read(outgoing);
    const bool no_agency = reply.body.find("Please configure Cloud Service Agency first") != std::string_view::npos;
    if (reply.status >= 400 && no_agency) {
        co_return credentials::fetch_failure{.refused = true,
                                             .reason =
                                                 "no agency is bound to this server: choose one in the server's "
                                                 "settings (Management Information, Agency)"};
    }
    if (reply.status == 401 && may_renew_session) {
        session_.reset();
        no_sessions_until_ = {};
        auto again = co_await request_pair(false);
        co_return again;
    }
    auto read = credentials::read_pair_response(reply, (*got)->received, pair_call);
    co_return read;
}

}  // namespace gateway::credential_refresh

#include "signed_call.hpp"

#include <algorithm>

#include "command.hpp"
#include "gateway/base/escape.hpp"
#include "gateway/base/field.hpp"
#include "gateway/base/time.hpp"
#include "gateway/base/token.hpp"

namespace gateway::cli {

namespace {

constexpr std::string_view date_name = "X-Sdk-Date";
constexpr std::string_view token_name = "X-Security-Token";
constexpr std::string_view payload_name = "X-Sdk-Content-Sha256";

// A URL taken apart by hand, since every library would normalise what has to stay as it is. Views into it.
struct target {
    std::string_view host, path, query;
};

target take_apart(std::string_view url) {
    const auto wrong = [](const char* problem) { return misused(std::string("the URL ") + problem); };
    if (!std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7F; }))
        throw wrong("holds a blank, a control character or one beyond ASCII; percent-encode it");
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos ||
        !(same_name(url.substr(0, scheme), "https") || same_name(url.substr(0, scheme), "http")))
        throw wrong("must start with https:// or http://");
    url.remove_prefix(scheme + 3);
    if (url.find('#') != std::string_view::npos) throw wrong("must have no fragment: a '#' is never sent");
    target parts;
    parts.host = url.substr(0, url.find_first_of("/?"));
    if (parts.host.empty()) throw wrong("names no host");
    if (parts.host.find('@') != std::string_view::npos) throw wrong("must hold no user name or password");
    url.remove_prefix(parts.host.size());
    const auto question_mark = std::min(url.find('?'), url.size());
    parts.path = url.substr(0, question_mark);
    if (parts.path.empty()) parts.path = "/";
    parts.query = url.substr(std::min(question_mark + 1, url.size()));
    return parts;
}

// The fields to sign, but for those that signing adds. Views into the lines.
std::vector<field> read_headers(const std::vector<std::string>& lines) {
    std::vector<field> fields;
    for (const std::string_view line : lines) {
        const auto colon = std::min(line.find(':'), line.size());
        const field one{line.substr(0, colon), without_blanks(line.substr(std::min(colon + 1, line.size())))};
        if (colon == line.size() || !is_token(one.name))
            throw misused("a header is written as in --header 'X-Project-Id: 0605767a3300d5762fb7c0186d9e1779'");
        const auto is_control = [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7F; };
        if (std::any_of(one.value.begin(), one.value.end(), is_control))
            throw misused("header " + std::string(one.name) + " holds a control character");
        for (const std::string_view own :
             {std::string_view("Host"), date_name, token_name, std::string_view("Authorization")}) {
            if (same_name(one.name, own))
                throw misused("header " + std::string(own) + " is added by signing: leave it out (see --url, --date, " +
                              "--security-token-file)");
        }
        if (find_field(fields, one.name) != nullptr)
            throw misused("header " + std::string(one.name) + " is given twice; signers differ in what that means");
        fields.push_back(one);
    }
    return fields;
}

}  // namespace

signed_call sign_call(const unsigned_call& call) {
    if (!is_token(call.method) ||
        std::any_of(call.method.begin(), call.method.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
        throw misused("the method must be an HTTP method in upper case, such as POST");
    if (!read_sdk_date(call.date)) throw misused("the date must be a UTC time such as 20260102T030405Z");
    if (call.access_key.empty()) throw misused("the access key is empty");
    const bool derived = call.algorithm == signing::algorithm::v11_hmac_sha256;
    if (derived && (call.region.empty() || call.service.empty()))
        throw misused("V11-HMAC-SHA256 derives its key for a region and a service: give --region and --service");

    const target target = take_apart(call.url);
    std::vector<field> fields = read_headers(call.headers);
    fields.push_back({"Host", target.host});
    fields.push_back({date_name, call.date});
    if (call.security_token) fields.push_back({token_name, call.security_token->reveal()});

    // The hash in the header takes the place of the body's own, as the SDKs do it, unless there is no body.
    const signing::payload_hash hash = signing::hash_payload(call.body);
    const field* const given_hash = find_field(fields, payload_name);
    const bool use_given = given_hash != nullptr && !call.body.empty();
    const signing::request request{
        .method = call.method,
        .path = target.path,
        .query = target.query,
        .fields = fields,
        .payload = use_given ? given_hash->value : std::string_view(hash.data(), hash.size()),
    };
    const signing::key key(call.algorithm, call.access_key, call.secret_key.reveal());
    signing::signer signer;
    signed_call result;
    result.authorization = signer.sign(request, key, call.date, {.region = call.region, .service = call.service});
    result.canonical_request = signer.canonical_request();
    result.string_to_sign = signer.string_to_sign();
    result.reads_one_way = signing::reads_one_way(target.path, target.query);
    result.headers.emplace_back("Host", target.host);
    result.headers.emplace_back(date_name, call.date);
    if (call.security_token) result.headers.emplace_back(token_name, call.security_token->reveal());
    result.headers.emplace_back("Authorization", result.authorization);
    return result;
}

std::string as_json(const signed_call& call) {
    std::string text = "{";
    const auto member = [&](std::string_view name, std::string_view value) {
        if (!text.ends_with('{')) text += ',';
        append_json_string(text, name);
        text += ':';
        append_json_string(text, value);
    };
    member("canonical_request", call.canonical_request);
    member("string_to_sign", call.string_to_sign);
    member("authorization", call.authorization);
    text += ",\"headers\":{";
    for (const auto& [name, value] : call.headers)
        member(name, value);
    return text + "}}";
}

std::string as_text(const signed_call& call) {
    std::string text = "canonical request:\n" + call.canonical_request + "\n\nstring to sign:\n" + call.string_to_sign +
                       "\n\nheaders to add:\n";
    for (const auto& [name, value] : call.headers)
        text.append(name).append(": ").append(value).append("\n");
    text.pop_back();
    return text;
}

}  // namespace gateway::cli

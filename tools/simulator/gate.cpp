#include "gate.hpp"

#include <openssl/hmac.h>

#include <algorithm>
#include <boost/json.hpp>
#include <regex>
#include <set>

#include "gateway/base/hex.hpp"
#include "gateway/base/sha256.hpp"
#include "gateway/base/time.hpp"
#include "query.hpp"

namespace simulator {

namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == at)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

std::string encoded(const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) {
        const auto c = static_cast<unsigned char>(byte);
        if (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
            text += static_cast<char>(c);
        } else {
            const std::string hex = gateway::to_hex({&c, 1});
            text += '%';
            for (const char h : hex)
                text += static_cast<char>(std::toupper(static_cast<unsigned char>(h)));
        }
    }
    return text;
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t");
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string sha256_hex(const std::string& bytes) { return gateway::to_hex(gateway::sha256_of(bytes)); }

std::string hmac(const std::string& key, const std::string& message) {
    unsigned char digest[32];
    unsigned length = sizeof digest;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
         message.size(), digest, &length);
    return {reinterpret_cast<const char*>(digest), length};
}

std::string hex(const std::string& bytes) {
    return gateway::to_hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

// The reference has no text for a temporary pair that is over; these words are ours.
const char* const pair_is_over = "security token expired";

}  // namespace

std::vector<std::string> header_values(const call& of, const std::string& name) {
    std::vector<std::string> found;
    for (const auto& [n, v] : of.headers) {
        if (n.size() == name.size() && lower(n) == name) found.push_back(v);
    }
    return found;
}

std::string gate::canonical_request(const call& what, const std::string& signed_names) {
    std::string path;
    for (const auto& segment : split(percent_decoded(what.path), '/'))
        path += encoded(segment) + "/";
    // Every segment was given a slash behind it; a path that ends with one has an empty last segment.
    if (what.path.ends_with('/')) path.pop_back();

    std::vector<std::pair<std::string, std::string>> parameters;
    if (!what.query.empty()) {
        for (const auto& piece : split(what.query, '&')) {
            const auto equals = piece.find('=');
            parameters.emplace_back(percent_decoded(piece.substr(0, equals)),
                                    equals == std::string::npos ? "" : percent_decoded(piece.substr(equals + 1)));
        }
    }
    std::sort(parameters.begin(), parameters.end());
    std::string query;
    for (const auto& [name, value] : parameters)
        query += (query.empty() ? "" : "&") + encoded(name) + "=" + encoded(value);

    std::string headers;
    for (const auto& name : split(signed_names, ';')) {
        const auto given = header_values(what, name);
        headers += name + ":" + trimmed(given.empty() ? "" : given.front()) + "\n";
    }

    std::string payload = sha256_hex(what.body);
    if (const auto given = header_values(what, "x-sdk-content-sha256"); !given.empty() && !what.body.empty())
        payload = given.front();
    return what.method + "\n" + path + "\n" + query + "\n" + headers + "\n" + signed_names + "\n" + payload;
}

answer gate::refusal(const denial& of, const std::string& request_id) {
    boost::json::object body{{"error_msg", "Incorrect IAM authentication information: " + of.why},
                             {"error_code", "APIGW.0301"},
                             {"request_id", request_id}};
    return {401, boost::json::serialize(body)};
}

std::variant<caller, denial> gate::check_token(const std::string& given, time now) const {
    const auto found = keys_.find_token(given);
    if (!found) return denial{"decrypt token fail"};
    if (found->revoked) return denial{"decrypt token fail", true};
    if (found->until > now) return found->who;
    std::string end;
    gateway::append_rfc3339(end, found->until);
    return denial{"token expires, expires_at: " + end, true};
}

std::variant<caller, denial> gate::check(const call& what, std::string& ak, time now) const {
    const auto given = header_values(what, "authorization");
    if (const auto shown = header_values(what, "x-auth-token"); given.empty() && shown.size() == 1)
        return check_token(shown.front(), now);
    if (given.size() != 1) return denial{"x-auth-token not found"};
    static const std::regex sdk(
        "SDK-HMAC-SHA256 Access=([^,/ ]+), SignedHeaders=([a-z0-9;.-]+), Signature=([0-9a-f]{64})");
    static const std::regex v11(
        "V11-HMAC-SHA256 Credential=([^,/ ]+)/([0-9]{8})/([^,/ ]+)/([^,/ ]+), SignedHeaders=([a-z0-9;.-]+), "
        "Signature=([0-9a-f]{64})");
    std::smatch parts;
    const denial wrong{"verify aksk signature fail"};
    const bool is_v11 = std::regex_match(given.front(), parts, v11);
    if (!is_v11 && !std::regex_match(given.front(), parts, sdk)) return wrong;
    ak = parts[1];
    const std::string signed_names = parts[is_v11 ? 5 : 2], signature = parts[is_v11 ? 6 : 3];

    const auto key = keys_.find_key(ak);
    if (!key) return denial{"Get secretKey failed,ak:" + ak + ",err:ak not exist"};
    if (!key->enabled) return denial{"ak " + ak + " not exist"};

    // Each signed header exactly once; names sorted, without doubles, with the date among them. Not host: the Go SDK
    // and Terraform leave it out.
    const auto names = split(signed_names, ';');
    const std::set<std::string> sorted(names.begin(), names.end());
    bool sound = std::vector<std::string>(sorted.begin(), sorted.end()) == names && sorted.count("x-sdk-date") == 1;
    for (const auto& name : names)
        sound = sound && header_values(what, name).size() == 1;
    const auto dates = header_values(what, "x-sdk-date");
    if (!sound || dates.size() != 1) return wrong;

    const auto at = gateway::read_sdk_date(dates.front());
    const auto server_time = std::chrono::floor<std::chrono::seconds>(now);
    if (!at || *at < server_time - std::chrono::minutes(15) || *at > server_time + std::chrono::minutes(15))
        return denial{"calc aksk signature fail:signature expired, signature time:" + dates.front() +
                      ",server time:" + gateway::sdk_date(server_time)};

    // A temporary pair goes with its token, which has to be signed; a permanent one has none.
    const auto tokens = header_values(what, "x-security-token");
    const auto& wanted = key->security_token;
    if (wanted ? tokens.size() != 1 || tokens.front() != *wanted || sorted.count("x-security-token") == 0
               : !tokens.empty())
        return wrong;
    if (key->revoked || key->until <= now) return denial{pair_is_over, true};

    // A payload hash that the caller gives has to be the body's. The vendor's signers may also send UNSIGNED-PAYLOAD; a
    // gateway that leaves a body unprotected is to be found out here.
    if (const auto hashes = header_values(what, "x-sdk-content-sha256");
        !what.body.empty() && !hashes.empty() && (hashes.size() > 1 || hashes.front() != sha256_hex(what.body)))
        return wrong;

    const std::string canonical = canonical_request(what, signed_names);
    std::string computed;
    if (is_v11) {
        const std::string info = parts[2].str() + "/" + parts[3].str() + "/" + parts[4].str();
        if (parts[2].str() != dates.front().substr(0, 8)) return wrong;
        const std::string derived = hmac(hmac(ak, key->secret_key), info + '\x01');
        computed =
            hex(hmac(hex(derived), "V11-HMAC-SHA256\n" + dates.front() + "\n" + info + "\n" + sha256_hex(canonical)));
    } else {
        computed = hex(hmac(key->secret_key, "SDK-HMAC-SHA256\n" + dates.front() + "\n" + sha256_hex(canonical)));
    }
    if (computed == signature) return key->who;
    if (!echo_canonical_request_) return wrong;
    std::string echo = canonical;
    std::replace(echo.begin(), echo.end(), '\n', '|');
    return denial{wrong.why + ", canonicalRequest:" + echo};
}

std::variant<caller, denial> gate::identify(const call& what, time now) {
    std::string ak;
    auto checked = check(what, ak, now);
    const auto* const why = std::get_if<denial>(&checked);
    const std::lock_guard held(lock_);
    // Without an access key, by token or without a proof, there is nothing that could be locked.
    const auto past = histories_.find(ak);
    if (past != histories_.end() && now < past->second.locked_until) {
        ++refused_;
        return denial{"AK access failed to reach the limit,forbidden."};
    }
    if (why == nullptr) {
        if (past != histories_.end()) histories_.erase(past);
        if (!ak.empty()) note_use(ak, now);
        return checked;
    }
    ++refused_;
    if (ak.empty() || why->over) return checked;
    history& of = histories_[ak];
    if (++of.failures > 5) {
        of.failures = 0;
        of.locked_until = now + std::chrono::minutes(5);
    }
    return checked;
}

std::variant<caller, answer> gate::pass(const call& what, time now) {
    auto checked = identify(what, now);
    if (const auto* const why = std::get_if<denial>(&checked)) return refusal(*why, what.request_id);
    return std::get<caller>(std::move(checked));
}

void gate::note_use(const std::string& ak, time now) {
    // Temporary keys come and go without end. Which of the old ones goes hardly matters: none is in use.
    constexpr std::size_t most = 20'000;
    if (uses_.size() >= most && uses_.count(ak) == 0) {
        uses_.erase(std::min_element(uses_.begin(), uses_.end(),
                                     [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
    }
    use& of = uses_[ak];
    of.access_key = ak;
    ++of.calls;
    of.last = now;
}

unsigned long gate::refused() const {
    const std::lock_guard held(lock_);
    return refused_;
}

std::vector<use> gate::uses() const {
    std::vector<use> all;
    const std::lock_guard held(lock_);
    all.reserve(uses_.size());
    for (const auto& [ak, of] : uses_)
        all.push_back(of);
    return all;
}

}  // namespace simulator

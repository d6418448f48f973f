#include "gateway/upstream/signed_request.hpp"

#include <array>
#include <span>

#include "gateway/base/append.hpp"

namespace gateway::upstream {

using namespace std::string_view_literals;  // a literal as a view: its length is known, where append(const char*)
                                            // counts

void begin_request(std::string& out, const outgoing_request& request) {
    append(out, request.method, " "sv, request.path, request.query.empty() ? ""sv : "?"sv, request.query,
           " HTTP/1.1\r\nHost: "sv, request.authority, "\r\n"sv);
}

std::size_t sign_request(std::string& out, const outgoing_request& request,
                         const credentials::credential_handle& credential, std::string_view date,
                         signing::signer& signer) {
    const signing::key* const key = credential.key();
    const secret_text* const token = credential.token();
    append(out, "X-Project-Id: "sv, request.project_id);
    if (key == nullptr) {
        append(out, "\r\nX-Auth-Token: "sv, token->reveal(), "\r\n\r\n"sv);
        return 0;
    }
    // Signed is what nobody on the way may change; sorted by name, as the signature wants it.
    std::array<field, 5> fields;
    std::size_t count = 0;
    if (request.has_body) fields[count++] = {"content-type", body_type};
    fields[count++] = {"host", request.authority};
    fields[count++] = {"x-project-id", request.project_id};
    fields[count++] = {"x-sdk-date", date};
    if (token != nullptr) fields[count++] = {"x-security-token", token->reveal()};
    const signing::request to_sign{.method = request.method,
                                   .path = request.path,
                                   .query = request.query,
                                   .fields = std::span<const field>(fields.data(), count),
                                   .payload = request.payload};
    if (token != nullptr) append(out, "\r\nX-Security-Token: "sv, token->reveal());
    const auto authorization = signer.sign(to_sign, *key, date, {.region = request.region, .service = "ecs"});
    append(out, "\r\nX-Sdk-Date: "sv, date, "\r\nAuthorization: "sv, authorization);
    const std::size_t signature_end = out.size();
    append(out, "\r\n\r\n"sv);
    if (token != nullptr) signer.forget();
    return signature_end;
}

}  // namespace gateway::upstream

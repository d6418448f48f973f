// The Authorization header, and a whole request signed with it: input is the header, a line end, then a path and query.
#include <array>
#include <string>

#include "gateway/base/time.hpp"
#include "gateway/signing/signature.hpp"
#include "must.hpp"

namespace signing = gateway::signing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto end = std::min(input.find('\n'), input.size());
    const std::string header(input.substr(0, end));  // its own memory: a read beyond it is seen
    std::string_view target = input.substr(std::min(end + 1, input.size()));
    const auto mark = target.find('?');
    const std::string path(target.substr(0, mark));
    const std::string query(mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1));

    static signing::signer worker;
    static const signing::key sdk(signing::algorithm::sdk_hmac_sha256, "AK", "secret");
    static const signing::key v11(signing::algorithm::v11_hmac_sha256, "AK", "secret");
    const auto& key_of = [](signing::algorithm algorithm) -> const signing::key& {
        return algorithm == signing::algorithm::sdk_hmac_sha256 ? sdk : v11;
    };
    constexpr std::string_view date = "20261123T000000Z";
    const std::array<gateway::field, 2> fields{{{"host", "g"}, {"x-sdk-date", date}}};
    const auto hash = signing::hash_payload("");
    const signing::request request{
        .method = "GET", .path = path, .query = query, .fields = fields, .payload = {hash.data(), hash.size()}};

    signing::authorization claimed;
    if (signing::parse_authorization(header, claimed)) {
        MUST(signing::is_signature(header));
        MUST(claimed.signature.size() == 64 && !claimed.access_key.empty());
        MUST(header.find(claimed.access_key) != std::string::npos);
        // A signature that is right would be a forgery: nobody has the key.
        if (claimed.access_key != "AK")
            static_cast<void>(worker.verify(claimed, request, fields, key_of(claimed.algorithm), date));
    }
    if (!signing::reads_one_way(path, query)) return 0;
    for (const auto algorithm : {signing::algorithm::sdk_hmac_sha256, signing::algorithm::v11_hmac_sha256}) {
        const std::string own(worker.sign(request, key_of(algorithm), date, {.region = "r", .service = "ecs"}));
        signing::authorization read;
        MUST(signing::parse_authorization(own, read));
        MUST(worker.verify(read, request, fields, key_of(algorithm), date));
        auto other = request;
        other.method = "PUT";
        MUST(!worker.verify(read, other, fields, key_of(algorithm), date));
    }
    return 0;
}

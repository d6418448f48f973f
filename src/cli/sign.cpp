#include <chrono>
#include <ostream>

#include "command.hpp"
#include "gateway/base/time.hpp"
#include "gateway/credentials/read.hpp"
#include "signed_call.hpp"

namespace gateway::cli {

namespace {

signing::algorithm read_algorithm(std::string_view name) {
    for (const auto one : {signing::algorithm::sdk_hmac_sha256, signing::algorithm::v11_hmac_sha256}) {
        if (signing::name_of(one) == name) return one;
    }
    throw misused("the algorithm is SDK-HMAC-SHA256 or V11-HMAC-SHA256");
}

secret_text read_secret(const std::string& path) {
    std::vector<config::problem> problems;
    auto secret = credentials::read(
        {.origin = config::source::kind::file, .name = path, .text = nullptr, .location = {}}, problems);
    if (!secret) throw gave_up(problems.empty() ? "can't read " + shown(path) : problems.front().message);
    return std::move(*secret);
}

}  // namespace

int sign(const command& self, const std::vector<std::string>& words, const streams& io) {
    unsigned_call call;
    std::string algorithm, secret_key_file;
    po::options_description known("Options");
    // clang-format off
    known.add_options()
        ("access-key", po::value(&call.access_key)->required()->value_name("AK"), "the public half of the pair")
        ("secret-key-file", po::value(&secret_key_file)->required()->value_name("F"),
         "holds the secret half; a trailing newline is not part of it")
        ("method", po::value(&call.method)->required()->value_name("M"), "upper case, such as POST")
        ("url", po::value(&call.url)->required()->value_name("URL"), "with the query, as it is sent")
        ("header", po::value(&call.headers)->value_name("H"), "'Name: value', signed too; may be repeated")
        ("body", po::value<std::string>()->value_name("FILE"), "the bytes of the body")
        ("date", po::value(&call.date)->value_name("T"), "X-Sdk-Date, such as 20260102T030405Z; default: now")
        ("security-token-file", po::value<std::string>()->value_name("F"), "for a temporary pair")
        ("algorithm", po::value(&algorithm)->default_value("SDK-HMAC-SHA256")->value_name("A"), "or V11-HMAC-SHA256")
        ("region", po::value(&call.region)->value_name("R"), "V11-HMAC-SHA256: such as cn-north-4")
        ("service", po::value(&call.service)->value_name("S"), "V11-HMAC-SHA256: such as ecs, in this case")
        ("json", "print one JSON object: canonical_request, string_to_sign, authorization, headers");
    // clang-format on
    const auto options = read_options(self, known, words, io);
    if (!options) return done;

    call.algorithm = read_algorithm(algorithm);
    if (options->count("date") == 0)
        call.date = sdk_date(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    call.secret_key = read_secret(secret_key_file);
    if (options->count("security-token-file") != 0)
        call.security_token = read_secret((*options)["security-token-file"].as<std::string>());
    if (options->count("body") != 0) call.body = read_file((*options)["body"].as<std::string>());

    const signed_call result = sign_call(call);
    if (!result.reads_one_way)
        io.err << "ecs-gateway sign: note: servers differ in how they read this path or query, so the signature may "
                  "not verify\n";
    io.out << (options->count("json") != 0 ? as_json(result) : as_text(result)) << '\n';
    return done;
}

}  // namespace gateway::cli

#pragma once
// vectors.json: requests signed by the official SDKs (Python, Node, C++), byte for byte the same. All keys are made up.

#include <openssl/evp.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "gateway/signing/signature.hpp"

namespace gateway::signing {

inline std::string text(const boost::json::value& source) {
    return source.is_string() ? std::string(source.get_string()) : "";
}

inline std::string base64_decoded(const std::string& source) {
    std::string bytes(source.size() / 4 * 3, '\0');
    EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                    reinterpret_cast<const unsigned char*>(source.data()), static_cast<int>(source.size()));
    bytes.resize(bytes.size() - static_cast<std::size_t>(std::count(source.begin(), source.end(), '=')));
    return bytes;
}

// One vector, with everything that the views of a request point to.
struct vector {
    explicit vector(const boost::json::value& source)
        : name(text(source.at("name"))),
          algorithm(text(source.at("algorithm")) == "V11-HMAC-SHA256" ? algorithm::v11_hmac_sha256
                                                                      : algorithm::sdk_hmac_sha256),
          method(text(source.at("method"))),
          path(text(source.at("url").at("path"))),
          query(text(source.at("url").at("query"))),
          access_key(text(source.at("ak"))),
          secret_key(text(source.at("sk"))),
          region(text(source.at("region"))),
          service(text(source.at("service"))),
          date(text(source.at("timestamp"))) {
        const std::string body = text(source.at("body_encoding")) == "base64" ? base64_decoded(text(source.at("body")))
                                                                              : text(source.at("body"));
        const auto hash = hash_payload(body);
        payload.assign(hash.data(), hash.size());
        for (const auto& h : source.at("headers").as_object()) {
            given.emplace_back(h.key(), text(h.value()));
            // What the header says stands in the place of the hash, where there is a body.
            if (same_name(given.back().first, "X-Sdk-Content-Sha256") && !body.empty()) payload = given.back().second;
        }
        given.emplace_back("Host", text(source.at("url").at("host")));
        given.emplace_back("X-Sdk-Date", date);
        if (const auto token = text(source.at("security_token")); !token.empty())
            given.emplace_back("X-Security-Token", token);
        if (source.as_object().contains("expected")) {
            const auto& expected = source.at("expected");
            canonical = text(expected.at("canonical_request"));
            to_sign = text(expected.at("string_to_sign"));
            signed_names = text(expected.at("signed_headers"));
            authorization = text(expected.at("authorization"));
            for (const auto& h : expected.at("request_headers").as_object())
                sent.emplace_back(h.key(), text(h.value()));
        }
    }

    static std::vector<field> views(const std::vector<std::pair<std::string, std::string>>& headers) {
        std::vector<field> fields;
        for (const auto& [n, v] : headers)
            fields.push_back({n, v});
        return fields;
    }
    [[nodiscard]] signing::request request(std::span<const field> fields) const {
        return {method, path, query, fields, payload};
    }
    [[nodiscard]] signing::key key() const { return {algorithm, access_key, secret_key}; }
    [[nodiscard]] signing::scope scope() const { return {region, service}; }

    std::string name;
    signing::algorithm algorithm;
    std::string method, path, query, access_key, secret_key, region, service, date, payload;
    std::vector<std::pair<std::string, std::string>> given, sent;
    std::string canonical, to_sign, signed_names, authorization;
};

inline const boost::json::value& vector_file() {
    static const boost::json::value file = [] {
        std::stringstream bytes;
        bytes << std::ifstream("tests/unit/signing/vectors.json").rdbuf();
        return boost::json::parse(bytes.str());
    }();
    return file;
}

inline const std::vector<vector>& vectors() {
    static const std::vector<vector> all = [] {
        std::vector<vector> read;
        for (const auto& v : vector_file().at("vectors").as_array())
            read.emplace_back(v);
        return read;
    }();
    return all;
}

inline const vector& vector_named(std::string_view name) {
    for (const auto& v : vectors()) {
        if (v.name == name) return v;
    }
    throw std::out_of_range("no vector has this name: " + std::string(name));
}

}  // namespace gateway::signing

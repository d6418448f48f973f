#include "gateway/runtime/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "../credentials/sources.hpp"

namespace gateway::runtime {
namespace {

using credentials::folder;

template <auto Free>
struct freed {
    template <class T>
    void operator()(T* owned) const {
        Free(owned);
    }
};
using key_pair = std::unique_ptr<EVP_PKEY, freed<EVP_PKEY_free>>;
using memory_file = std::unique_ptr<BIO, freed<BIO_free_all>>;

key_pair make_key() { return key_pair(EVP_EC_gen("P-256")); }

std::string content(const memory_file& written) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(written.get(), &data);
    return {data, static_cast<std::size_t>(length)};
}

std::string pem_of(const key_pair& key) {
    const memory_file out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return content(out);
}

// Self-signed, valid between those seconds from now.
std::string certificate(const key_pair& key, long from, long to) {
    const std::unique_ptr<X509, freed<X509_free>> made(X509_new());
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), to);
    X509_set_pubkey(made.get(), key.get());
    X509_sign(made.get(), key.get(), EVP_sha256());
    const memory_file out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), made.get());
    return content(out);
}

constexpr long hour = 3600;

struct tls_files_test : testing::Test {
    folder files;
    key_pair key = make_key();
    std::string valid = certificate(key, -hour, hour), key_text = pem_of(key);
    std::vector<config::problem> problems;

    tls_files load(const std::string& certificate_text, const std::string& private_key_text) {
        config::settings settings;
        config::listener listener;
        listener.tls.emplace();
        listener.tls->certificate = files.put("gateway.pem", certificate_text);
        listener.tls->private_key = files.put("gateway.key", private_key_text);
        listener.tls->location.path = "listeners[0].tls";
        settings.listeners = {listener};
        problems.clear();
        return load_tls(settings, problems);
    }
};

TEST_F(tls_files_test, are_judged_before_they_are_used) {
    const key_pair other = make_key();
    struct {
        const char* name;
        std::string certificate, key;
        std::string problem;  // what it says; empty: none
        bool is_warning;
    } const cases[] = {
        {"valid", valid, key_text, "", false},
        {"expired", certificate(key, -2 * hour, -hour), key_text, "has expired", true},
        {"not valid yet", certificate(key, hour, 2 * hour), key_text, "not valid yet", true},
        {"another's key", valid, pem_of(other), "gateway.key", false},
        {"no certificate", "nothing", key_text, "gateway.pem", false},
        {"no key", valid, "nothing", "gateway.key", false},
        {"empty files", "", "", "gateway.pem", false},
    };
    for (const auto& c : cases) {
        const tls_files loaded = load(c.certificate, c.key);
        ASSERT_EQ(loaded.listeners.size(), 1U) << c.name;
        EXPECT_NE(loaded.upstream, nullptr) << c.name;
        ASSERT_EQ(problems.size(), c.problem.empty() ? 0U : 1U) << c.name;
        EXPECT_EQ(loaded.listeners[0].context != nullptr, c.problem.empty() || c.is_warning) << c.name;
        if (c.problem.empty()) continue;
        EXPECT_EQ(problems[0].warning, c.is_warning) << c.name;
        EXPECT_NE(problems[0].message.find(c.problem), std::string::npos) << c.name << ": " << problems[0].message;
        EXPECT_EQ(problems[0].location.path, "listeners[0].tls") << c.name;
    }
}

TEST_F(tls_files_test, that_have_not_changed_give_the_same_summary) {
    const auto first = load(valid, key_text).listeners.at(0).made_from;
    EXPECT_EQ(load(valid, key_text).listeners.at(0).made_from, first);
    EXPECT_NE(load(certificate(key, -hour, 2 * hour), key_text).listeners.at(0).made_from, first);
}

TEST_F(tls_files_test, of_a_plain_listener_are_none) {
    config::settings settings;
    settings.listeners.resize(1);
    const tls_files loaded = load_tls(settings, problems);
    ASSERT_EQ(loaded.listeners.size(), 1U);
    EXPECT_EQ(loaded.listeners[0].context, nullptr);
    EXPECT_TRUE(problems.empty());
}

TEST_F(tls_files_test, name_the_cloud_s_ca_file_that_can_t_be_read) {
    config::settings settings;
    settings.upstream.ca_file = files.path() + "/missing.pem";
    settings.upstream.location.path = "upstream";
    const tls_files loaded = load_tls(settings, problems);
    EXPECT_EQ(loaded.upstream, nullptr);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_FALSE(problems[0].warning);
    EXPECT_EQ(problems[0].location.path, "upstream");
    EXPECT_NE(problems[0].message.find("missing.pem"), std::string::npos) << problems[0].message;
}

}  // namespace
}  // namespace gateway::runtime

#include "certificate.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace simulator {

namespace {

template <auto Free>
struct freed {
    template <class T>
    void operator()(T* what) const {
        Free(what);
    }
};
using key = std::unique_ptr<EVP_PKEY, freed<EVP_PKEY_free>>;
using x509 = std::unique_ptr<X509, freed<X509_free>>;
using bio = std::unique_ptr<BIO, freed<BIO_free>>;

[[noreturn]] void fail() { throw std::runtime_error("OpenSSL can't make a certificate"); }

key make_key() {
    key made(EVP_EC_gen("P-256"));
    if (!made) fail();
    return made;
}

void extend(X509* what, X509* issuer, int id, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, what, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
    if (extension == nullptr || X509_add_ext(what, extension, -1) != 1) fail();
    X509_EXTENSION_free(extension);
}

x509 make(long serial, const char* name, EVP_PKEY* of, X509* issuer, EVP_PKEY* signs) {
    x509 made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 2 * 24 * 3600L);
    X509_set_pubkey(made.get(), of);
    X509_NAME* const subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(made.get(), issuer != nullptr ? X509_get_subject_name(issuer) : subject);
    X509* const by = issuer != nullptr ? issuer : made.get();
    extend(made.get(), by, NID_subject_key_identifier, "hash");
    if (issuer == nullptr) {
        extend(made.get(), by, NID_basic_constraints, "critical,CA:TRUE");
        extend(made.get(), by, NID_key_usage, "critical,keyCertSign");
    } else {
        extend(made.get(), by, NID_authority_key_identifier, "keyid:always");  // RFC 5280, 4.2.1.1
        extend(made.get(), by, NID_basic_constraints, "critical,CA:FALSE");
        extend(made.get(), by, NID_ext_key_usage, "serverAuth");
        extend(made.get(), by, NID_subject_alt_name, "IP:127.0.0.1,IP:::1,DNS:localhost");
    }
    if (X509_sign(made.get(), signs, EVP_sha256()) == 0) fail();
    return made;
}

template <class Write>
std::string pem(const Write& write) {
    const bio memory(BIO_new(BIO_s_mem()));
    if (write(memory.get()) != 1) fail();
    char* bytes = nullptr;
    const long length = BIO_ctrl(memory.get(), BIO_CTRL_INFO, 0, &bytes);
    return {bytes, static_cast<std::size_t>(length)};
}

}  // namespace

certificate make_certificate() {
    const key ca_key = make_key(), server_key = make_key();
    const x509 ca = make(1, "simulated cloud CA", ca_key.get(), nullptr, ca_key.get());
    const x509 server = make(2, "localhost", server_key.get(), ca.get(), ca_key.get());
    return {pem([&](BIO* to) { return PEM_write_bio_X509(to, server.get()); }), pem([&](BIO* to) {
                return PEM_write_bio_PrivateKey(to, server_key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            }),
            pem([&](BIO* to) { return PEM_write_bio_X509(to, ca.get()); })};
}

}  // namespace simulator

"""Certificates as endpoints show them, good and bad ones, made with OpenSSL's command line."""
import ssl
import subprocess
import warnings

CONFIGURATION = """
[ca]
default_ca = here
[here]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = nothing
[nothing]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:{name}
extendedKeyUsage = serverAuth
[elsewhere]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:elsewhere.test
extendedKeyUsage = serverAuth
[client]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:{name}
extendedKeyUsage = clientAuth
"""
LONG_AGO, AGO, SOME_DAY, AT_LAST = "19700101000000Z", "20200101000000Z", "20900101000000Z", "20991231000000Z"
P_256 = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


class workshop:
    """Makes certificates in a folder."""

    def __init__(self, folder, name):
        self._folder, self._name = folder, name
        (folder / "index.txt").touch()
        (folder / "openssl.cnf").write_text(CONFIGURATION.format(folder=folder, name=name), encoding="utf-8")

    def _openssl(self, command, *arguments):
        subprocess.run(["openssl", command, "-config", self._folder / "openssl.cnf", *arguments], check=True,
                       capture_output=True)

    def _files(self, which):
        return self._folder / f"{which}.pem", self._folder / f"{which}.key"

    def alone(self, which, extensions):
        """A certificate that signs itself."""
        certificate, key = self._files(which)
        self._openssl("req", "-x509", *P_256, "-nodes", "-days", "2", "-subj", f"/CN={which}",
                      "-extensions", extensions, "-keyout", key, "-out", certificate)
        return certificate

    def signed(self, which, by, extensions="server", first=AGO, last=AT_LAST, key_kind=P_256):
        certificate, key = self._files(which)
        request = self._folder / f"{which}.csr"
        issuer, issuer_key = self._files(by)
        self._openssl("req", "-new", *key_kind, "-nodes", "-subj", f"/CN={self._name}", "-keyout", key, "-out", request)
        self._openssl("ca", "-batch", "-notext", "-cert", issuer, "-keyfile", issuer_key, "-extensions", extensions,
                      "-startdate", first, "-enddate", last, "-in", request, "-out", certificate)
        return certificate

    def shown(self, which, also=None):
        """The context of an endpoint that shows this certificate, and those beneath it."""
        certificate, key = self._files(which)
        chain = self._folder / f"{which}.chain.pem"
        chain.write_bytes(certificate.read_bytes() + (self._files(also)[0].read_bytes() if also else b""))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")  # an endpoint that minds nothing
        context.load_cert_chain(chain, key)
        return context


def make(folder, name):
    """The file of the CA that the gateway trusts; and by name, what an endpoint shows."""
    made = workshop(folder, name)
    ca = made.alone("ca", "authority")
    made.alone("stranger", "authority")
    made.alone("self_signed", "server")
    made.signed("good", "ca")
    made.signed("expired", "ca", first=LONG_AGO, last=AGO)
    made.signed("not_yet", "ca", first=SOME_DAY)
    made.signed("wrong_name", "ca", "elsewhere")
    made.signed("for_clients", "ca", "client")
    made.signed("unknown_ca", "stranger")
    made.signed("not_a_ca", "good")
    made.signed("weak_key", "ca", key_kind=("-newkey", "rsa:1024"))
    contexts = {which: made.shown(which) for which in
                ("good", "expired", "not_yet", "wrong_name", "for_clients", "unknown_ca", "self_signed", "weak_key")}
    contexts["not_a_ca"] = made.shown("not_a_ca", also="good")
    contexts["old_version"] = made.shown("good")
    with warnings.catch_warnings():  # Python advises against it, too
        warnings.simplefilter("ignore", DeprecationWarning)
        contexts["old_version"].minimum_version = contexts["old_version"].maximum_version = ssl.TLSVersion.TLSv1_1
    contexts["wants_client"] = made.shown("good")
    contexts["wants_client"].verify_mode = ssl.CERT_REQUIRED
    return ca, contexts

"""A CA, the gateway's own certificate and callers' certificates, made with OpenSSL's command line."""
import datetime
import ssl
import subprocess

P_256 = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class authority:
    def __init__(self, folder, name="ca"):
        self.folder, self.file, self._key = folder, folder / f"{name}.pem", folder / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", *P_256, "-days", "2", "-subj", f"/CN={name}", "-keyout", self._key,
                        "-out", self.file], check=True, capture_output=True)

    def issue(self, name, names, usage="clientAuth", days=2):
        """Files of a certificate with these subject alternative names, and of its key."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, more = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        more.write_text((f"subjectAltName={names}\n" if names else "") + f"extendedKeyUsage={usage}\n", encoding="utf-8")
        subprocess.run(["openssl", "req", *P_256, "-subj", f"/CN={name}", "-keyout", key, "-out", request], check=True,
                       capture_output=True)
        subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key,
                        "-CAcreateserial", "-days", str(days), "-extfile", more, "-out", certificate], check=True,
                       capture_output=True)
        return certificate, key

    def issue_for_seconds(self, name, names, seconds):
        """As issue(), but for as long as that: `openssl x509` knows days only."""
        certificate, key = self.issue(name, names)
        self._sign_for_seconds(certificate, seconds, "-in", self.folder / f"{name}.csr", "-cert", self.file, "-extfile",
                               self.folder / f"{name}.ext")
        return certificate, key

    def end_in_seconds(self, seconds):
        """From now on this CA's own certificate ends that soon."""
        request, more = self.folder / "own.csr", self.folder / "own.ext"
        subprocess.run(["openssl", "req", "-new", "-key", self._key, "-subj", f"/CN={self.file.stem}", "-out", request], check=True,
                       capture_output=True)
        more.write_text("basicConstraints=critical,CA:true\nsubjectKeyIdentifier=hash\n", encoding="utf-8")
        self._sign_for_seconds(self.file, seconds, "-in", request, "-selfsign", "-extfile", more)

    def _sign_for_seconds(self, out, seconds, *of):
        (self.folder / "index").write_text("", encoding="utf-8")
        (self.folder / "serial").write_text("01\n", encoding="utf-8")
        (self.folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.folder}/index\nnew_certs_dir={self.folder}\nserial={self.folder}/serial\n"
            "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n", encoding="utf-8")
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        subprocess.run(["openssl", "ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-keyfile", self._key, "-startdate",
                        "200101000000Z", "-enddate", end.strftime("%y%m%d%H%M%SZ"), "-out", out, *of], check=True,
                       capture_output=True)

    def server(self, name="gateway"):
        return self.issue(name, "IP:127.0.0.1,DNS:gateway.test", "serverAuth")

    def trusting(self, shown=None):
        """A TLS context of a caller that trusts this CA and shows that certificate."""
        context = ssl.create_default_context(cafile=self.file)
        if shown:
            context.load_cert_chain(*shown)
        return context


def listener(certificate, client_ca=None, required=False, address="127.0.0.1:0"):
    """A listener with TLS, as the configuration has it."""
    tls = {"certificate": str(certificate[0]), "private_key": str(certificate[1])}
    if client_ca:
        tls |= {"client_ca": str(client_ca), "client_certificate": "required" if required else "optional"}
    return {"address": address, "tls": tls}

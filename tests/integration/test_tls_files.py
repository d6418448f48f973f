"""Certificates and keys of listeners: read anew by a reload without a lost call, and refused where they are of no use."""
import contextlib
import os
import pathlib
import pty
import ssl
import subprocess
import sys

import pytest
import yaml

import programs
from gateway_certificates import authority, listener
from tls_world import BOT, ca, gate, LOOK, look, over_tls, own, with_callers
from world import CI, settings


def test_new_certificates_are_shown_after_a_reload_and_no_call_is_lost(start, ca, tmp_path):
    certificate, key = ca.server("first")
    now_certificate, now_key = tmp_path / "now.pem", tmp_path / "now.key"

    def put(files):
        now_certificate.write_bytes(files[0].read_bytes())
        now_key.write_bytes(files[1].read_bytes())

    put((certificate, key))
    whole = with_callers(start.cloud(), listeners=[listener((now_certificate, now_key), ca.file)])
    gate = start.gateway(whole)

    def serial():
        with over_tls(gate.port, ca.trusting()) as to:
            return to.socket.getpeercert()["serialNumber"]

    before = serial()
    with over_tls(gate.port, ca.trusting()) as kept:
        assert kept.call("GET", LOOK, proof=CI)["Connection"] is None
        gate.reload(whole, "reloaded")
        assert serial() == before
        assert kept.call("GET", LOOK, proof=CI)["Connection"] is None, "nothing has changed: the connection stays"
        put(ca.server("second"))
        gate.reload(whole, "reloaded")
        after = serial()
        assert after != before
        last = kept.call("GET", LOOK, proof=CI)
        assert (last.status, last["Connection"]) == (200, "close"), "callers come back and see the new certificate"

    # A key that does not belong to the certificate: nothing changes.
    now_key.write_bytes(key.read_bytes())
    gate.reload(whole, "nothing changes")
    assert serial() == after


def encrypt(key, form):
    how = {"PKCS#8": ["pkcs8", "-topk8", "-v2", "aes-128-cbc"], "traditional": ["ec", "-aes128"]}[form]
    subprocess.run(["openssl", *how, "-in", key, "-passout", "pass:x", "-out", f"{key}.new"], check=True, capture_output=True)
    pathlib.Path(f"{key}.new").replace(key)


@pytest.mark.parametrize("form", ["PKCS#8", "traditional"])
def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_pass_phrase(start, ca, tmp_path, form):
    certificate, key = ca.server("encrypted")
    whole = settings(start.cloud().url, listeners=[listener((certificate, key))], admin={"address": "127.0.0.1:0"})
    # OpenSSL asks on the controlling terminal, where there is one.
    terminal, its_end = pty.openpty()
    on_terminal = [sys.executable, "-c", "import fcntl, os, sys, termios; os.setsid();"
                   "fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 1); os.execv(sys.argv[2], sys.argv[2:])", str(its_end)]
    gate = start.gateway(whole, through=on_terminal, pass_fds=(its_end,))
    encrypt(key, form)
    gate.reload(whole, "nothing changes")
    assert gate.stderr.find(f"the key {key} is encrypted, which is not supported; decrypt it")
    assert gate.admin("/healthz")[0] == 200
    gate.close()
    checked = subprocess.run([*on_terminal, programs.BIN / "ecs-gateway", "check", "--config", gate.file], pass_fds=(its_end,),
                             capture_output=True, text=True, timeout=30, check=False)
    assert checked.returncode == 1 and "is encrypted" in checked.stdout
    os.set_blocking(terminal, False)
    with contextlib.suppress(BlockingIOError):
        assert not os.read(terminal, 1000), "it asked"


def test_who_has_a_certificate_of_the_old_ca_is_out_after_a_reload(start, ca, own, tmp_path):
    other = authority(tmp_path, "other")
    cloud = start.cloud()
    gate = start.gateway(with_callers(cloud, listeners=[listener(own, ca.file, True)]))
    context = ca.trusting(ca.issue("bot", f"URI:{BOT}"))
    with over_tls(gate.port, context) as kept, over_tls(gate.port, context) as keyed:
        assert kept.call("GET", LOOK).status == keyed.call("GET", LOOK).status == 200
        gate.reload(with_callers(cloud, listeners=[listener(own, other.file, True)]), "reloaded")
        answer = kept.call("GET", LOOK)
        assert (answer.status, answer.error()[0], answer["Connection"]) == (401, "Gateway.0101", "close")
        assert kept.is_closed()
        assert keyed.call("GET", LOOK, proof=CI).status == 200, "a key needs no certificate"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        look(gate, context)


def test_a_reload_that_only_asks_every_caller_for_a_certificate_is_heeded(start, ca, own):
    cloud = start.cloud()
    gate = start.gateway(with_callers(cloud, listeners=[listener(own, ca.file)]))
    assert look(gate, ca.trusting(), CI).status == 200
    gate.reload(with_callers(cloud, listeners=[listener(own, ca.file, True)]), "reloaded")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        look(gate, ca.trusting(), CI)
    gate.reload(with_callers(cloud, listeners=[listener(own, ca.file)]), "reloaded")
    assert look(gate, ca.trusting(), CI).status == 200


def test_who_has_a_certificate_that_the_new_cas_verify_too_stays(start, ca, own, tmp_path):
    other, both = authority(tmp_path, "other"), tmp_path / "both.pem"
    both.write_bytes(other.file.read_bytes() + ca.file.read_bytes())
    cloud = start.cloud()
    gate = start.gateway(with_callers(cloud, listeners=[listener(own, ca.file, True)]))
    with over_tls(gate.port, ca.trusting(ca.issue("bot", f"URI:{BOT}"))) as kept:
        assert kept.call("GET", LOOK).status == 200
        gate.reload(with_callers(cloud, listeners=[listener(own, both, True)]), "reloaded")
        answer = kept.call("GET", LOOK)
        assert (answer.status, answer["Connection"]) == (200, "close")


def test_a_listener_changes_between_plain_and_tls(start, ca, own):
    cloud = start.cloud()
    gate = start.gateway(with_callers(cloud, listeners=[{"address": "127.0.0.1:0"}, listener(own, ca.file, False, "127.0.0.2:0")]))
    gate.reload(with_callers(cloud, listeners=[listener(own, ca.file), listener(own, ca.file, False, "127.0.0.2:0")]),
                "reloaded")
    assert look(gate, ca.trusting(), CI).status == 200


@pytest.mark.parametrize("broken", ["certificate", "private_key", "client_ca", "another key"])
def test_run_and_check_refuse_files_that_are_no_certificates(start, ca, own, tmp_path, broken):
    at = listener(own, ca.file)
    if broken == "another key":
        at["tls"]["private_key"] = str(ca.server("else")[1])
    else:
        (tmp_path / "broken").write_text("no PEM\n", encoding="utf-8")
        at["tls"][broken] = str(tmp_path / "broken")
    whole = with_callers(start.cloud(), listeners=[at])
    with pytest.raises(AssertionError, match=r"ended with 1:[\s\S]*listeners\[0\]\.tls"):
        start.gateway(whole)
    (tmp_path / "gateway.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    done = programs.run("ecs-gateway", "check", "--config", tmp_path / "gateway.yaml")
    assert done.returncode == 1 and "listeners[0].tls" in done.stdout


def test_an_expired_certificate_is_a_warning(start, ca, own, tmp_path):
    (certificate, key), expired = own, tmp_path / "expired.pem"
    subprocess.run(["openssl", "x509", "-in", certificate, "-signkey", key, "-days", "-1", "-out", expired], check=True,
                   capture_output=True)
    gate = start.gateway(with_callers(start.cloud(), listeners=[listener((expired, key), ca.file)]))
    gate.wait_for(gate.stderr, r"warning .*listeners\[0\]\.tls: the certificate has expired")

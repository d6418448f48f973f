"""TLS towards callers, and callers who prove themselves by a client certificate: with OpenSSL's and curl's own clients."""
import contextlib
import http.client
import re
import socket
import ssl
import subprocess
import threading
import time

import pytest

import calling
import programs
from gateway_certificates import authority, listener
from tls_world import BOT, ca, gate, KEYED, LOOK, look, over_tls, own, with_callers
from world import CI, PLANNER


@pytest.mark.parametrize("names, caller", [
    (f"URI:{BOT}", "billing-bot"),
    ("DNS:bot.corp.example", "by-name"),
    ("DNS:BOT.corp.EXAMPLE", "by-name"),
    (f"DNS:other.example,URI:{BOT},email:x@y.example", "billing-bot"),
])
def test_a_certificate_proves_its_caller(gate, ca, names, caller):
    answer = look(gate, ca.trusting(ca.issue("caller", names)))
    assert answer.status == 200
    line = gate.outcome_of(answer)
    assert (line["caller"], line["proof"]) == (caller, "certificate")


@pytest.mark.parametrize("names", [f"URI:{BOT}/more", "URI:spiffe://corp.example/billing-bo", f"DNS:{BOT[9:21]}",
                                   "DNS:sub.bot.corp.example", "DNS:*.corp.example", f"email:{BOT}@x", "",
                                   f"URI:{BOT},DNS:bot.corp.example"])
def test_a_certificate_of_nobody_or_of_several_callers_proves_nothing(gate, ca, names):
    answer = look(gate, ca.trusting(ca.issue("stranger", names)))
    assert (answer.status, answer.error()[0]) == (401, "Gateway.0101")


def test_the_operator_learns_whose_certificate_it_was(start, ca, own):
    gate = start.gateway(with_callers(start.cloud(), listeners=[listener(own, ca.file)],
                                      log={"level": "debug", "outcomes": "stdout"}))
    several = look(gate, ca.trusting(ca.issue("both", f"URI:{BOT},DNS:bot.corp.example")))
    assert gate.outcome_of(several)["auth_failure"] == "certificate_matches_several"
    gate.wait_for(gate.stderr, f"request_id={several['X-Gateway-Request-Id']} callers=billing-bot,by-name")
    nobodys = look(gate, ca.trusting(ca.issue("someone", "DNS:someone.example")))
    assert gate.outcome_of(nobodys)["auth_failure"] == "certificate_matches_no_caller"


def test_a_web_page_can_not_borrow_a_certificate(gate, ca):
    """The browser shows its user's certificate for every page."""
    context = ca.trusting(ca.issue("bot", f"URI:{BOT}"))
    for fields in ([("Origin", "https://evil.example")], [("Sec-Fetch-Site", "cross-site")]):
        with over_tls(gate.port, context) as to:
            answer = to.call("GET", LOOK, fields=fields)
        assert (answer.status, answer.error()[0]) == (403, "Gateway.0206")
        assert gate.outcome_of(answer)["auth_failure"] == "page_of_another_origin"


@pytest.mark.parametrize("ends", ["the certificate", "its CA"])
def test_a_certificate_proves_nobody_from_its_end_on_also_over_a_kept_connection(start, ca, own, tmp_path, ends):
    clients = authority(tmp_path, "clients")
    whole = with_callers(start.cloud(), listeners=[listener(own, clients.file)])
    gate = start.gateway(whole)
    if ends == "its CA":
        shown = clients.issue("bot", f"URI:{BOT}")
        clients.end_in_seconds(6)
        gate.reload(whole, "reloaded")
    else:
        shown = clients.issue_for_seconds("bot", f"URI:{BOT}", 6)
    with over_tls(gate.port, ca.trusting(shown)) as kept:
        assert kept.call("GET", LOOK).status == 200

        def ended():
            answer = kept.call("GET", LOOK)
            return answer if answer.status != 200 else None
        answer = programs.wait_until(ended, "the end of the certificate")
        assert (answer.status, answer.error()[0], answer["Connection"]) == (401, "Gateway.0101", "close")
        assert gate.outcome_of(answer)["auth_failure"] == "certificate_expired"
        assert kept.is_closed()


def test_a_key_needs_the_certificate_that_its_caller_has_and_no_other_caller_s(gate, ca):
    keyed, bot = (ca.trusting(ca.issue(*which)) for which in (("keyed", "DNS:keyed.example"), ("bot", f"URI:{BOT}")))
    stranger, bare = ca.trusting(ca.issue("someone", "DNS:someone.example")), ca.trusting()
    cases = [(keyed, KEYED, 200), (keyed, calling.nothing, 401), (bare, KEYED, 401), (stranger, KEYED, 401),
             (bot, KEYED, 401), (bot, CI, 401), (bot, PLANNER, 401), (stranger, CI, 200), (bare, CI, 200),
             (bare, PLANNER, 200), (bare, calling.nothing, 401)]
    assert [look(gate, context, proof).status for context, proof, _ in cases] == [status for *_, status in cases]


def test_a_listener_that_demands_certificates_serves_nobody_without_a_good_one(gate, ca, tmp_path):
    forged = authority(tmp_path, "forged").issue("bot", f"URI:{BOT}")
    contexts = [ca.trusting(), ca.trusting(forged), ca.trusting(ca.issue("server-only", f"URI:{BOT}", "serverAuth"))]
    for context in contexts:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            with over_tls(gate.ports[1], context, "127.0.0.2", "gateway.test") as to:
                to.call("GET", LOOK, proof=CI)
    with over_tls(gate.ports[1], ca.trusting(ca.issue("bot", f"URI:{BOT}")), "127.0.0.2", "gateway.test") as to:
        assert to.call("GET", LOOK).status == 200


def s_client(port, *options):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options], input="", timeout=60,
                          capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("options, protocol", [
    (["-tls1_3"], "TLSv1.3"),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "TLSv1.2"),
    (["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], "TLSv1.2"),
])
def test_tls_1_2_and_1_3_are_spoken(gate, options, protocol):
    said = s_client(gate.port, *options)
    assert re.search(rf"New, {protocol}, Cipher is (TLS_|ECDHE)", said), said


@pytest.mark.parametrize("options", [
    ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
    ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"],  # no AEAD
    ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],          # no forward secrecy
    ["-alpn", "h2"],
], ids=lambda options: " ".join(options))
def test_what_is_older_or_weaker_is_not(gate, options):
    said = s_client(gate.port, *options)
    assert "Cipher is (NONE)" in said, said


def test_http_1_1_is_agreed_on_by_alpn(gate):
    assert "ALPN protocol: http/1.1" in s_client(gate.port, "-alpn", "h2,http/1.1")


def test_curl_calls_over_tls(gate, ca):
    certificate, key = ca.issue("bot", f"URI:{BOT}")
    done = subprocess.run(["curl", "-sS", "--cacert", ca.file, "--cert", certificate, "--key", key, "-w", "%{http_code}",
                           "-o", "/dev/null", f"https://127.0.0.1:{gate.port}{LOOK}"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("200", "")


def test_noise_on_a_tls_listener_ends_the_connection(gate):
    for noise in (b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01" + bytes(600)):
        with calling.connection(gate.port) as to:
            to.send(noise)
            assert to.is_closed()
    assert gate.process.poll() is None


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT"])
def test_plain_http_on_a_tls_listener_is_told_so(gate, method):
    with calling.connection(gate.port) as to:
        to.send(to.request(method, LOOK, b"{}", proof=CI))
        answer = to.answer()
        assert (answer.status, answer["Content-Type"], answer["Connection"]) == (400, "text/plain", "close")
        assert answer.body == b"This listener speaks TLS: use https:// instead of http\n"
        assert to.is_closed()


def test_a_failed_handshake_is_logged_and_counted_with_its_reason(start, ca, own, tmp_path):
    gate = start.gateway(with_callers(start.cloud(), listeners=[listener(own, ca.file, True)], admin={"address": "127.0.0.1:0"}))
    forged = authority(tmp_path, "forged").issue("bot", f"URI:{BOT}")
    expired = ca.issue("expired", f"URI:{BOT}", days=-1)

    def refused(context):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            look(gate, context)

    def silent(_):
        socket.create_connection(("127.0.0.1", gate.port), 30).close()

    def plain(_):
        with calling.connection(gate.port) as to:
            to.send(to.request("GET", LOOK))
            assert to.answer().status == 400

    def distrusts(_):
        with pytest.raises(ssl.SSLError):
            over_tls(gate.port, authority(tmp_path, "nobody").trusting())
    rows = [("certificate", refused, ca.trusting(forged), "certificate verify failed .*: unable to get local issuer certificate"),
            ("certificate", refused, ca.trusting(expired), "certificate verify failed .*: certificate has expired"),
            ("no_certificate", refused, ca.trusting(), "peer did not return a certificate"),
            ("closed", silent, None, ""), ("plain_http", plain, None, "http request"),
            ("alert", distrusts, None, "alert unknown ca")]
    for reason, attempt, context, text in rows:
        time.sleep(0.3)  # five lines at once and one a second are written
        attempt(context)
        if reason == "closed":  # probes of a port: counted, and logged at debug
            programs.wait_until(lambda: gate.metric("ecs_gateway_tls_handshake_failures_total", reason="closed") == 1, "the count")
            continue
        gate.wait_for(gate.stderr, rf'info tls: .*handshake failed: listener=\S+ peer=127\.0\.0\.1:\d+ reason={reason} error=".*{text}')
    counted = {row[0]: gate.metric("ecs_gateway_tls_handshake_failures_total", listener="127.0.0.1:0", reason=row[0]) for row in rows}
    assert counted == {"certificate": 2, "no_certificate": 1, "closed": 1, "plain_http": 1, "alert": 1}


def test_a_flood_of_failed_handshakes_is_a_line_now_and_then(start, ca, own):
    gate = start.gateway(with_callers(start.cloud(), listeners=[listener(own, ca.file)], admin={"address": "127.0.0.1:0"}))
    for _ in range(300):
        with calling.connection(gate.port) as to:
            to.send(to.request("GET", LOOK))
            assert to.answer().status == 400
    assert gate.metric("ecs_gateway_tls_handshake_failures_total", reason="plain_http") == 300
    assert 5 <= gate.stderr.text().count("handshake failed") < 60


def test_handshakes_that_are_never_finished_make_room(start, ca, own):
    gate = start.gateway(with_callers(start.cloud(), listeners=[listener(own, ca.file)], admin={"address": "127.0.0.1:0"},
                                      timeouts={"request_header": "1m"}))
    stalled = [socket.create_connection(("127.0.0.1", gate.port), 30) for _ in range(400)]
    for each in stalled:
        with contextlib.suppress(ConnectionError):
            each.sendall(b"\x16\x03\x01")
    assert look(gate, ca.trusting(), CI).status == 200
    assert gate.metric("ecs_gateway_tls_handshake_failures_total", reason="crowded_out") > 100
    for each in stalled:
        each.close()


def test_a_caller_who_never_ends_its_handshake_is_not_waited_for(start, ca, own):
    gate = start.gateway(with_callers(start.cloud(), listeners=[listener(own, ca.file)],
                                      timeouts={"request_header": "500ms"}))
    with calling.connection(gate.port) as silent:
        silent.send(b"\x16\x03\x01")
        assert silent.is_closed()


def test_many_calls_over_one_tls_connection(gate, ca):
    with over_tls(gate.port, ca.trusting(ca.issue("bot", f"URI:{BOT}"))) as to:
        assert [to.call("GET", LOOK).status for _ in range(20)] == [200] * 20
        to.send(to.request("GET", LOOK) * 3)  # in one TLS record: the second and third are read with the first
        assert [to.answer().status for _ in range(3)] == [200] * 3


def test_a_kept_tls_connection_is_closed_when_idle_for_too_long(start, ca, own):
    gate = start.gateway(with_callers(start.cloud(), listeners=[listener(own, ca.file)], timeouts={"idle": "300ms"}))
    with over_tls(gate.port, ca.trusting()) as to, contextlib.suppress(ssl.SSLError):
        assert to.call("GET", LOOK, proof=CI).status == 200
        began = time.monotonic()
        assert to.is_closed() and time.monotonic() - began < 25


@pytest.mark.parametrize("framing", ["chunked", "until close"])
def test_a_large_answer_comes_to_its_end(start, ca, framing):
    """Its end comes apart from its last bytes: then there is nothing to write with it."""
    piece, told = b"x" * 100_000, threading.Event()

    def behave(to, _request):
        chunked = framing == "chunked"
        to.sendall(b"HTTP/1.1 200 OK\r\n" + (b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(piece) if chunked else b"\r\n"))
        to.sendall(piece + (b"\r\n" if chunked else b""))
        told.wait(30)
        if not chunked:
            raise ConnectionAbortedError
        to.sendall(b"0\r\n\r\n")
    cloud = start.cloud(behave)
    gate = start.gateway(with_callers(cloud, listeners=[listener(ca.server(), ca.file)]))
    with over_tls(gate.port, ca.trusting()) as to:
        to.send(to.request("GET", LOOK, proof=CI))
        response = http.client.HTTPResponse(to.socket)
        response.begin()
        assert response.read(len(piece)) == piece
        told.set()
        assert response.read() == b""
    programs.wait_until(lambda: any(o.get("operation") == "show_job" for o in gate.outcomes()), "the outcome line")
    assert [o["outcome"] for o in gate.outcomes()] == ["answered"]

"""Every row of the tables, over real sockets, with the real gateway in between."""
import contextlib
import json
import re
import socket
import threading

import pytest

import answer_cases
import page
import programs
import request_cases
import request_parts
from cases import CALLED, LOOK, SILENT, answer, chunked, chunks, get, post
from world import settings

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"job_id":"j"}'
# All that a call may bring to the cloud (src/pipeline/forwarding.cpp): whatever else a caller sends stays here.
GOES_ON = {"host", "content-type", "accept", "user-agent", "x-language", "x-client-token", "traceparent", "tracestate",
           "content-length", "x-project-id", "x-sdk-date", "authorization", "via"}
STAYS_HERE = {"connection", "x-own", "keep-alive", "proxy-connection", "upgrade", "trailer", "te", "proxy-authenticate",
              "transfer-encoding", "x-gateway-other"}


def rows(groups, fit=lambda case: True):
    cases = [case for group in groups.values() for case in group if fit(case)]
    assert len({case.name for case in cases}) == len(cases), "two cases of one name"
    return pytest.mark.parametrize("case", cases, ids=[case.name.encode("unicode_escape").decode() for case in cases])


@pytest.fixture(scope="module")
def cloud(start_once):
    return start_once.cloud(lambda connection, _request: connection.sendall(ANSWER))


@pytest.fixture(scope="module")
def gate(start_once, cloud):
    return start_once.gateway(settings(cloud.url, timeouts={"request_header": "20s"}))


def read_answers(to):
    """Every whole answer until the connection ends, and whether it ended (rather than stayed silent)."""
    received = b""
    ended = True
    try:
        while piece := to.recv(65536):
            received += piece
    except TimeoutError:
        ended = False
    except ConnectionResetError:
        pass
    answers = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        size = int(length[1]) if length and status >= 200 else 0
        if status >= 200:
            answers.append((status, head, rest[:size]))
        received = rest[size:]
    return answers, ended


def names_of(head):
    return [line.partition(b":")[0].decode("latin-1").lower() for line in head.split(b"\r\n")[1:]]


def assert_own_answer(head, body, outcome):
    """A refusal in the cloud's own shape, which says whether the cloud can have acted."""
    assert f"\r\nX-Gateway-Outcome: {outcome}\r\n".encode() in head + b"\r\n"
    assert names_of(head).count("content-length") == 1 and "transfer-encoding" not in names_of(head)
    assert set(json.loads(body)["error"]) == {"code", "message"}


def code_of(body):
    found = re.search(rb'"code":"(Gateway\.\d{4})"', body)
    return found[1].decode() if found else None


@rows(request_cases.GROUPS)
def test_a_request(gate, cloud, case):
    cloud.requests.clear()
    with contextlib.closing(socket.create_connection(("127.0.0.1", gate.port), 30)) as to:
        after = get(target=LOOK.replace("jobs/j", "jobs/after"))
        to.sendall(case.sent + after)
        if not case.closes:
            to.shutdown(socket.SHUT_WR)
        answers, ended = read_answers(to)
    assert ended
    status, _, body = answers[0]
    assert (status, code_of(body)) == case.expected, answers
    if case.expected[1]:
        assert_own_answer(answers[0][1], body, "not_sent")
    sent_on = [r.line for r in cloud.requests]
    if case.closes:
        assert len(answers) == 1 and not any("jobs/after" in line for line in sent_on), "read on after an error or the end"
        assert b"\r\nconnection: close" in answers[0][1].lower()
    else:
        assert [a[0] for a in answers[1:]] == [200], "the pipelined call is answered, after the first"
        assert "jobs/after" in sent_on.pop()
    assert len(sent_on) == (1 if case.expected == CALLED else 0), sent_on
    if sent_on:
        reached = cloud.requests[0]
        method, target, version = sent_on[0].split(" ")
        first_line = case.sent.lstrip(b"\r\n").split(b"\r\n")[0].decode()
        assert method == first_line.split(" ")[0] and version == "HTTP/1.1"
        assert target == re.sub(r"(?i)^https?://[^/]*", "", first_line.split(" ")[1])
        names = [name.lower() for name, _ in reached.fields]
        assert reached["Host"] == f"127.0.0.1:{cloud.port}"
        assert set(names) <= GOES_ON and len(set(names)) == len(names), names
        if method == "POST":
            assert reached.body == request_cases.BODY and reached["Content-Length"] == str(len(request_cases.BODY))


@rows(request_cases.GROUPS, lambda case: len(case.sent) < 1000 and b"\r\n\r\n" in case.sent)
def test_a_request_that_comes_byte_by_byte(gate, cloud, case):
    """The same in as many packets as it has bytes: what was decided does not depend on how it came."""
    cloud.requests.clear()
    with contextlib.closing(socket.create_connection(("127.0.0.1", gate.port), 30)) as to:
        to.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in case.sent:
            to.send(bytes([byte]))  # the gateway reads over what follows an error, so that its answer is not lost
        to.shutdown(socket.SHUT_WR)
        answers, ended = read_answers(to)
    assert ended and [(status, code_of(body)) for status, _, body in answers] == [case.expected]
    assert len(cloud.requests) == (1 if case.expected == CALLED else 0)


@rows({"": request_cases.BEHIND})
def test_what_stands_behind_a_call(gate, cloud, case):
    cloud.requests.clear()
    with contextlib.closing(socket.create_connection(("127.0.0.1", gate.port), 30)) as to:
        to.sendall(case.sent + request_parts.HIDDEN)
        answers, ended = read_answers(to)
    assert ended and [(status, code_of(body)) for status, _, body in answers] == [CALLED, case.expected]
    assert len(cloud.requests) == 1 and "hidden" not in cloud.requests[0].line


@rows({"": request_cases.SHORT})
def test_a_request_that_ends_early(gate, cloud, case):
    cloud.requests.clear()
    with contextlib.closing(socket.create_connection(("127.0.0.1", gate.port), 30)) as to:
        to.sendall(case.sent)
        to.shutdown(socket.SHUT_WR)
        answers, ended = read_answers(to)
    assert ended and not cloud.requests
    assert [(status, code_of(body)) for status, _, body in answers] == ([] if case.expected == SILENT else [case.expected])


def test_a_body_that_waits_for_100_continue(gate, cloud):
    cloud.requests.clear()
    for head, body in ((post(request_parts.LENGTH, "Expect: 100-continue"), request_cases.BODY),
                       (chunked(b"", "Expect: 100-continue"), request_parts.WHOLE)):
        with contextlib.closing(socket.create_connection(("127.0.0.1", gate.port), 30)) as to:
            to.sendall(head)
            interim = b""
            while not interim.endswith(b"\r\n\r\n"):
                interim += to.recv(1)
            assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
            to.sendall(body + get())
            to.shutdown(socket.SHUT_WR)
            answers, _ = read_answers(to)
        assert [status for status, _, _ in answers] == [200, 200]
    assert [r.body for r in cloud.requests if r.line.startswith("POST")] == [request_cases.BODY] * 2


@pytest.mark.parametrize("head, status", [
    (post(request_parts.LENGTH, "Expect: 100-continue", version="HTTP/1.0"), 400),  # RFC 9110, 10.1.1: passed over
    (post("Content-Length: 131073", "Expect: 100-continue"), 413), (post("Content-Length: +1", "Expect: 100-continue"), 400),
    (post("Transfer-Encoding: gzip, chunked", "Expect: 100-continue"), 501),
    (post("Transfer-Encoding: gzip", "Expect: 100-continue"), 400), (post(request_parts.LENGTH, "Expect: 100-continue", key=False), 401),
    (post("Content-Length: 0", "Expect: 100-continue"), 400),
    (get("Expect: 100-continue"), 200)], ids=["HTTP/1.0", "too_large", "malformed", "coding", "last_coding", "stranger", "empty", "no_body"])
def test_no_100_continue_where_no_body_is_to_come(gate, head, status):
    with contextlib.closing(socket.create_connection(("127.0.0.1", gate.port), 30)) as to:
        to.sendall(head)
        to.shutdown(socket.SHUT_WR)
        first = to.recv(65536)
    assert first.startswith(f"HTTP/1.1 {status} ".encode())


def test_pipelined_calls_are_answered_in_order(gate, cloud):
    cloud.requests.clear()
    with contextlib.closing(socket.create_connection(("127.0.0.1", gate.port), 30)) as to:
        to.sendall(b"".join(get(target=LOOK.replace("jobs/j", f"jobs/{i}")) for i in range(50)))
        to.shutdown(socket.SHUT_WR)
        answers, _ = read_answers(to)
    assert [status for status, _, _ in answers] == [200] * 50
    assert [r.line.split(" ")[1].rsplit("/", 1)[1] for r in cloud.requests] == [str(i) for i in range(50)]


def test_an_answer_to_head_has_no_body(gate):
    with contextlib.closing(socket.create_connection(("127.0.0.1", gate.port), 30)) as to:
        to.sendall(get(method="HEAD") + get())
        to.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: to.recv(65536), b""))
    first, _, second = received.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 405 ") and second.startswith(b"HTTP/1.1 200 ")


class one_answer:
    """An endpoint that gives these bytes to the call that is tried, then closes when it has to; others get an answer."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.pieces, self.seen = [], []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        count = 0
        while True:
            connection, _ = self.listening.accept()
            threading.Thread(target=self._serve, args=(connection, count), daemon=True).start()
            count += 1

    def _serve(self, connection, number):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, contextlib.suppress(OSError):
            stream = connection.makefile("rb")
            while line := stream.readline():
                while stream.readline() not in (b"\r\n", b""):
                    pass
                tried = b"jobs/tried" in line
                self.seen.append((number, tried))
                for piece in self.pieces if tried else [ANSWER]:
                    connection.sendall(piece)
                if tried:
                    # What ends without saying so ends here; the rest stays open, for the gateway to use or not.
                    connection.settimeout(30)
                    if self.ends:
                        return

    ends = False


@pytest.fixture(scope="module")
def endpoint():
    return one_answer()


@pytest.fixture(scope="module")
def before_it(start_once, endpoint):
    return start_once.gateway(settings(endpoint.url, timeouts={"upstream_response": "20s"}))


def ends_with_the_connection(case):
    """What the gateway would wait for more of, or has to wait for the end of."""
    return case in answer_cases.SHORT or case.name.startswith("a body until the end of the connection") or case.name in (
        "a header without an end", "101", "lines that end with LF")


@pytest.mark.parametrize("at_once", [True, False], ids=["at_once", "byte_by_byte"])
@rows(answer_cases.GROUPS, lambda case: len(case.sent) < 1000)
def test_an_answer_of_some_length(before_it, endpoint, case, at_once):
    answered(before_it, endpoint, case, [case.sent] if at_once else [bytes([byte]) for byte in case.sent], at_once)


@rows(answer_cases.GROUPS, lambda case: len(case.sent) >= 1000)
def test_a_long_answer(before_it, endpoint, case):
    answered(before_it, endpoint, case, [case.sent], True)


def answered(before_it, endpoint, case, pieces, at_once):
    endpoint.seen.clear()
    endpoint.pieces, endpoint.ends = pieces, ends_with_the_connection(case)
    with contextlib.closing(socket.create_connection(("127.0.0.1", before_it.port), 30)) as to:
        for which in ("tried", "next"):
            to.sendall(get(target=LOOK.replace("jobs/j", f"jobs/{which}")))
        to.shutdown(socket.SHUT_WR)
        answers, _ = read_answers(to)
    (status, head, body), (next_status, _, _) = answers
    assert (status, code_of(body)) == case.expected, answers
    if case.expected[1]:
        assert_own_answer(head, body, "unknown")
    else:
        bodiless = status in (204, 304)
        names = names_of(head)
        assert body == (b"" if bodiless else case.content)
        assert names.count("content-length") == (0 if bodiless else 1) and names.count("x-gateway-request-id") == 1
        assert not STAYS_HERE & set(names) and b"not_sent" not in head
        assert head.count(b"X-Twice:") == case.sent.partition(b"\r\n\r\n")[0].count(b"X-Twice:")
        assert names.count("date") == 1 and b"\r\nVia: 1." in head and b" ecs-gateway\r\n" in head
        assert not {"set-cookie", "x-subject-token", "www-authenticate", "alt-svc", "strict-transport-security", "location"} & set(names)
    # Of what comes a byte at a time, bytes behind the answer may come when its connection is in use again.
    undisturbed = at_once or not case.closes or bool(case.expected[1])
    assert next_status == 200 or (next_status == 502 and not undisturbed), "the next call is served"
    if next_status == 502 or (not undisturbed and len(endpoint.seen) == 1):
        return  # its connection ended, or those bytes were its answer, before the endpoint read the call
    (tried_on, _), *_, (next_on, _) = endpoint.seen
    kept = [number for number, _ in endpoint.seen].count(tried_on) > 1 and next_on == tried_on
    if undisturbed:
        assert kept == (not case.closes), f"connections of the calls: {endpoint.seen}"


def test_bytes_that_come_between_two_calls_are_no_answer(gate, cloud):
    with contextlib.closing(socket.create_connection(("127.0.0.1", gate.port), 30)) as to:
        for _ in range(3):
            to.sendall(get())
            assert b'{"job_id":"j"}' in to.recv(65536)
            used = cloud.requests[-1].connection
            # At once, not when the last answer is acknowledged: that is when the next call comes.
            cloud.connections[used].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            cloud.connections[used].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG")
            to.sendall(get())
            assert b'{"job_id":"j"}' in to.recv(65536)
            assert cloud.requests[-1].connection != used


LARGE = b"x" * 300_000  # more than is held back to be told the length of
FRAMINGS = {"length": answer(f"Content-Length: {len(LARGE)}", body=LARGE),
            "chunked": answer("Transfer-Encoding: chunked", body=chunks(LARGE[:100_000], LARGE[100_000:])),
            "until_close": answer(body=LARGE)}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_large_answer_is_framed_for_who_takes_it(before_it, endpoint, framing, version):
    """RFC 9112, 6.1: no transfer-coding to HTTP/1.0."""
    endpoint.pieces, endpoint.ends = [FRAMINGS[framing]], framing == "until_close"
    with contextlib.closing(socket.create_connection(("127.0.0.1", before_it.port), 30)) as to:
        to.sendall(get(target=LOOK.replace("jobs/j", "jobs/tried"), version=version))
        to.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: to.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    framed_by = {"content-length", "transfer-encoding"} & set(names_of(head))
    if framing == "length":
        assert framed_by == {"content-length"} and body == LARGE
    elif version == "HTTP/1.0":
        assert not framed_by and b"\r\nConnection: close" in head and body == LARGE
    else:
        assert framed_by == {"transfer-encoding"} and unchunked(body) == LARGE


def unchunked(body):
    content = b""
    while True:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        assert rest[length:length + 2] == b"\r\n"
        content, body = content + rest[:length], rest[length + 2:]
        if length == 0:
            assert body == b""
            return content


def test_the_page_is_the_one_that_these_tables_make():
    with open(programs.PROJECT / "docs/http-conformance.md", encoding="utf-8") as kept:
        assert kept.read() == page.page(), "write it anew: tests/conformance/page.py > docs/http-conformance.md"

"""Every row of the tables, over real sockets, with the real gateway in between."""
import contextlib
import re
import socket
import threading

import pytest

import answer_cases
import page
import programs
import request_cases
from cases import LOOK, get
from world import settings

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"job_id":"j"}'
HOP_BY_HOP = ("connection", "upgrade", "te", "keep-alive", "transfer-encoding", "trailer", "expect", "x-api-key", "x-own")


def rows(groups):
    cases = [case for group in groups.values() for case in group]
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
    sent_on = [r.line for r in cloud.requests]
    if case.closes:
        assert len(answers) == 1 and not any("jobs/after" in line for line in sent_on), "read on after an error or the end"
        assert b"\r\nconnection: close" in answers[0][1].lower()
    else:
        assert [a[0] for a in answers[1:]] == [200], "the pipelined call is answered, after the first"
        assert "jobs/after" in sent_on.pop()
    assert len(sent_on) == (1 if case.expected[1] is None else 0), sent_on
    if sent_on:
        reached = cloud.requests[0]
        method, target, version = sent_on[0].split(" ")
        first_line = case.sent.lstrip(b"\r\n").split(b"\r\n")[0].decode()
        assert method == first_line.split(" ")[0] and version == "HTTP/1.1"
        assert target == re.sub(r"^https?://[^/]*", "", first_line.split(" ")[1])
        assert [v for n, v in reached.fields if n.lower() == "host"] == [f"127.0.0.1:{cloud.port}"]
        assert not [n for n, _ in reached.fields if n.lower() in HOP_BY_HOP]
        if method == "POST":
            assert reached.body == request_cases.BODY


@pytest.mark.parametrize("case", [c for c in request_cases.REQUEST_LINE + request_cases.CHUNKS + request_cases.LENGTHS
                                  if c.expected[1] is None or len(c.sent) < 400], ids=lambda c: repr(c.name))
def test_a_request_that_comes_byte_by_byte(gate, cloud, case):
    """The same in as many packets as it has bytes: what was decided does not depend on how it came."""
    cloud.requests.clear()
    with contextlib.closing(socket.create_connection(("127.0.0.1", gate.port), 30)) as to:
        to.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(ConnectionError):  # it may be refused before its end
            for i in range(len(case.sent)):
                to.send(case.sent[i:i + 1])
            to.shutdown(socket.SHUT_WR)
        answers, _ = read_answers(to)
    # Bytes that follow the answer to a bad request can make the kernel drop it: then there is none, and never another.
    if answers or case.expected[1] is None:
        assert [(status, code_of(body)) for status, _, body in answers] == [case.expected]
    assert len(cloud.requests) == (1 if case.expected[1] is None else 0)


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
        self.sent, self.seen = b"", []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        count = 0
        while True:
            connection, _ = self.listening.accept()
            threading.Thread(target=self._serve, args=(connection, count), daemon=True).start()
            count += 1

    def _serve(self, connection, number):
        with connection, contextlib.suppress(OSError):
            stream = connection.makefile("rb")
            while line := stream.readline():
                while stream.readline() not in (b"\r\n", b""):
                    pass
                tried = b"jobs/tried" in line
                self.seen.append((number, tried))
                connection.sendall(self.sent if tried else ANSWER)
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
    return case in answer_cases.SHORT or case.name in ("a body until the end of the connection", "a header without an end",
                                                       "101", "lines that end with LF")


@rows(answer_cases.GROUPS)
def test_an_answer(before_it, endpoint, case):
    endpoint.seen.clear()
    endpoint.sent, endpoint.ends = case.sent, ends_with_the_connection(case)
    with contextlib.closing(socket.create_connection(("127.0.0.1", before_it.port), 30)) as to:
        for which in ("tried", "next"):
            to.sendall(get(target=LOOK.replace("jobs/j", f"jobs/{which}")))
        to.shutdown(socket.SHUT_WR)
        answers, _ = read_answers(to)
    (status, head, body), (next_status, _, _) = answers
    assert (status, code_of(body)) == case.expected, answers
    if case.expected[1]:
        assert b"\r\nX-Gateway-Outcome: unknown" in head
    elif status not in (204, 304):
        assert body == answer_cases.OK
    assert next_status == 200, "the next call is served"
    (tried_on, _), *_, (next_on, _) = endpoint.seen
    kept = [number for number, _ in endpoint.seen].count(tried_on) > 1 and next_on == tried_on
    assert kept == (not case.closes), f"connections of the calls: {endpoint.seen}"


def test_the_page_is_the_one_that_these_tables_make():
    with open(programs.PROJECT / "docs/http-conformance.md", encoding="utf-8") as kept:
        assert kept.read() == page.page(), "write it anew: tests/conformance/page.py > docs/http-conformance.md"

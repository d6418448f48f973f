"""What can be wrong with an endpoint, what comes of it, and the table of docs/upstream-faults.md that says so."""
import dataclasses
import typing

from fakes import scripted_cloud as scripts
from fakes.faulty_cloud import (answer_and_reset, answer_and_stop_reading, answer_early, be_silent, close, done_with,
                                drip, head, pour, reset, reset_unread, say, second_call_of_connection, take_little)
from programs import PROJECT

NAME = "cloud.test"  # the endpoint's; the tests say where it leads
ALIVE, REFUSES, HANGS, UNREACHABLE = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.255.255.255"

UNREACHED, LATE = "502 Gateway.0501", "504 Gateway.0504"
NEVER, ONCE, GET_ONCE = "never", "once", "a GET once, a resize never"


@dataclasses.dataclass(frozen=True)
class fault:
    """One row. `behave` is what the endpoint does with a request, `arrive` with a connection, `at_head` with a request
    whose body it did not read yet; `leads` is where its name leads."""
    id: str
    what: str
    gets: str
    told: str  # X-Gateway-Outcome; nothing where the answer is the cloud's
    outcome: str  # of the outcome line
    seen: tuple = (1, 1)  # how often the endpoint reads a GET, a resize
    again: str = NEVER
    methods: tuple = ("GET", "POST")
    behave: typing.Callable = scripts.answering()
    arrive: typing.Callable = lambda _connection: None
    at_head: typing.Callable = None
    leads: tuple = (ALIVE,)
    kept: bool = False  # the call comes over a connection that has served another
    dies: typing.Callable = None  # what happens to that connection before the call
    hasty: bool = False  # the gateway has short time limits
    body: bytes = None  # of the answer, where it is the cloud's
    bulk: int = 0  # bytes added to the body of the resize
    certificate: str = ""  # what a TLS endpoint shows

    def row(self):
        seen = " / ".join(str(times) if method in self.methods else "–"
                          for method, times in zip(("GET", "POST"), self.seen))
        cells = (f"`{self.id}`", self.what, self.gets, self.told and f"`{self.told}`", f"`{self.outcome}`", self.again,
                 seen)
        return "| " + " | ".join(cell or "–" for cell in cells) + " |"


def rows_of_page():
    """The table's rows as they stand on the page."""
    page = (PROJECT / "docs/upstream-faults.md").read_text(encoding="utf-8")
    return [line for line in page.splitlines() if line.startswith("| `")]


WHOLE = head("200 OK", "Content-Length: 2") + b"{}"
CHUNKED = head("200 OK", "Transfer-Encoding: chunked")
LARGE = 1 << 20


def answers(data, **named):
    return {"behave": say(data), **named}


def cut(data, then=close, **named):
    return {"behave": say(data, then=then), **named}


def lost(id, what, **how):
    return fault(id, what, UNREACHED, "unknown", "unknown", **how)


def late(id, what, **how):
    return fault(id, what, LATE, "unknown", "unknown", hasty=True, **how)


def unsent(id, what, **how):
    return fault(id, what, UNREACHED, "not_sent", "not_sent", seen=(0, 0), **how)


def passed(id, what, gets="200", **how):
    return fault(id, what, gets, "", "answered", **how)


def cut_short(id, what, code, **how):
    return fault(id, what, f"200, cut short; the log: {code}", "", "unknown", **how)


CONNECTING = [
    unsent("refused", "nobody listens", leads=(REFUSES,)),
    unsent("unreachable", "no route to the address", leads=(UNREACHABLE,)),
    unsent("slow_connect", "the connection is not taken within `upstream_connect`", leads=(HANGS,), hasty=True),
    unsent("name_unknown", "the name has no address", leads=("unknown",)),
    unsent("name_server_fails", "the name server fails", leads=("again",)),
    unsent("name_waits", "the look-up takes longer than `upstream_connect`", leads=("waits",), hasty=True),
    passed("first_refuses", "several addresses, the first refuses", leads=(REFUSES, ALIVE)),
    passed("first_unreachable", "several addresses, no route to the first", leads=(UNREACHABLE, ALIVE)),
    passed("first_v6_refuses", "an IPv6 address that refuses, then an IPv4 one", leads=("::1", ALIVE)),
    passed("first_hangs", "several addresses, the first takes no connections and does not say so",
           leads=(HANGS, ALIVE), hasty=True),
    passed("most_dead", "several addresses, only the last lives", leads=(REFUSES, UNREACHABLE, "::1", ALIVE)),
    unsent("all_dead", "several addresses, all dead", leads=(REFUSES, UNREACHABLE, "::1")),
]

def at_reuse(ends, method):
    """A kept connection that ends when its next request has come; a new one is good."""
    look = method == "GET"
    return {"kept": True, "behave": second_call_of_connection(ends), "methods": (method,),
            "seen": (2, 0) if look else (0, 1), "again": ONCE if look else NEVER}


KEPT = [
    passed("kept_closed", "the endpoint closed the kept connection before its reuse", kept=True, dies=close),
    passed("kept_reset", "the endpoint reset the kept connection before its reuse", kept=True, dies=reset),
    passed("kept_stray", "bytes that nobody asked for came over the kept connection", kept=True, dies=say(WHOLE)),
    passed("kept_name_moved", "kept connection closed, the name leads elsewhere by now", kept=True, dies=close,
           leads=(REFUSES, ALIVE)),
    passed("kept_name_gone", "the name is gone, the kept connection lives", kept=True, leads=("unknown",)),
    passed("look_closed_at_reuse", "closed at the moment of its reuse, for a GET", **at_reuse(close, "GET")),
    lost("resize_closed_at_reuse", "… for a resize", **at_reuse(close, "POST")),
    passed("look_reset_at_reuse", "reset at the moment of its reuse, for a GET", **at_reuse(reset, "GET")),
    lost("resize_reset_at_reuse", "… for a resize", **at_reuse(reset, "POST")),
    lost("kept_closed_twice", "closed at the moment of its reuse, and the new connection likewise", kept=True,
         behave=close, seen=(2, 1), again=GET_ONCE),
    lost("kept_closed_then_refused", "closed at the moment of its reuse, and nobody listens any more", kept=True,
         behave=second_call_of_connection(close), leads=(REFUSES,)),
    lost("kept_half_answer", "a kept connection breaks within the answer", kept=True,
         behave=say(b"HTTP/1.1 200 OK\r\nConte", then=close)),
    lost("kept_interim", "… after a 1xx answer", kept=True, behave=say(head("103 Early Hints"), then=close)),
    late("kept_silent", "no answer on a kept connection", kept=True, behave=be_silent),
]

BREAKING = [
    fault("reset_on_arrival", "reset before the request has come", UNREACHED, "not_sent or unknown",
          "not_sent or unknown", seen=(0, 0), arrive=reset),
    lost("reset_unread", "reset with the request unread", arrive=reset_unread, seen=(0, 0)),
    lost("reset_after_request", "reset after the request", behave=reset),
    lost("closed_after_request", "closed after the request", behave=close),
    late("silent", "no answer within `upstream_response`", behave=be_silent),
    lost("half_status_line", "half a status line", **cut(b"HTTP/1.1 20")),
    lost("half_header", "half a header", **cut(b"HTTP/1.1 200 OK\r\nContent-Le")),
    late("half_header_silent", "half a header, then nothing", **cut(b"HTTP/1.1 200 OK\r\nContent-Le", be_silent)),
    lost("half_body", "half a body", **cut(head("200 OK", "Content-Length: 10") + b"{}")),
    lost("half_body_reset", "half a body, then a reset", **cut(head("200 OK", "Content-Length: 10") + b"{}", reset)),
    late("half_body_silent", "half a body, then nothing",
         **cut(head("200 OK", "Content-Length: 10") + b"{}", be_silent)),
    lost("half_chunk", "half a chunk", **cut(CHUNKED + b"a\r\n{}")),
    lost("no_last_chunk", "no last chunk", **cut(CHUNKED + b"2\r\n{}\r\n")),
    lost("reset_until_close", "a body until the end of the connection, which is reset",
         **cut(head() + b"{}", reset)),
    cut_short("half_large", "half of a body that is larger than 64 KiB", "Gateway.0501",
              **cut(head("200 OK", f"Content-Length: {LARGE}") + b"x" * (LARGE // 2))),
    cut_short("half_large_chunked", "… chunked", "Gateway.0501",
              **cut(CHUNKED + b"80000\r\n" + b"x" * 0x80000 + b"\r\n")),
    cut_short("half_large_silent", "… then nothing", "Gateway.0504", hasty=True,
              **cut(head("200 OK", f"Content-Length: {LARGE}") + b"x" * (LARGE // 2), be_silent)),
    late("drip_header", "the header comes byte by byte, beyond `upstream_response`",
         behave=drip(head().rstrip() + b"\r\nX: ", b"x", 0.05)),
    late("drip_body", "the body comes byte by byte, beyond `upstream_response`",
         behave=drip(head("200 OK", "Content-Length: 10000"), b"x", 0.05)),
    passed("drip_in_time", "the body comes byte by byte, in time",
           behave=drip(head("200 OK", "Content-Length: 20"), b"x", 0.01, 20), body=b"x" * 20),
]

NOT_HTTP = [
    lost("not_http", "an answer that is not HTTP", **cut(b"SSH-2.0-server\r\n")),
    lost("not_http_silent", "… then nothing", **cut(b"SSH-2.0-server\r\n", be_silent)),
    lost("http_2", "HTTP/2 that nobody asked for", **cut(b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0d\0\4\0\0\xff\xff")),
    lost("bad_version", "HTTP/3.0 in the status line", **cut(b"HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n")),
    lost("bad_status", "a status outside 100 to 599", **cut(head("999 What", "Content-Length: 0"))),
    lost("bare_lf", "lines that end with LF alone", **cut(b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}")),
    lost("folded", "a folded header line", **cut(head("200 OK", "Content-Length: 2", "X: a", " b") + b"{}")),
    lost("nul", "a NUL in the header", **cut(head("200 OK", "Content-Length: 2", "X: a\0b") + b"{}")),
    lost("large_header", "a header of 70 KiB",
         behave=say(head("200 OK", "Content-Length: 2", "X: " + "x" * 70 * 1024) + b"{}")),
    lost("many_fields", "more than 100 header fields",
         behave=say(head("200 OK", "Content-Length: 2", *(f"X-{n}: x" for n in range(101))) + b"{}")),
    lost("endless_header", "a header without end", behave=pour(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n" * 1000)),
    lost("endless_line", "a status line without end", behave=pour(b"HTTP/1.1 200 ", b"x" * 4096)),
    lost("two_lengths", "two lengths", **answers(head("200 OK", "Content-Length: 2", "Content-Length: 3") + b"{}")),
    lost("length_and_chunked", "a length and chunks",
         **answers(head("200 OK", "Content-Length: 2", "Transfer-Encoding: chunked") + b"0\r\n\r\n")),
    lost("negative_length", "a length below 0", **answers(head("200 OK", "Content-Length: -2") + b"{}")),
    lost("huge_length", "a length of 30 digits", **answers(head("200 OK", "Content-Length: " + "9" * 30) + b"{}")),
    lost("unknown_coding", "a transfer-coding other than chunked",
         **answers(head("200 OK", "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n")),
    lost("chunk_no_number", "a chunk size that is no number", **answers(CHUNKED + b"xyz\r\n{}\r\n0\r\n\r\n")),
    lost("chunk_minus", "a chunk size below 0", **answers(CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n")),
    lost("chunk_overflow", "a chunk size beyond 64 bits", **answers(CHUNKED + b"10000000000000002\r\n{}\r\n0\r\n\r\n")),
    lost("chunk_too_long", "a chunk that is longer than its size", **answers(CHUNKED + b"1\r\n{}\r\n0\r\n\r\n")),
    lost("chunk_bare_lf", "a chunk size that ends with LF alone", **answers(CHUNKED + b"2\n{}\r\n0\r\n\r\n")),
    lost("chunk_extension", "a chunk extension of 1 KiB",
         **answers(CHUNKED + b"2;" + b"x" * 1024 + b"\r\n{}\r\n0\r\n\r\n")),
    lost("large_trailer", "trailers of 8 KiB", **answers(CHUNKED + b"0\r\nX: " + b"x" * 8192 + b"\r\n\r\n")),
]

INTERIM = [
    passed("continue", "100 before the answer, not asked for", **answers(head("100 Continue") + WHOLE), body=b"{}"),
    passed("early_hints", "103 before the answer", **answers(head("103 Early Hints", "Link: </x>") + WHOLE),
           body=b"{}"),
    passed("some_interim", "eight 1xx answers before the answer", **answers(head("102 Processing") * 8 + WHOLE),
           body=b"{}"),
    lost("endless_interim", "1xx answers without end", behave=pour(b"", head("102 Processing"))),
    late("only_interim", "100, then nothing", **cut(head("100 Continue"), be_silent)),
    lost("switching", "101: another protocol", **cut(head("101 Switching Protocols", "Upgrade: x",
                                                         "Connection: Upgrade"), be_silent)),
]


BULK = 8 << 20

EARLY = [
    passed("early_answer", "the answer comes before the whole request, which is read to its end", "413",
           arrive=take_little, at_head=answer_early, behave=close, body=b"{}", bulk=BULK),
    passed("early_answer_unread", "the answer comes before the whole request, which is read no further", "413",
           arrive=take_little, at_head=answer_and_stop_reading, body=b"{}", bulk=BULK, hasty=True),
    passed("early_answer_reset", "the answer comes before the whole request, then the connection is reset", "413",
           arrive=take_little, at_head=answer_and_reset, body=b"{}", bulk=BULK),
    late("request_unread", "the request is not read, and nothing is said", arrive=take_little,
         at_head=lambda *_: done_with.wait(60), bulk=BULK),
]

PASSED = [
    passed("no_content", "204", "204", **answers(head("204 No Content")), body=b""),
    passed("no_content_with_length", "204 with a length and a body, which it can't have", "204",
           **answers(head("204 No Content", "Content-Length: 2") + b"{}"), body=b""),
    passed("not_modified", "304 that tells the length it would have", "304",
           **answers(head("304 Not Modified", "Content-Length: 100")), body=b""),
    passed("empty", "200 with a length of 0", **answers(head("200 OK", "Content-Length: 0")), body=b""),
    passed("chunked", "200 in chunks, with trailers",
           **answers(CHUNKED + b"1;a=b\r\n{\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n"), body=b"{}"),
    passed("until_close", "200 without a length, until the connection closes", **cut(head() + b"{}"), body=b"{}"),
    passed("http_1_0", "HTTP/1.0", **cut(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"), body=b"{}"),
    passed("too_many_bytes", "bytes behind the answer, which nobody asked for", **answers(WHOLE + WHOLE), body=b"{}"),
    passed("server_error", "500 of the endpoint", "500",
           **answers(head("500 Bad Day", "Content-Length: 2") + b"{}"), body=b"{}"),
    passed("unavailable", "503 of the endpoint", "503",
           **answers(head("503 Later", "Content-Length: 2", "Retry-After: 1") + b"{}"), body=b"{}"),
    passed("gateway_timeout", "504 of the endpoint", "504",
           **answers(head("504 Late", "Content-Length: 2") + b"{}"), body=b"{}"),
]

PLAIN = [*CONNECTING, *KEPT, *BREAKING, *NOT_HTTP, *INTERIM, *EARLY, *PASSED]


def bad_tls(id, what, certificate="good", **how):
    return unsent("tls_" + id, what, certificate=certificate, **how)


TLS = [
    bad_tls("expired", "the certificate has expired", "expired"),
    bad_tls("not_yet", "the certificate is not valid yet", "not_yet"),
    bad_tls("wrong_name", "the certificate is for another name", "wrong_name"),
    bad_tls("unknown_ca", "an unknown CA signed it", "unknown_ca"),
    bad_tls("self_signed", "it signs itself", "self_signed"),
    bad_tls("not_a_ca", "a certificate that is no CA's signed it", "not_a_ca"),
    bad_tls("for_clients", "it is for clients, not for servers", "for_clients"),
    bad_tls("weak_key", "its RSA key has 1024 bits", "weak_key"),
    bad_tls("old_version", "the endpoint speaks TLS 1.1 only", "old_version"),
    bad_tls("none", "the endpoint speaks plain HTTP", "",
            arrive=lambda connection: connection.sendall(WHOLE)),
    bad_tls("closed", "closed in the handshake", arrive=close),
    bad_tls("reset", "reset in the handshake", arrive=reset_unread),
    bad_tls("silent", "the handshake takes longer than `upstream_connect`", arrive=be_silent, hasty=True),
    fault("tls_wants_client", "the endpoint wants a client certificate", UNREACHED, "unknown or not_sent",
          "unknown or not_sent", certificate="wants_client", seen=(0, 0)),
    lost("tls_reset_after_request", "reset after the request", certificate="good", behave=reset),
    late("tls_half_body", "half a body, then nothing", certificate="good",
         **cut(head("200 OK", "Content-Length: 10") + b"{}", be_silent)),
    lost("tls_cut", "a body until the end of the connection, which ends without TLS's own end", certificate="good",
         behave=say(head() + b"{}", then=close)),
    lost("tls_ended_early", "half a body, then TLS's own end", certificate="good",
         behave=say(head("200 OK", "Content-Length: 10") + b"{}", then=lambda connection: connection.unwrap())),
    passed("tls_ended", "a body until TLS's own end", certificate="good", body=b"{}",
           behave=say(head() + b"{}", then=lambda connection: connection.unwrap())),
    passed("tls_kept_closed", "the endpoint closed the kept connection before its reuse", certificate="good", kept=True,
           dies=close),
    passed("tls_look_closed_at_reuse", "closed at the moment of its reuse, for a GET", certificate="good",
           **at_reuse(close, "GET")),
    lost("tls_resize_closed_at_reuse", "… for a resize", certificate="good", **at_reuse(close, "POST")),
]

ALL = [*CONNECTING, *TLS, *KEPT, *BREAKING, *NOT_HTTP, *INTERIM, *EARLY, *PASSED]  # as on the page

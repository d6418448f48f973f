"""What an endpoint can send back, and what must come of it: the same strictness as for requests. A caller gets the answer,
or 502 Gateway.0501 with X-Gateway-Outcome: unknown; the connection of a bad answer is never used again."""
from cases import answer, case, chunks

FAILED = (502, "Gateway.0501")
OK = b'{"job_id":"j"}'
LENGTH = f"Content-Length: {len(OK)}"
WHOLE = chunks(OK)


def bad(name, rfc, sent, note=""):
    """Refused, and the connection is done with."""
    return case(name, rfc, sent, FAILED, True, note)


def good(name, rfc, sent, closes=False, note="", status=200):
    """Handed back; `closes`: the connection to the endpoint is not used again."""
    return case(name, rfc, sent, (status, None), closes, note)


def chunked(body, *lines):
    return answer("Transfer-Encoding: chunked", *lines, body=body)


STATUS_LINE = [
    good("a plain answer", "9112 4", answer(LENGTH, body=OK)),
    good("no reason", "9112 4", answer(LENGTH, status="HTTP/1.1 200 ", body=OK)),
    good("a long reason", "9112 4", answer(LENGTH, status="HTTP/1.1 200 " + "ok " * 50, body=OK)),
    good("HTTP/1.0", "9112 9.3", answer(LENGTH, status="HTTP/1.0 200 OK", body=OK), closes=True),
    good("HTTP/1.0 with keep-alive", "9112 9.3", answer(LENGTH, "Connection: keep-alive", status="HTTP/1.0 200 OK", body=OK),
         closes=True),
    good("an unknown status of a known class", "9110 15", answer(LENGTH, status="HTTP/1.1 299 Odd", body=OK), status=299),
    good("599", "9110 15", answer(LENGTH, status="HTTP/1.1 599 Odd", body=OK), status=599),
    *(bad(f"status line {line!r}", "9112 4", answer(LENGTH, status=line, body=OK)) for line in
      ["HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 abc OK", "HTTP/1.1 -200 OK",
       "HTTP/1.1 2\u00b20 OK", "HTTP/1.1 000 OK", "HTTP/1.1 099 OK", "HTTP/1.1 600 OK", "HTTP/1.1 999 OK", "200 OK",
       "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", " HTTP/1.1 200 OK", "HTTP/1.2 200 OK", "HTTP/2 200 OK", "HTTP/2.0 200 OK",
       "HTTP/0.9 200 OK", "http/1.1 200 OK", "ICY 200 OK", "HTTP/1.1 200 O\x00K", "HTTP/1.1 200 O\x01K"]),
    bad("no HTTP at all", "9112 2.1", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    bad("a body without a head", "9112 2.1", b"<html>\r\n\r\n</html>"),
    bad("an empty line before the answer", "9112 2.2", b"\r\n" + answer(LENGTH, body=OK)),
]

FIELDS = [
    good("fields in any case", "9110 5.1", answer(f"content-LENGTH: {len(OK)}", body=OK)),
    good("a hundred fields", "contract", answer(LENGTH, *(f"X-{i}: v" for i in range(99)), body=OK)),
    bad("a hundred and one fields", "contract", answer(LENGTH, *(f"X-{i}: v" for i in range(100)), body=OK)),
    bad("a header over 64 KiB", "contract", answer(LENGTH, *(f"X-{i}: {'v' * 1000}" for i in range(80)), body=OK)),
    bad("a header without an end", "contract", answer(LENGTH)[:-2] + b"X: " + b"v" * 70000),
    bad("a folded line", "9112 5.2", answer(LENGTH, "X: a", " b", body=OK), note="a proxy may also replace it"),
    bad("a space before the colon", "9112 5.1", answer(f"Content-Length : {len(OK)}", body=OK),
        note="a proxy may also remove it"),
    bad("no colon", "9112 5", answer(LENGTH, "nothing", body=OK)),
    bad("no name", "9110 5.1", answer(LENGTH, ": v", body=OK)),
    bad("a space in a name", "9110 5.1", answer(LENGTH, "X Y: v", body=OK)),
    bad("a NUL in a value", "9110 5.5", answer(LENGTH, "X: a\x00b", body=OK)),
    bad("a control byte in a value", "9110 5.5", answer(LENGTH, "X: a\x1bb", body=OK)),
    bad("a bare CR in a value", "9112 2.2", answer(LENGTH, "X: a\rb", body=OK)),
    bad("a bare LF in a value", "9112 2.2", answer(LENGTH, "X: a\nb", body=OK)),
    bad("lines that end with LF", "9112 2.2", answer(LENGTH).replace(b"\r\n", b"\n") + OK + b"\r\n\r\n"),
    bad("a LF that hides Transfer-Encoding", "9112 2.2", answer(LENGTH + "\nTransfer-Encoding: chunked", body=OK)),
]

FRAMING = [
    *(bad(f"Content-Length: {value!r}", "9110 8.6", answer(f"Content-Length: {value}", body=OK)) for value in
      ["", "+14", "-1", "14.0", "0x0e", "14, 14", "14,", "14 14", "14a", "18446744073709551616", '"14"']),
    bad("Content-Length twice, alike", "9112 6.3", answer(LENGTH, LENGTH, body=OK)),
    bad("Content-Length twice, different", "9112 6.3", answer(LENGTH, "Content-Length: 3", body=OK)),
    bad("Content-Length and Transfer-Encoding", "9112 6.1", chunked(WHOLE, LENGTH)),
    good("a chunked body", "9112 7.1", chunked(WHOLE)),
    good("a chunked body in pieces", "9112 7.1", chunked(chunks(OK[:3], OK[3:]))),
    good("a chunked body with extension and trailer", "9112 7.1",
         chunked(b"e;x=y\r\n" + OK + b"\r\n0\r\nX: v\r\n\r\n")),
    *(bad(f"Transfer-Encoding: {value!r}", "9112 6.1", answer(f"Transfer-Encoding: {value}", body=WHOLE)) for value in
      ["gzip", "gzip, chunked", "identity", "chunked, chunked", "chunked, gzip", "xchunked", "", "chunked;q=1"]),
    bad("Transfer-Encoding twice", "9112 6.1", chunked(WHOLE, "Transfer-Encoding: chunked")),
    bad("chunked in HTTP/1.0", "9112 6.1",
        answer("Transfer-Encoding: chunked", status="HTTP/1.0 200 OK", body=WHOLE)),
    *(bad(f"chunk size {size!r}", "9112 7.1", chunked(size + b"\r\n" + OK + b"\r\n0\r\n\r\n")) for size in
      [b"", b"+e", b"-1", b"0xe", b" e", b"e ", b"g", b"ee000000000000000"]),
    bad("a chunk that ends with LF", "9112 7.1", chunked(b"e\r\n" + OK + b"\n0\r\n\r\n")),
    bad("a size line that ends with LF", "9112 7.1", chunked(b"e\n" + OK + b"\r\n0\r\n\r\n")),
    bad("a chunk longer than its size", "9112 7.1", chunked(b"3\r\n" + OK + b"\r\n0\r\n\r\n")),
    bad("an extension of 300 bytes", "9112 7.1.1", chunked(b"e;" + b"x" * 300 + b"\r\n" + OK + b"\r\n0\r\n\r\n")),
    bad("a folded trailer", "9112 5.2", chunked(b"e\r\n" + OK + b"\r\n0\r\nX: a\r\n b\r\n\r\n")),
    good("a body until the end of the connection", "9112 6.3", answer(body=OK), closes=True),
    good("bytes behind the body", "9112 9.2", answer(LENGTH, body=OK + answer(LENGTH, body=OK)), closes=True,
         note="they belong to no request"),
    good("bytes behind a chunked body", "9112 9.2", chunked(WHOLE + b"x"), closes=True),
    good("Connection: close", "9112 9.6", answer(LENGTH, "Connection: close", body=OK), closes=True),
]

WITHOUT_BODY = [
    good("204", "9110 15.3.5", answer(status="HTTP/1.1 204 No Content"), status=204),
    good("204 with Content-Length: 0", "9110 8.6", answer("Content-Length: 0", status="HTTP/1.1 204 No Content"), status=204),
    good("204 with bytes behind it", "9112 6.3", answer(status="HTTP/1.1 204 No Content", body=OK), closes=True, status=204),
    bad("204 with Transfer-Encoding", "9112 6.1", answer("Transfer-Encoding: chunked", status="HTTP/1.1 204 No Content")),
    good("304", "9110 15.4.5", answer(status="HTTP/1.1 304 Not Modified"), status=304),
    good("304 that tells a length", "9110 8.6", answer(LENGTH, status="HTTP/1.1 304 Not Modified"), status=304),
    good("100 before the answer", "9110 15.2", answer(status="HTTP/1.1 100 Continue") + answer(LENGTH, body=OK)),
    good("103 with fields before the answer", "8297 2",
         answer("Link: </x>", status="HTTP/1.1 103 Early Hints") + answer(LENGTH, body=OK)),
    bad("ten interim answers", "9110 15.2", answer(status="HTTP/1.1 100 Continue") * 10 + answer(LENGTH, body=OK)),
    bad("101", "9110 15.2.2", answer("Upgrade: x", status="HTTP/1.1 101 Switching Protocols")),
    bad("101 and an answer behind it", "9110 15.2.2",
        answer("Upgrade: x", status="HTTP/1.1 101 Switching Protocols") + answer(LENGTH, body=OK)),
    bad("100 with Transfer-Encoding", "9112 6.1",
        answer("Transfer-Encoding: chunked", status="HTTP/1.1 100 Continue") + answer(LENGTH, body=OK)),
]

SHORT = [
    bad("nothing", "9112 8", b""),
    bad("half a status line", "9112 8", b"HTTP/1.1 20"),
    bad("half a header", "9112 8", answer(LENGTH)[:-9]),
    bad("a header without its empty line", "9112 8", answer(LENGTH)[:-2]),
    bad("half a body", "9112 8", answer(LENGTH, body=OK[:5])),
    bad("a header alone", "9112 8", answer(LENGTH)),
    bad("half a chunk", "9112 8", chunked(b"e\r\n" + OK[:5])),
    bad("no last chunk", "9112 8", chunked(chunks(OK, end=b""))),
    bad("half a last chunk", "9112 8", chunked(chunks(OK, end=b"0\r\n"))),
    bad("an interim answer alone", "9112 8", answer(status="HTTP/1.1 100 Continue")),
]

GROUPS = {"Status line": STATUS_LINE, "Header fields": FIELDS, "Framing": FRAMING,
          "Answers without a body, and interim answers": WITHOUT_BODY, "Answers that end early": SHORT}

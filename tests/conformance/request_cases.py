"""What a caller can send, and what must come of it. Where the RFCs leave a choice, the stricter one is right here: the
gateway has few callers, and whatever is not plainly right is refused."""
from cases import (BAD, BODY, CALLED, CODING, EXPECTATION, FLAVORS, HEADER, KEY, LARGE, LINE, LOOK, NO_PROOF, NOT_ALLOWED,
                  NOT_FOUND, case, chunked, chunks, get, post)

LENGTH = f"Content-Length: {len(BODY)}"
WHOLE = chunks(BODY)
SMUGGLED = b"GET /admin HTTP/1.1\r\nHost: x\r\n\r\n"


def bad(name, rfc, sent, expected=BAD, note=""):
    return case(name, rfc, sent, expected, True, note)


def good(name, rfc, sent, closes=False, note=""):
    return case(name, rfc, sent, CALLED, closes, note)


def own(name, rfc, sent, expected, closes=False, note=""):
    """Well-formed, and answered by the gateway itself."""
    return case(name, rfc, sent, expected, closes, note)


REQUEST_LINE = [
    good("a plain call", "9112 3", get()),
    good("absolute-form", "9112 3.2.2", get(target="http://gateway" + LOOK)),
    good("absolute-form of another host", "9112 3.2.2", get(target="http://evil.example" + LOOK),
         note="the host of a target never chooses where a call goes"),
    good("absolute-form, https", "9112 3.2.2", get(target="https://gateway" + LOOK)),
    good("a query", "9112 3.2.1", get(target=FLAVORS + "?limit=1&instance_uuid=%20x")),
    bad("an empty query", "3986 6.2.3", get(target=LOOK + "?"), note="some leave the question mark out"),
    good("one empty line before the request", "9112 2.2", b"\r\n" + get()),
    bad("two empty lines before the request", "9112 2.2", b"\r\n\r\n" + get()),
    bad("a bare LF before the request", "9112 2.2", b"\n" + get()),
    bad("a bare CR before the request", "9112 2.2", b"\r" + get()),
    bad("a space before the request", "9112 3", b" " + get()),
    bad("a tab between method and target", "9112 3", get().replace(b"GET ", b"GET\t", 1)),
    bad("two spaces between method and target", "9112 3", get().replace(b"GET ", b"GET  ", 1)),
    bad("two spaces before the version", "9112 3", get().replace(b" HTTP/1.1", b"  HTTP/1.1", 1)),
    bad("a space after the version", "9112 3", get(version="HTTP/1.1 ")),
    bad("no version (HTTP/0.9)", "9112 3", f"GET {LOOK}\r\n\r\n".encode()),
    bad("no target", "9112 3", b"GET HTTP/1.1\r\nHost: g\r\n\r\n"),
    bad("an empty request line's worth of spaces", "9112 3", b"  \r\nHost: g\r\n\r\n"),
    bad("HTTP/1.2", "9112 2.3", get(version="HTTP/1.2")),
    bad("HTTP/2.0", "9112 2.3", get(version="HTTP/2.0")),
    bad("HTTP/0.9 spelled out", "9112 2.3", get(version="HTTP/0.9")),
    bad("HTTP/1", "9112 2.3", get(version="HTTP/1")),
    bad("HTTP/11", "9112 2.3", get(version="HTTP/11")),
    bad("HTTP/1.1.1", "9112 2.3", get(version="HTTP/1.1.1")),
    bad("HTTP/01.1", "9112 2.3", get(version="HTTP/01.1")),
    bad("HTTP/1.10", "9112 2.3", get(version="HTTP/1.10")),
    bad("http/1.1", "9112 2.3", get(version="http/1.1"), note="the name is case-sensitive"),
    bad("HTTPS/1.1", "9112 2.3", get(version="HTTPS/1.1")),
    bad("the HTTP/2 preface", "9113 3.4", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    bad("a TLS hello", "9112 2.1", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32) + b"\r\n\r\n"),
    *(bad(f"a method with {name}", "9110 9.1", get(method=method)) for name, method in
      [("a slash", "GE/T"), ("a colon", "GET:"), ("brackets", "GE(T)"), ("a quote", 'GE"T'), ("an at sign", "G@T"),
       ("a comma", "GET,POST"), ("a brace", "{GET}")]),
    bad("a method with a byte over 127", "9110 9.1", get(method="G\xc9T")),
    bad("a method with a control byte", "9110 9.1", get(method="G\x01T")),
    own("an unknown method", "9110 9.1", get(method="BREW"), NOT_ALLOWED, note="a token: well-formed"),
    own("a lower-case method", "9110 9.1", get(method="get"), NOT_ALLOWED, note="methods are case-sensitive"),
    bad("authority-form", "9112 3.2.3", get(target="gateway:80")),
    bad("CONNECT", "9112 3.2.3", get(method="CONNECT", target="gateway:80")),
    bad("CONNECT with a path", "9112 3.2.3", get(method="CONNECT")),
    bad("asterisk-form", "9112 3.2.4", get(target="*")),
    bad("asterisk-form of OPTIONS", "9112 3.2.4", get(method="OPTIONS", target="*")),
    bad("a fragment", "9112 3.2.1", get(target=LOOK + "#part")),
    bad("a target without a slash", "9112 3.2.1", get(target="v1/p/jobs/j")),
    bad("a target of another scheme", "9112 3.2.2", get(target="ftp://gateway" + LOOK)),
    bad("absolute-form with a user", "9110 4.2.4", get(target="http://user@gateway" + LOOK)),
    bad("absolute-form without a host", "9110 4.2.1", get(target="http://" + LOOK)),
    *(bad(f"{name} in the target", "3986 2", get(target=LOOK + character)) for name, character in
      [("a NUL", "\x00"), ("a tab", "\tx"), ("DEL", "\x7f"), ("a control byte", "\x01"), ("a quote", '"'),
       ("a backslash", "\\"), ("a brace", "{"), ("a pipe", "|"), ("a caret", "^"), ("a backquote", "`"),
       ("an angle bracket", "<"), ("a byte over 127", "\xe9")]),
    *(own(f"{name} in the path", "contract", get(target=target), NOT_FOUND) for name, target in
      [("an escaped letter", LOOK.replace("jobs", "%6aobs")), ("a dot segment", LOOK.replace("/jobs", "/x/../jobs")),
       ("an escaped slash", LOOK.replace("/jobs", "%2fjobs")), ("an empty segment", LOOK.replace("/jobs", "//jobs")),
       ("a parameter", LOOK + ";x=1"), ("an escaped NUL", LOOK + "%00"), ("a trailing slash", LOOK + "/")]),
    bad("a target longer than the limit", "9112 3", get(target="/" + "a" * 20000), LINE),
    bad("a method longer than the limit", "9112 3", get(method="A" * 20000), LINE),
]

FIELDS = [
    good("names in any case", "9110 5.1", get(host="hOsT: gateway")),
    good("white space around a value", "9110 5.5", get("X-Any: \t value \t ")),
    good("an empty value", "9110 5.5", get("X-Empty:")),
    good("a tab within a value", "9110 5.5", get("X-Any: a\tb")),
    good("bytes over 127 in a value", "9110 5.5", get(b"X-Any: caf\xc3\xa9"), note="obs-text, of no meaning here"),
    good("a hundred fields", "contract", get(*(f"X-{i}: v" for i in range(98)))),
    bad("a hundred and one fields", "contract", get(*(f"X-{i}: v" for i in range(99))), HEADER),
    bad("a header longer than the limit", "contract", get(f"X-Long: {'v' * 20000}"), HEADER),
    bad("a name longer than the limit", "contract", get("X" * 20000 + ": v"), HEADER),
    bad("a header without an end", "contract", get()[:-4] + b"\r\nX: " + b"v" * 20000, HEADER),
    *(bad(f"{name} in a name", "9110 5.1", get(line)) for name, line in
      [("a space", "X Y: v"), ("a tab", "X\tY: v"), ("a slash", "X/Y: v"), ("an at sign", "X@Y: v"),
       ("a bracket", "X[Y: v"), ("a NUL", "X\x00Y: v"), ("a control byte", "X\x1fY: v"), ("DEL", "X\x7fY: v"),
       ("a byte over 127", "X\xe9: v"), ("a quote", 'X"Y: v'), ("a semicolon", "X;Y: v"), ("an equals sign", "X=Y: v")]),
    bad("no name", "9110 5.1", get(": value")),
    bad("no colon", "9112 5", get("X-No-Colon")),
    bad("a space before the colon", "9112 5.1", get("X-Space : v")),
    bad("a tab before the colon", "9112 5.1", get("X-Tab\t: v")),
    bad("a space before the colon of Content-Length", "9112 5.1", post(f"Content-Length : {len(BODY)}", body=BODY)),
    bad("a space before the colon of Transfer-Encoding", "9112 5.1", post("Transfer-Encoding : chunked", body=WHOLE)),
    bad("a folded line, space", "9112 5.2", get("X-Fold: a", " b")),
    bad("a folded line, tab", "9112 5.2", get("X-Fold: a", "\tb")),
    bad("a fold before the first field", "9112 2.2", get().replace(b"\r\nHost", b"\r\n Host", 1)),
    bad("a fold that hides Transfer-Encoding", "9112 5.2", post(LENGTH, "X: a", " Transfer-Encoding: chunked", body=BODY)),
    *(bad(f"{name} in a value", "9110 5.5", get(line)) for name, line in
      [("a NUL", "X: a\x00b"), ("a bare CR", "X: a\rb"), ("a bare LF", "X: a\nb"), ("a control byte", "X: a\x01b"),
       ("an escape", "X: \x1b[0m"), ("DEL", "X: a\x7fb"), ("a vertical tab", "X: a\x0bb"), ("a form feed", "X: a\x0cb")]),
    bad("a bare CR before the line end", "9112 2.2", get("X: a\r")),
    bad("CR CR LF", "9112 2.2", get().replace(b"gateway\r\n", b"gateway\r\r\n", 1)),
    bad("lines that end with LF", "9112 2.2", get().replace(b"\r\n", b"\n")),
    bad("one line that ends with LF", "9112 2.2", get("X: a\nY: b")),
    bad("a header that ends with LF LF", "9112 2.2", get()[:-4] + b"\n\n"),
    bad("a header that ends with CR LF LF", "9112 2.2", get()[:-2] + b"\n"),
    bad("a LF that hides a field", "9112 2.2", post(LENGTH + "\nTransfer-Encoding: chunked", body=BODY)),
]

HOST = [
    bad("no Host", "9112 3.2", get(host=None)),
    good("no Host in HTTP/1.0", "9112 3.2", get(host=None, version="HTTP/1.0"), closes=True),
    bad("Host twice", "9112 3.2", get("Host: gateway")),
    bad("Host twice, one in another case", "9112 3.2", get("HOST: other")),
    bad("no Host in absolute-form", "9112 3.2", get(host=None, target="http://gateway" + LOOK)),
    good("a port", "9110 7.2", get(host="Host: gateway:8080")),
    good("an IPv6 address", "9110 7.2", get(host="Host: [::1]:8080")),
    *(bad(f"Host with {name}", "9110 7.2", get(host=f"Host: {value}")) for name, value in
      [("nothing", ""), ("a user", "user@gateway"), ("a path", "gateway/x"), ("a space", "gate way"),
       ("two hosts", "a, b"), ("a query", "gateway?x"), ("a fragment", "gateway#x"), ("a scheme", "http://gateway"),
       ("an empty port", "gateway:"), ("no name before the port", ":80"), ("a port of letters", "gateway:http"),
       ("two ports", "gateway:80:81"), ("a long port", "gateway:123456"), ("an open bracket", "[::1"),
       ("text behind the bracket", "[::1]x"), ("a backslash", "gateway\\x"), ("an escape", "gate%20way"),
       ("a byte over 127", "g\xe9teway")]),
]

LENGTHS = [
    good("a body with Content-Length", "9112 6.3", post(LENGTH, body=BODY)),
    good("Content-Length with zeros before it", "9110 8.6", post(f"Content-Length: 000{len(BODY)}", body=BODY)),
    good("Content-Length: 0 of a GET", "9110 8.6", get("Content-Length: 0")),
    *(bad(f"Content-Length: {value!r}", "9110 8.6", post(f"Content-Length: {value}", body=BODY)) for value in
      ["", f"+{len(BODY)}", "-1", "-0", f"{len(BODY)}.0", f"0x{len(BODY):x}", f"{len(BODY)} ,{len(BODY)}",
       f"{len(BODY)}, {len(BODY)}", f"{len(BODY)},", f",{len(BODY)}", f"{len(BODY)}, 3", f"{len(BODY)} {len(BODY)}",
       "5 2", f"{len(BODY)}a", "1e1", "NaN", f'"{len(BODY)}"', f"{len(BODY)};x", "9223372036854775807", "18446744073709551615", "18446744073709551616",
       "18446744073709551668", "99999999999999999999999999", "\u00b2"]),
    bad("Content-Length twice, alike", "9112 6.3", post(LENGTH, LENGTH, body=BODY), note="a list would be allowed"),
    bad("Content-Length twice, different", "9112 6.3", post(LENGTH, "Content-Length: 3", body=BODY)),
    bad("Content-Length twice, in other case", "9112 6.3", post(LENGTH, "content-length: 3", body=BODY)),
    bad("Content-Length over the limit", "contract", post("Content-Length: 1048577"), LARGE),
    bad("Content-Length far over the limit", "contract", post("Content-Length: 999999999999999999"), LARGE),
    own("a GET with a body", "contract", get("Content-Length: 2") + b"{}", (400, "Gateway.0002"),
        note="well-framed, and this operation takes none"),
    own("a resize without a body", "contract", post("Content-Length: 0"), (400, "Gateway.0002")),
    own("a resize without any framing", "9112 6.3", post(), (400, "Gateway.0002"), note="which is a body of no length"),
    bad("Content-Length and Transfer-Encoding", "9112 6.1", chunked(WHOLE, LENGTH)),
    bad("Transfer-Encoding and Content-Length", "9112 6.1", post(LENGTH, "Transfer-Encoding: chunked", body=WHOLE)),
    bad("Content-Length: 0 and Transfer-Encoding", "9112 6.1", chunked(WHOLE, "Content-Length: 0")),
]

CODINGS = [
    good("a chunked body", "9112 7.1", chunked(WHOLE)),
    good("chunked in any case", "9110 10.1.4", post("Transfer-Encoding: ChUnKeD", body=WHOLE)),
    *(bad(f"Transfer-Encoding: {value!r}", "9112 6.1", post(f"Transfer-Encoding: {value}", body=WHOLE), CODING)
      for value in ["gzip", "gzip, chunked", "identity", "compress", "deflate", "xchunked", "chunkedx", "chunke",
                    "identity, chunked", "chunked, gzip", "x"]),
    *(bad(f"Transfer-Encoding: {value!r}", "9112 6.1", post(f"Transfer-Encoding: {value}", body=WHOLE), expected)
      for value, expected in [("", CODING), ("chunked, chunked", CODING), ("chunked,", CODING),
                              (",chunked", CODING), ("chunked;q=1", CODING), ('"chunked"', CODING), ("chunked identity", CODING)]),
    bad("Transfer-Encoding: \\x0bchunked", "9110 5.5", post("Transfer-Encoding: \x0bchunked", body=WHOLE)),
    bad("Transfer-Encoding twice", "9112 6.1", chunked(WHOLE, "Transfer-Encoding: chunked")),
    bad("Transfer-Encoding twice, the second identity", "9112 6.1", chunked(WHOLE, "Transfer-Encoding: identity")),
    bad("chunked in HTTP/1.0", "9112 6.1", post("Transfer-Encoding: chunked", body=WHOLE, version="HTTP/1.0")),
    bad("gzip and Content-Length", "9112 6.1", post("Transfer-Encoding: gzip", LENGTH, body=BODY)),
    bad("identity and Content-Length", "9112 6.1", post("Transfer-Encoding: identity", LENGTH, body=BODY)),
]

CHUNKS = [
    good("several chunks", "9112 7.1", chunked(chunks(BODY[:5], BODY[5:9], BODY[9:]))),
    good("chunks of one byte", "9112 7.1", chunked(chunks(*(bytes([b]) for b in BODY)))),
    good("a size in upper case", "9112 7.1", chunked(b"%X\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))),
    good("a size with zeros before it", "9112 7.1", chunked(b"0000%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))),
    good("a last chunk of many zeros", "9112 7.1", chunked(chunks(BODY, end=b"00000\r\n\r\n"))),
    good("a chunk extension", "9112 7.1.1", chunked(b"%x;a=b\r\n%s\r\n0;c\r\n\r\n" % (len(BODY), BODY))),
    good("a trailer", "9112 7.1.2", chunked(chunks(BODY, end=b"0\r\nX-Trailer: v\r\n\r\n")), note="read over"),
    *(bad(f"chunk size {size!r}", "9112 7.1", chunked(size + b"\r\n" + BODY + b"\r\n0\r\n\r\n")) for size in
      [b"", b"+34", b"-1", b"0x34", b"0X34", b" 34", b"34 ", b"\t34", b"3 4", b"g", b"34h", b"3.4", b"\x0034", b"34\x00",
       b"\xb2", b"123456789", b"ffffffffffffffff", b"10000000000000034", b"034_0", b'"34"']),
    bad("a size line that ends with LF", "9112 7.1", chunked(b"%x\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))),
    bad("a size line that ends with CR", "9112 7.1", chunked(b"%x\r%s\r\n0\r\n\r\n" % (len(BODY), BODY))),
    bad("CR CR LF behind a size", "9112 7.1", chunked(b"%x\r\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))),
    bad("a chunk that ends with LF", "9112 7.1", chunked(b"%x\r\n%s\n0\r\n\r\n" % (len(BODY), BODY))),
    bad("a chunk that ends with nothing", "9112 7.1", chunked(b"%x\r\n%s0\r\n\r\n" % (len(BODY), BODY))),
    bad("a chunk longer than its size", "9112 7.1", chunked(b"3\r\n%s\r\n0\r\n\r\n" % BODY)),
    bad("a last chunk that ends with LF", "9112 7.1", chunked(chunks(BODY, end=b"0\n\r\n"))),
    bad("a body that ends with LF", "9112 7.1", chunked(chunks(BODY, end=b"0\r\n\n"))),
    bad("a bare LF in an extension", "9112 7.1.1", chunked(b"%x;a\nb\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))),
    bad("a bare CR in an extension", "9112 7.1.1", chunked(b"%x;a\rb\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))),
    bad("a control byte in an extension", "9112 7.1.1", chunked(b"%x;a=\x01\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))),
    bad("an extension of 300 bytes", "9112 7.1.1", chunked(b"%x;%s\r\n%s\r\n0\r\n\r\n" % (len(BODY), b"a" * 300, BODY))),
    bad("a trailer of 5,000 bytes", "9112 7.1.2", chunked(chunks(BODY, end=b"0\r\nX: " + b"v" * 5000 + b"\r\n\r\n"))),
    bad("a folded trailer", "9112 5.2", chunked(chunks(BODY, end=b"0\r\nX: a\r\n b\r\n\r\n"))),
    bad("a trailer without a name", "9112 7.1.2", chunked(chunks(BODY, end=b"0\r\n: v\r\n\r\n"))),
    bad("a trailer that ends with LF", "9112 7.1.2", chunked(chunks(BODY, end=b"0\r\nX: a\nY: b\r\n\r\n"))),
    bad("a NUL in a trailer", "9112 7.1.2", chunked(chunks(BODY, end=b"0\r\nX: \x00\r\n\r\n"))),
    bad("a trailer without a colon", "9112 7.1.2", chunked(chunks(BODY, end=b"0\r\nno colon\r\n\r\n"))),
    bad("a chunked body over the limit", "contract", chunked(chunks(b"x" * 600000, b"x" * 600000)), LARGE),
    bad("a request where a chunk size should be", "9112 7.1", chunked(SMUGGLED)),
]

CONNECTIONS = [
    good("Connection: close", "9112 9.6", get("Connection: close"), closes=True),
    good("Connection: Close, in any case", "9112 9.6", get("Connection: x, CLOSE"), closes=True),
    good("HTTP/1.0", "9112 9.3", get(version="HTTP/1.0"), closes=True),
    good("HTTP/1.0 with keep-alive", "9112 9.3", get("Connection: keep-alive", version="HTTP/1.0"), closes=True,
         note="which is for who is no proxy"),
    good("fields that Connection names", "9110 7.6.1", get("Connection: X-Own", "X-Own: v")),
    good("Upgrade", "9110 7.8", get("Connection: upgrade", "Upgrade: websocket"), note="passed over"),
    good("TE: trailers", "9110 10.1.4", get("Connection: TE", "TE: trailers")),
    good("Expect: 100-continue with its body", "9110 10.1.1", post(LENGTH, "Expect: 100-continue", body=BODY)),
    good("Expect: 100-Continue, in any case", "9110 10.1.1", post(LENGTH, "Expect: 100-Continue", body=BODY)),
    bad("another expectation", "9110 10.1.1", post(LENGTH, "Expect: 200-ok", body=BODY), EXPECTATION),
    bad("two expectations", "9110 10.1.1", post(LENGTH, "Expect: 100-continue, x", body=BODY), EXPECTATION),
    bad("Expect twice", "9110 5.3", post(LENGTH, "Expect: 100-continue", "Expect: 100-continue", body=BODY)),
]

PROOFS = [
    own("no proof", "contract", get(key=False), NO_PROOF),
    *(bad(f"{name} twice", "9110 5.3", get(f"{name}: a", f"{name.lower()}: b", key=False)) for name in
      ["Authorization", "X-Api-Key", "X-Auth-Token", "X-Sdk-Date", "X-Sdk-Content-Sha256", "Content-Type"]),
    own("two proofs", "contract", get(f"X-Auth-Token: {KEY}"), NO_PROOF),
    own("a key and a bearer token", "contract", get(f"Authorization: Bearer {KEY}"), NO_PROOF),
    own("two keys in one field", "9110 5.3", get(f"X-Api-Key: {KEY}, {KEY}", key=False), NO_PROOF),
]

GROUPS = {"Request line": REQUEST_LINE, "Header fields": FIELDS, "Host": HOST, "Content-Length": LENGTHS,
          "Transfer codings": CODINGS, "Chunks": CHUNKS, "Connections and expectations": CONNECTIONS,
          "Proofs": PROOFS}

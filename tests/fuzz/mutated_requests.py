"""Requests between right and wrong: a grammar of calls, the tricks by which parsers have been told apart, and noise."""
import json

PROJECT = "0605767a3300d5762fb7c0186d9e1779"
LOOKS = [f"/v1/{PROJECT}/jobs/j1", f"/v1/{PROJECT}/cloudservers/s1", f"/v1/{PROJECT}/cloudservers/resize_flavors",
         f"/v1/{PROJECT}/cloudservers/resize_flavors?limit=10&name=%20a"]
RESIZES = [f"/v1.1/{PROJECT}/cloudservers/s1/resize", f"/v1/{PROJECT}/cloudservers/s1/resize"]
BODY = json.dumps({"resize": {"flavorRef": "s6.large.2"}, "dry_run": True}).encode()
SPOILT = [b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b";", b",", b"\x0b", b"\x0c", b"\x7f", b"\x85", b"\xa0", b"\xff",
          b"#", b"?", b"%00", b"%2f", b"..", b"//", b"0", b"1", b"-", b"+", b"0x", b"chunked", b"\r\n\r\n", b"\n\n", b"\"", b"\\"]
LINES = [b"X-Any: v", b"X-Any:v", b"X-Any: ", b"Accept: */*", b"User-Agent: t/1", b"X-Language: en-us", b"Connection: close",
         b"Connection: keep-alive", b"Connection: X-Any, TE", b"TE: trailers", b"Upgrade: h2c", b"Cookie: a=b",
         b"Expect: 100-continue", b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: 05", b"Content-Length: +5",
         b"Content-Length: 5, 5", b"Content-Length : 5", b"Content-length: 6", b"Transfer-Encoding: chunked",
         b"Transfer-Encoding: identity", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, identity",
         b"Transfer-Encoding : chunked", b"Transfer-Encoding:\tchunked", b"Transfer-Encoding: xchunked",
         b"Transfer-Encoding: \x0bchunked", b" Transfer-Encoding: chunked", b"X: a\nTransfer-Encoding: chunked",
         b"X: a\rTransfer-Encoding: chunked", b"Transfer-Encoding", b"Transfer_Encoding: chunked", b"Host: other",
         b"Host:", b"X-Forwarded-Host: other", b"Authorization: Bearer x", b"X-Auth-Token: x", b"X-Project-Id: other",
         b"X-Sdk-Date: 20260101T000000Z", b"\xef\xbb\xbfX: v", b"X\x00: v", b"Content-Type: application/json"]
METHODS = [b"GET"] * 60 + [b"POST", b"HEAD", b"get", b"PUT", b"CONNECT", b"OPTIONS", b"TRACE", b"GE T", b"G\tET"]
VERSIONS = [b"HTTP/1.1"] * 80 + [b"HTTP/1.0", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b""]
SEPARATORS = [b" "] * 150 + [b"  ", b"\t", b"\x0b"]
ENDS = [b"\r\n"] * 300 + [b"\n", b"\r", b"\r\r\n"]


def chunked(random, body):
    """A chunked body, mostly right."""
    out, rest = b"", body
    while rest:
        size = random.randint(1, len(rest))
        digits = b"%x" % size
        if random.random() < 0.05:
            digits = random.choice([b"0x" + digits, b"+" + digits, b" " + digits, digits + b" ", b"0" * 9 + digits,
                                    digits.upper(), b"000" + digits, b"f" * 17, digits + b"\t"])
        if random.random() < 0.1:
            digits += random.choice([b";a", b";a=b", b";", b";a=\"x\"", b"; a", b";\n", b";" + b"x" * 300])
        out += digits + random.choice(ENDS) + rest[:size] + random.choice(ENDS)
        rest = rest[size:]
    out += random.choice([b"0"] * 20 + [b"00", b"", b"-0"]) + random.choice(ENDS)
    if random.random() < 0.1:
        out += random.choice([b"X: trailer\r\n", b"Content-Length: 5\r\n", b" folded\r\n", b"no colon\r\n", b"X : v\r\n"])
    return out + random.choice(ENDS)


def one(random, key):
    """One request, right more often than not."""
    resize = random.random() < 0.4
    method = b"POST" if resize and random.random() < 0.95 else random.choice(METHODS)
    target = random.choice(RESIZES if resize else LOOKS).encode()
    if random.random() < 0.1:
        target = random.choice([b"http://gateway", b"https://other:443", b"http://u@h", b"ftp://h", b"http://", b""]) + target
    version = random.choice(VERSIONS)
    lines = [b"Host: gateway", b"X-Api-Key: " + key]
    body = b""
    if resize:
        lines.append(b"Content-Type: application/json")
        if random.random() < 0.5:
            body = BODY
            lines.append(b"Content-Length: %d" % (len(body) + (random.choice([-1, 1, 5]) if random.random() < 0.03 else 0)))
        else:
            body = chunked(random, BODY)
            lines.append(random.choice([b"Transfer-Encoding: chunked"] * 9 + [b"transfer-encoding: Chunked"]))
    for _ in range(random.choice([0, 0, 0, 0, 0, 1, 1, 2, 3])):
        lines.insert(random.randint(0, len(lines)), random.choice(LINES))
    if random.random() < 0.05:
        lines.insert(random.randint(0, len(lines)), random.choice(lines))
    if random.random() < 0.03:
        lines.remove(random.choice(lines))
    head = random.choice(SEPARATORS).join([method, target]) + random.choice(SEPARATORS) + version
    head += random.choice(ENDS)
    for line in lines:
        head += line + random.choice(ENDS)
    return random.choice([b""] * 60 + [b"\r\n", b"\n", b" "]) + head + random.choice(ENDS) + body


def mutated(random, key):
    """What is sent over one connection: one request or two, perhaps with noise."""
    sent = one(random, key)
    if random.random() < 0.15:
        sent += one(random, key)
    if random.random() < 0.3:
        for _ in range(random.choice([1, 1, 1, 2, 4])):
            at = random.randint(0, len(sent))
            kind = random.random()
            if kind < 0.5:
                sent = sent[:at] + random.choice(SPOILT) + sent[at:]
            elif kind < 0.7:
                sent = sent[:at] + bytes([random.randrange(256)]) + sent[at + 1:]
            elif kind < 0.9:
                sent = sent[:at] + sent[at + random.randint(1, 4):]
            else:
                until = random.randint(at, min(len(sent), at + 60))
                sent = sent[:until] + sent[at:until] + sent[until:]
    return sent

"""One row of the tables: what is sent, and what must come of it."""
import dataclasses

LOOK = "/v1/0605767a3300d5762fb7c0186d9e1779/jobs/j"
FLAVORS = "/v1/0605767a3300d5762fb7c0186d9e1779/cloudservers/resize_flavors"
RESIZE = "/v1.1/0605767a3300d5762fb7c0186d9e1779/cloudservers/s/resize"
BODY = b'{"resize":{"flavorRef":"s6.large.2"},"dry_run":true}'
KEY = "Zq7CIapiKEYdoNOTleak5"

BAD = (400, "Gateway.0001")
LINE, HEADER = (414, "Gateway.0403"), (431, "Gateway.0403")
CODING, EXPECTATION = (501, "Gateway.0404"), (417, "Gateway.0404")
LARGE = (413, "Gateway.0402")
NOT_FOUND, NOT_ALLOWED, NO_PROOF = (404, "Gateway.0301"), (405, "Gateway.0302"), (401, "Gateway.0101")
CALLED = (200, None)
SILENT = (None, None)


@dataclasses.dataclass(frozen=True)
class case:
    name: str
    rfc: str
    sent: bytes
    expected: tuple  # status and code of the gateway's own answer; CALLED: it reached the cloud
    closes: bool = True
    note: str = ""
    content: bytes = b'{"job_id":"j"}'  # of an answer that is handed back


def get(*lines, target=LOOK, method="GET", version="HTTP/1.1", host="Host: gateway", key=True):
    """A call without a body. `lines` are further header lines, bytes or text."""
    all_lines = [f"{method} {target} {version}", *([host] if host is not None else []),
                 *([f"X-Api-Key: {KEY}"] if key else []), *lines]
    return b"\r\n".join(each if isinstance(each, bytes) else each.encode("latin-1") for each in all_lines) + b"\r\n\r\n"


def post(*lines, body=b"", **named):
    """A resize; its framing is in `lines`."""
    return get("Content-Type: application/json", *lines, target=RESIZE, method="POST", **named) + body


def chunked(body, *lines, **named):
    return post("Transfer-Encoding: chunked", *lines, body=body, **named)


def chunks(*pieces, end=b"0\r\n\r\n"):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


def answer(*lines, status="HTTP/1.1 200 OK", body=b""):
    """An answer of the cloud."""
    return b"\r\n".join(each if isinstance(each, bytes) else each.encode("latin-1") for each in (status, *lines)) + \
        b"\r\n\r\n" + body

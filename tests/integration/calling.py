"""A caller of the gateway: HTTP to the byte, and SDK-HMAC-SHA256 by code that shares nothing with the product."""
import datetime
import hashlib
import hmac
import http.client
import io
import itertools
import json
import socket

PATIENCE = 30  # seconds


def utc_now(shift=0):
    """X-Sdk-Date, `shift` seconds from now."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=shift)
    return now.strftime("%Y%m%dT%H%M%SZ")


def nothing(_method, _target, _fields, _body):
    """No proof."""
    return []


def key(value, name="X-Api-Key"):
    """An API key in one of its three headers."""
    return lambda *_: [(name, f"Bearer {value}" if name == "Authorization" else value)]


count = itertools.count(1)


def authorization(access_key, secret_key, method, target, fields, body):
    """The Authorization field of SDK-HMAC-SHA256 over all of these fields, of which one is X-Sdk-Date."""
    path, _, query = target.partition("?")
    signed = {name.lower(): value for name, value in fields}
    names = ";".join(sorted(signed))
    canonical = "\n".join([
        method,
        path if path.endswith("/") else path + "/",
        "&".join(sorted(p if "=" in p else p + "=" for p in query.split("&") if p)),
        "".join(f"{n}:{signed[n]}\n" for n in sorted(signed)),
        names,
        hashlib.sha256(body).hexdigest()])
    to_sign = f"SDK-HMAC-SHA256\n{signed['x-sdk-date']}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    digest = hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"SDK-HMAC-SHA256 Access={access_key}, SignedHeaders={names}, Signature={digest}"


def signature(access_key, secret_key, shift=0):
    """A signature as the official SDKs make it: over host, x-sdk-date and content-type, if there is one. A field of its
    own makes each one new: a signature is good once, and two like calls in one second would have the same."""
    def proof(method, target, fields, body):
        own = [("X-Sdk-Date", utc_now(shift)), ("X-Number", str(next(count)))]
        signed = [f for f in fields if f[0].lower() in ("host", "content-type")] + own
        return [*own, ("Authorization", authorization(access_key, secret_key, method, target, signed, body))]
    return proof


def render(method, target, fields, body):
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields) + "\r\n"
    return head.encode("latin-1") + body


class answer:
    def __init__(self, response, body):
        self.status, self.fields, self.body = response.status, response.getheaders(), body

    def __getitem__(self, name):
        """A header field; None when it is absent."""
        found = [v for n, v in self.fields if n.lower() == name.lower()]
        assert len(found) < 2, f"{name} stands {len(found)} times in {self}"
        return found[0] if found else None

    def json(self):
        return json.loads(self.body)

    def error(self):
        """Code and message of an answer in the cloud's own error shape."""
        whole = self.json()
        assert list(whole) == ["error"] and list(whole["error"]) == ["code", "message"], whole
        return whole["error"]["code"], whole["error"]["message"]

    def __repr__(self):
        return f"{self.status} {self.fields} {self.body!r}"


class without_reading_ahead:
    """A socket for HTTPResponse, which reads ahead, and forgets what it has of the next answer."""

    def __init__(self, of):
        self._socket = of

    def makefile(self, *_):
        return io.BufferedReader(socket.SocketIO(self._socket, "r"), 1)


class connection:
    """One connection to the gateway, for as many calls as a test wants."""

    def __init__(self, port, over=None):
        """`over`: a socket that is connected already."""
        self.port = port
        self.socket = over or socket.create_connection(("127.0.0.1", port), PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method, target, body=b"", fields=(), proof=nothing):
        """The bytes of a call."""
        fields = [("Host", f"127.0.0.1:{self.port}"), *fields]
        if body or method == "POST":
            fields.append(("Content-Length", str(len(body))))
        return render(method, target, [*fields, *proof(method, target, fields, body)], body)

    def answer(self):
        response = http.client.HTTPResponse(without_reading_ahead(self.socket))
        response.begin()
        return answer(response, response.read())

    def call(self, *args, **named):
        self.send(self.request(*args, **named))
        return self.answer()

    def is_closed(self):
        """Waits for the gateway's end of the connection; whatever else it sends is read over."""
        try:
            while self.socket.recv(4096):
                pass
            return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

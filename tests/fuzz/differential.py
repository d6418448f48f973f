#!/usr/bin/python3
"""What the gateway sends on, read by a parser that has nothing to do with it.

Sends mutated requests to a real gateway. Whatever reaches the endpoint behind it has to be, for Python's h11, exactly the
requests that h11 reads out of what the caller sent: the same methods, targets and bodies, in order, and nothing after the
first thing that is wrong. The gateway may refuse more than h11 does, and never less.

Usage: GATEWAY_BIN_DIR=build/release/bin tests/fuzz/differential.py [--count N] [--seed S]
"""
import argparse
import contextlib
import pathlib
import random
import re
import socket
import sys
import tempfile
import threading
import time

import h11

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import programs  # noqa: E402
import world  # noqa: E402
from mutated_requests import mutated  # noqa: E402

# One that refuses: a resize that was accepted would hold its server, and the gateway would ask for its job.
ANSWER = b'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'


def requests_in(data):
    """What h11 reads: a list of (method, target, fields, body), and why it stopped (None: at the end)."""
    found = []
    while data:
        parser = h11.Connection(h11.SERVER)
        # RFC 9112, 2.2: a server should pass over an empty line before a request. h11 does not, the gateway does with one.
        parser.receive_data(data.removeprefix(b"\r\n"))
        body = b""
        try:
            while not isinstance(event := parser.next_event(), h11.EndOfMessage):
                if isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                else:  # there is no more
                    return found, None
        except h11.RemoteProtocolError as problem:
            return found, str(problem)
        found.append((request.method, request.target, list(request.headers), body))
        if parser.their_state is h11.MUST_CLOSE or request.method == b"CONNECT":
            return found, "the connection ends here"
        data = parser.trailing_data[0]
    return found, None


class recording_endpoint:
    """Answers each whole request and keeps the bytes of all of them."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.exchanges, self.garbage = [], []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        received = b""
        with connection, contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                received += piece
                found, problem = requests_in(received)
                # One request, wanting its last byte: nothing stands behind it.
                if problem or len(found) > 1 or (found and requests_in(received[:-1])[0]):
                    self.garbage.append((received, problem))
                    return
                if found:
                    self.exchanges.append(found[0])
                    received = b""
                    connection.sendall(ANSWER)


def path_of(target):
    """A target without scheme and authority (RFC 9112, 3.2.2)."""
    return re.sub(rb"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?]*", b"", target)


# A field that would frame a message, behind a last chunk.
FRAMING_TRAILER = re.compile(rb"(\r\n0+(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*?)(?:content-length|transfer-encoding):", re.I)


def without_framing_trailers(sent):
    """The gateway reads trailers over, whatever they are called (RFC 9110, 6.5.1); h11 judges them like headers."""
    while (renamed := FRAMING_TRAILER.sub(rb"\1X-Trailer:", sent)) != sent:
        sent = renamed
    return sent


def compare(sent, reached, garbage):
    """What is wrong, or None."""
    if garbage:
        return f"the endpoint was sent what h11 does not read as one request: {garbage}"
    wrong = compare_readings(requests_in(sent), reached)
    if wrong and (otherwise := without_framing_trailers(sent)) != sent:
        return compare_readings(requests_in(otherwise), reached)
    return wrong


def compare_readings(by_h11, reached):
    read, stopped = by_h11
    if len(reached) > len(read):
        return f"{len(reached)} requests were sent on, h11 reads {len(read)} (it stopped: {stopped})"
    wanted = iter(read)
    for method, target, fields, body in reached:
        # What the gateway answered itself (no such operation, no right) is passed over, the order stays.
        for their_method, their_target, _, their_body in wanted:
            if (method, target, body) == (their_method, path_of(their_target), their_body):
                break
        else:
            return f"{(method, target, body)} was sent on; h11 reads {[(m, path_of(t), b) for m, t, _, b in read]}"
        names = [name for name, _ in fields]
        if names.count(b"host") != 1 or names.count(b"content-length") > 1 or b"transfer-encoding" in names:
            return f"fields that can be read in two ways: {fields}"
        if set(names) & {b"x-api-key", b"cookie", b"te", b"upgrade", b"connection", b"expect"}:
            return f"fields that stay with the gateway were sent on: {names}"
    return None


def exchange(port, sent):
    """Sends it, says that there is no more, and reads to the end."""
    answers = b""
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), 30)) as to:
        with contextlib.suppress(ConnectionError):
            to.sendall(sent)
            to.shutdown(socket.SHUT_WR)
            while piece := to.recv(65536):
                answers += piece
    return answers


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    source, key = random.Random(chosen.seed), world.API_KEYS["ci"].encode()
    endpoint, began, findings, sent_on, refused_by_both = recording_endpoint(), time.monotonic(), 0, 0, 0
    stricter = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = world.settings(endpoint.url, log={"level": "error", "outcomes": "/dev/null"})
        settings["policy"] = [{"rule": "all", "callers": ["ci"]}]
        gate = programs.gateway(pathlib.Path(folder), {**settings, "log": {"level": "info", "outcomes": "/dev/null"}},
                                world.SECRETS)
        try:
            for number in range(1, chosen.count + 1):
                sent = mutated(source, key)
                endpoint.exchanges.clear()
                answers = exchange(gate.port, sent)
                reached = list(endpoint.exchanges)
                sent_on += len(reached)
                if wrong := compare(sent, reached, list(endpoint.garbage)):
                    findings += 1
                    endpoint.garbage.clear()
                    print(f"\nfinding {findings}, request {number}: {wrong}\n  sent: {sent!r}\n  answers: {answers[:300]!r}")
                elif not reached:
                    read, _ = requests_in(sent)
                    refused_by_both += not read
                    for code in set(re.findall(rb"Gateway\.\d+", answers)) if read else ():
                        stricter[code.decode()] = stricter.get(code.decode(), 0) + 1
                if number % 2000 == 0 or number == chosen.count:
                    rate = number / (time.monotonic() - began)
                    print(f"{number} of {chosen.count}, {rate:.0f} a second, {sent_on} sent on, {findings} findings",
                          flush=True)
                if findings >= 20:
                    print("twenty findings are enough")
                    break
        finally:
            gate.close()
    print(f"refused by both: {refused_by_both}; h11 reads a request, the gateway refuses it: "
          f"{dict(sorted(stricter.items()))}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

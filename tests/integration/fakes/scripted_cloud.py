"""An endpoint of the cloud that does what a test says, byte by byte, and keeps what it was sent."""
import dataclasses
import json
import socket
import threading


@dataclasses.dataclass
class received:
    line: str
    fields: list  # of (name, value), as they came
    body: bytes
    connection: int  # which of the endpoint's connections, from 0

    def __getitem__(self, name):
        return next((v for n, v in self.fields if n.lower() == name.lower()), None)

    @property
    def server(self):
        """The server id of the path."""
        return self.line.split("/")[4].split(" ")[0]


def answering(status=200, body=None, fields=(), reason="Said"):
    """The behaviour of a cloud that gives this answer."""
    text = json.dumps({"job_id": "70a599e0-31e7-49b7-b260-868f441e862b"} if body is None else body).encode()
    head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields)
    head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    return lambda connection, _request: connection.sendall(head.encode() + text)


def raw(data):
    """The behaviour of a cloud that sends these bytes and closes."""
    def behave(connection, _request):
        connection.sendall(data)
        raise ConnectionAbortedError
    return behave


def hanging_up(_connection, _request):
    raise ConnectionAbortedError


class scripted_cloud:
    """Plain HTTP, or TLS with a context. `behave(socket, received)` answers each request; `arrive(socket)` comes before
    anything is read or shaken hands over; `at_head(socket, received)`, where there is one, before the body is read. All
    of these and the TLS context may be exchanged."""

    def __init__(self, behave=answering(), tls=None, at=("127.0.0.1", 0)):
        self.behave, self.requests, self.connections = behave, [], []
        self.arrive, self.at_head = lambda _connection: None, None
        self.tls, self._open = tls, True
        self._listening = socket.create_server(at, backlog=512)
        self.port = self._listening.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while self._open:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            number = len(self.connections)
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        try:
            with connection:
                self.arrive(connection)
                if self.tls:
                    connection = self.connections[number] = self.tls.wrap_socket(connection, server_side=True)
                with connection, connection.makefile("rb") as stream:
                    while request := self._read_head(stream, number):
                        early = self.at_head
                        if early:
                            self.requests.append(request)
                            early(connection, request)
                        request.body = stream.read(int(request["Content-Length"] or 0))
                        if not early:
                            self.requests.append(request)
                        self.behave(connection, request)
        except OSError:
            pass  # the gateway hung up, or the behaviour wanted to

    @staticmethod
    def _read_head(stream, number):
        line = stream.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            return None
        fields = []
        while text := stream.readline().decode("latin-1").rstrip("\r\n"):
            name, _, value = text.partition(":")
            fields.append((name, value.strip()))
        return received(line, fields, b"", number)

    def hang_up(self):
        """Closes every connection that is open, as an endpoint does with idle ones."""
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed already

    def close(self):
        if not self._open:
            return
        self._open = False
        self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts; closing alone does not
        self._listening.close()
        self.hang_up()

"""What an endpoint can do wrong, as behaviours of a scripted cloud."""
import socket
import struct
import threading
import time

from fakes import scripted_cloud as scripts


def say(*pieces, then=None):
    """Sends these bytes, then does that, or keeps the connection and waits for the next request."""
    def behave(connection, _request=None):
        for piece in pieces:
            connection.sendall(piece)
        if then:
            then(connection)
    return behave


def close(_connection, _request=None):
    raise ConnectionAbortedError


def reset(connection, _request=None):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError


def be_silent(connection, _request=None):
    """Until the other side gives up."""
    connection.settimeout(60)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        pass
    raise ConnectionAbortedError


def reset_unread(connection, _request=None):
    """Resets once a byte of the request is there, without taking it."""
    connection.recv(1, socket.MSG_PEEK)
    reset(connection)


def drip(head, piece, pause, times=1000):
    def behave(connection, _request):
        connection.sendall(head)
        for _ in range(times):
            connection.sendall(piece)
            time.sleep(pause)  # what is tried here is an endpoint that takes its time
    return behave


def pour(head, piece):
    """Sends for ever; ends when the other side does."""
    def behave(connection, _request):
        connection.sendall(head)
        while True:
            connection.sendall(piece)
    return behave


def second_call_of_connection(bad):
    """The first request of each connection gets a good answer, the next one `bad`."""
    def behave(connection, request):
        if request.connection in behave.served:
            bad(connection, request)
        behave.served.add(request.connection)
        scripts.answering()(connection, request)
    behave.served = set()
    return behave


def head(status="200 OK", *fields):
    return (f"HTTP/1.1 {status}\r\n" + "".join(f"{f}\r\n" for f in fields) + "\r\n").encode()


def take_little(connection):
    """Keeps the kernel from taking a large request that nobody reads."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)


def answer_early(connection, _request):
    connection.sendall(head("413 Too Much", "Content-Length: 2", "Connection: close") + b"{}")


def answer_and_reset(connection, request):
    """Closing with a request half read is a reset (RFC 9112, 9.6)."""
    answer_early(connection, request)
    raise ConnectionAbortedError


def answer_and_stop_reading(connection, request):
    answer_early(connection, request)
    done_with.wait(60)
    raise ConnectionAbortedError


done_with = threading.Event()  # the call has come to its end

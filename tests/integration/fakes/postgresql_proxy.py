"""A network between gateways and their database that can fail: it stalls, cuts, and loses the answer to a COMMIT. A unix socket
before another one."""
import contextlib
import pathlib
import socket
import tempfile
import threading
import time

PORT = ".s.PGSQL.5432"  # as libpq calls a server's socket in its folder


class postgresql_proxy:
    def __init__(self, server_folder):
        """`server_folder`: where the server's socket is. `folder` is where this one's is."""
        self._server = pathlib.Path(server_folder) / PORT
        self._own = tempfile.TemporaryDirectory(prefix="pp.", dir="/tmp")  # pylint: disable=consider-using-with
        self.folder = pathlib.Path(self._own.name)
        self.folder.chmod(0o777)
        self.lost_commits = 0
        self._commits_to_lose = 0
        self._lock = threading.Lock()
        self._flows = threading.Event()
        self._flows.set()
        self._open = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / PORT))
        (self.folder / PORT).chmod(0o777)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self, seconds):
        """Nothing passes, either way, for that long."""
        self._flows.clear()
        time.sleep(seconds)
        self._flows.set()

    def cut(self):
        """Ends every connection."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def lose_commits(self, count):
        """So many COMMITs reach the server, and their answers nobody."""
        with self._lock:
            self._commits_to_lose = count

    def close(self):
        self._listener.close()
        self.cut()
        self._own.cleanup()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(str(self._server))
            except OSError:
                client.close()
                continue
            lost = threading.Event()
            with self._lock:
                self._open |= {client, server}
            for way in ((client, server, self._watch_commits), (server, client, self._drop_if_lost)):
                threading.Thread(target=self._pump, args=(*way, lost), daemon=True).start()

    def _pump(self, source, target, look, lost):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._flows.wait()
                if look(data, lost):
                    target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open -= {source}
        source.close()

    def _watch_commits(self, data, lost):
        if b"COMMIT" in data:
            with self._lock:
                if self._commits_to_lose > 0:
                    self._commits_to_lose -= 1
                    self.lost_commits += 1
                    lost.set()
        return True

    def _drop_if_lost(self, _data, lost):
        if lost.is_set():
            raise ConnectionResetError  # the server has answered; the caller's connection ends
        return True

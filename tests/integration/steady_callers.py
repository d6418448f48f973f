"""Callers that call without a pause, as tooling does, and count what became of each call."""
import threading

import calling


class steady_callers:
    """As a context: they call from its beginning to its end. `connect()` gives a calling.connection."""

    def __init__(self, connect, call, count):
        self.answered, self.refused, self.cut = 0, 0, []
        self.others = []  # answers that are not 200
        self._connect, self._call = connect, call
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(calling.PATIENCE)

    def _work(self):
        to = None
        while not self._stop.is_set():
            fresh = to is None
            try:
                to = to or self._connect()
            except ConnectionError:  # nobody listens, or has just stopped
                with self._lock:
                    self.refused += 1
                if self._stop.wait(0.01):
                    break
                continue
            try:
                answer = self._call(to)
            except Exception as problem:  # whatever it was, a call has no answer
                with self._lock:
                    # The kernel finishes a handshake by itself, and resets what nobody has accepted when the listening
                    # socket closes: no call of the gateway's, which never saw that connection.
                    if fresh and type(problem) in (ConnectionResetError, BrokenPipeError):
                        self.refused += 1
                    else:
                        self.cut.append(repr(problem))
                to = None
                continue
            with self._lock:
                self.answered += 1
                if answer.status != 200:
                    self.others.append(answer)
            if answer["Connection"] == "close":
                to.socket.close()
                to = None
        if to:
            to.socket.close()

"""Tries a row of upstream_faults.py: one call, what it gets, what is recorded of it, what the endpoint saw, and the
call after it."""
import itertools
import json
import socket
import struct

from fakes import scripted_cloud as scripts
from calling import connection as connection_to
from fakes.faulty_cloud import close, done_with, reset
from programs import wait_until
from upstream_faults import ALIVE, LARGE, NAME
from world import CI, PARTNER, PLANNER

NAMES = {"GET": "look", "POST": "resize"}
numbers = itertools.count()
GOOD = scripts.answering(fields=[("Connection", "close")])  # leaves no kept connection for the next case


class trial:
    """A fault, tried with one call over a gateway and an endpoint that other trials share."""

    def __init__(self, row, method, gate, cloud, names, contexts=None):
        self.row, self.method, self.gate, self.cloud, self.names = row, method, gate, cloud, names
        self.contexts = contexts or {}
        self.id = f"{row.id}-{method.lower()}-{next(numbers)}"

    def request(self, to):
        if self.method == "GET":
            return to.request("GET", f"/v1/{PARTNER}/cloudservers/{self.id}", proof=CI)
        body = json.dumps({"resize": {"flavorRef": "s6.large.2"}}).encode() + b" " * self.row.bulk
        return to.request("POST", f"/v1.1/{PARTNER}/cloudservers/{self.id}/resize", body,
                          [("Content-Type", "application/json")], PLANNER)

    def seen(self):
        return [r for r in self.cloud.requests if f"/{self.id}" in r.line]

    def expect_to_work(self):
        if self.row.hasty:  # on a busy machine a good answer may be late, too
            wait_until(self.works, "a call that works")
        else:
            assert self.works()

    def works(self):
        """A call as if nothing had been."""
        return self.gate.call("GET", f"/v1/{PARTNER}/jobs/after", proof=CI).status == 200

    def be_well(self):
        self.names.lead(NAME, ALIVE)
        self.cloud.behave, self.cloud.arrive, self.cloud.at_head = GOOD, lambda _connection: None, None
        self.cloud.tls = self.contexts.get("good")

    def be_ill(self):
        row = self.row
        self.cloud.behave, self.cloud.arrive, self.cloud.at_head = row.behave, row.arrive, row.at_head
        self.cloud.tls = self.contexts.get(row.certificate)
        self.names.lead(NAME, *row.leads)

    def keep_a_connection(self):
        behave = self.row.behave
        self.cloud.behave = behave if hasattr(behave, "served") else scripts.answering()
        self.expect_to_work()
        kept = self.cloud.connections[self.cloud.requests[-1].connection]
        if self.row.dies is close:
            kept.shutdown(socket.SHUT_RDWR)
        elif self.row.dies is reset:
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            kept.shutdown(socket.SHUT_RD)  # ends the endpoint's read, and with it the connection
            wait_until(lambda: kept.fileno() == -1, "the reset of the kept connection")
        elif self.row.dies:
            self.row.dies(kept)

    def run(self):
        self.be_well()
        done_with.clear()
        if self.row.kept:
            self.keep_a_connection()
        self.be_ill()
        with connection_to(self.gate.port) as to:
            to.send(self.request(to))
            if "cut short" in self.row.gets:
                self.judge_cut_short(to)
            else:
                self.judge(to.answer())
        done_with.set()
        self.recover()

    def judge(self, answer):
        status, _, code = self.row.gets.partition(" ")
        assert answer.status == int(status), answer
        assert (answer["X-Gateway-Outcome"] or "") in self.row.told.split(" or "), answer
        line = self.gate.outcome_of(answer)
        assert line["outcome"] in self.row.outcome.split(" or "), line
        assert line["status"] == answer.status
        if code:
            assert (answer.error()[0], line["code"]) == (code, code)
            assert line["outcome"] == answer["X-Gateway-Outcome"]
        else:
            assert "code" not in line, line
            assert self.row.body is None or answer.body == self.row.body, answer

    def judge_cut_short(self, to):
        """The status has gone out when the fault shows: the answer ends before its end, and says no other outcome."""
        got = b""
        try:
            while more := to.socket.recv(65536):
                got += more
        except ConnectionResetError:
            pass
        head_text, body = got.split(b"\r\n\r\n", 1)
        assert head_text.startswith(b"HTTP/1.1 200 ") and b"x" in body
        assert b"X-Gateway-Outcome" not in head_text
        assert len(body) < LARGE and not body.endswith(b"0\r\n\r\n")
        line = wait_until(lambda: next((o for o in self.gate.outcomes() if o.get("server_id") == self.id), None),
                          "the outcome line")
        assert (line["outcome"], line["code"], line["status"]) == ("unknown", self.row.gets[-12:], 200), line

    def recover(self):
        """The next call works, over a connection that the fault did not touch; by then the endpoint has been asked as
        often as it ever will be."""
        self.be_well()
        self.expect_to_work()
        if "answered" not in self.row.outcome:
            assert self.cloud.requests[-1].connection not in {r.connection for r in self.seen()}
        assert len(self.seen()) == self.row.seen[self.method != "GET"], self.seen()


def params(rows):
    """Each row with each kind of call."""
    return {"argnames": "row, method", "argvalues": [(row, method) for row in rows for method in row.methods],
            "ids": [f"{row.id}-{NAMES[method]}" for row in rows for method in row.methods]}

"""No byte of a change is sent before its record is on the disk, and no caller is answered before the record of the answer is: as
the kernel sees it, by strace(1)."""
import dataclasses
import json
import re

import ledger_world as ledgers
from fakes import scripted_cloud as scripts
from syscalls import new_folder, strace
from world import CI, PARTNER

CALLS = "fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg"
CHANGES = 5


@dataclasses.dataclass
class system_call:
    name: str
    text: str  # its arguments
    begun: int  # the lines of the record where it begins and ends
    ended: int


def read_calls(lines):
    """Of a record of strace, in the order in which they began."""
    calls, unfinished = [], {}
    for number, line in enumerate(lines):
        thread, text = line.split(maxsplit=1)
        if text.startswith("<... "):
            unfinished.pop(thread).ended = number
        elif begun := re.match(r"(\w+)\((.*)", text):
            calls.append(system_call(begun[1], begun[2], number, number))
            if "<unfinished ...>" in text:
                unfinished[thread] = calls[-1]
    return calls


class record_of_calls:
    def __init__(self, lines):
        self._calls = read_calls(lines)

    def first(self, names, *texts, after=-1):
        found = [c for c in self._calls if c.name in names and c.begun > after and all(text in c.text for text in texts)]
        assert found, f"no {names} with {texts} after line {after}"
        return found[0]

    def flush_of(self, text):
        """The end of the first flush that began when what was written with this text was in the kernel."""
        written = self.first(["pwrite64"], "ledger.db-wal", text)
        return self.first(["fdatasync", "fsync"], "ledger.db-wal", after=written.ended).ended


def test_flushes_come_before_the_first_byte_and_before_the_answer(start, tmp_path):
    def answer(connection, request):
        scripts.answering(body={"job_id": f"job-of-{request.server}"})(connection, request)
    cloud = start.cloud(answer)
    gate = start.gateway(ledgers.change_settings(cloud))
    with strace(new_folder(tmp_path, "strace"), gate.process.pid, "-y", "-s", "8192", "-e", f"trace={CALLS}") as watched:
        answers = [ledgers.resize(gate, f"s{number}", "s6.large.2", proof=CI) for number in range(CHANGES)]
    calls = record_of_calls(watched.record())
    for answer in answers:
        change, job = answer["X-Gateway-Change-Id"], json.loads(answer.body)["job_id"]
        sent = calls.first(["sendto", "sendmsg"], f"POST /v1.1/{PARTNER}", change)
        told = calls.first(["sendto", "sendmsg"], "HTTP/1.1 200", change)
        assert calls.flush_of(change) < sent.begun < calls.flush_of(job) < told.begun

"""A scripted cloud as a process of its own, for tests that kill it: ADDRESS PORT RECORD. What it is asked is in the
record before it answers."""
import sys
import threading

from fakes import scripted_cloud as scripts


def main(address, port, record):
    with open(record, "ab", buffering=0) as to:
        def note_and_answer(connection, request):
            to.write(request.line.encode() + b"\n")
            scripts.answering()(connection, request)
        cloud = scripts.scripted_cloud(note_and_answer, at=(address, int(port)))
        print(f"listening {cloud.port}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])

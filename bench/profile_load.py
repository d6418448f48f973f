#!/usr/bin/env python3
"""The load by which tools/profiled.sh lets the compiler know what a call runs through.

Every kind of call that bench/instructions.py counts, over plain HTTP and over TLS to the endpoint, one after another, so that
the counts come out nearly alike each time. Many callers at once were tried: no difference in what a call costs by it.
"""
import contextlib
import os
import ssl
import sys

from instructions import KINDS, SECRETS, settings
from stage import stage

import calling  # found by what instructions.py adds to the path
import programs
from fakes import scripted_cloud

CALLS = 3000  # of a kind


def load(folder, cloud, **changes):
    with_cloud = settings(cloud.url, replay_protection=False, **changes)
    with contextlib.closing(cloud), contextlib.closing(programs.gateway(folder, with_cloud, SECRETS)) as gate:
        for kind, request_of in KINDS.items():
            print(f"  {cloud.url.partition(':')[0]:5} {kind}", file=sys.stderr, flush=True)
            with calling.connection(gate.port) as to:
                call = request_of(to)
                for _ in range(CALLS):
                    to.send(call)
                    status = to.answer().status
                    if status != (401 if kind.startswith("refused") else 200):
                        sys.exit(f"{kind}: answered with {status}, so the counts would be of something else\n{gate.stderr.text()}")


def main():
    with stage(programs.BIN) as on:
        on.certificates()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(on.folder / "origin.pem", on.folder / "origin.key")
        load(on.folder, scripted_cloud.scripted_cloud())
        load(on.folder, scripted_cloud.scripted_cloud(tls=tls), upstream={"ca_file": str(on.folder / "ca.pem")})


if __name__ == "__main__":
    if "GATEWAY_BIN_DIR" not in os.environ:
        sys.exit("GATEWAY_BIN_DIR names no folder with a gateway that counts: tools/profiled.sh does")
    main()

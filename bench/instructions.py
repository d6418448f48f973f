#!/usr/bin/env python3
"""Instructions of the gateway's own for a call, counted by callgrind: the same on a busy machine and on an idle one.

    instructions.py            counts, and compares with the kept baseline; exit status 1 when one has moved by over 5 %
    instructions.py --keep     counts, and keeps what it counted as the baseline

One caller on one kept connection makes the same call again and again; what is counted is what the worker's loop and the
outcome log's thread execute. The kernel's part is not in it, nor what a busy worker saves by taking several calls at once. The
processor's extensions are switched off as far as OpenSSL and glibc choose their code by them, so that two machines agree:
SHA-256 costs more here than where there is an instruction for it.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests/integration"))

import calling  # noqa: E402  (finds these by the path above)
import programs  # noqa: E402
from fakes import scripted_cloud  # noqa: E402
from world import CI, PARTNER, PLANNER_KEY, SECRETS, settings  # noqa: E402

BASELINE = PROJECT / "bench/instructions.json"
TOLERANCE = 0.05
CALLS = 1000
LOOPS = ("boost::asio::detail::scheduler::run(boost::system::error_code&)", "gateway::outcome::outcome_log::run()")
SAME_EVERYWHERE = {
    "OPENSSL_ia32cap": "~0x1000000000000000:~0xffffffffffffffff",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM",
}
RESIZE = f"/v1.1/{PARTNER}/cloudservers/459a2b9d-804a-4745-ab19-a113bb1b4ddc/resize"
JSON = [("Content-Type", "application/json")]
DRY = json.dumps({"resize": {"flavorRef": "s6.large.2"}, "dry_run": True}).encode()

KINDS = {
    "resize, API key": lambda to: to.request("POST", RESIZE, DRY, JSON, CI),
    "resize, signature": lambda to: to.request("POST", RESIZE, DRY, JSON,
                                               calling.signature(PLANNER_KEY, SECRETS["planner.sk"])),
    "look at a job, API key": lambda to: to.request("GET", f"/v1/{PARTNER}/jobs/ff80808288d41e1b018990260955686a", proof=CI),
    "refused, no proof": lambda to: to.request("POST", RESIZE, DRY, JSON),
}


def counted(request_of):
    """Instructions for a call."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        out = folder / "callgrind.out"
        cloud = scripted_cloud.scripted_cloud(scripted_cloud.answering(fields=[("Date", "Thu, 26 Nov 2026 00:00:00 GMT")]))
        gate = programs.gateway(
            folder, settings(cloud.url), SECRETS, SAME_EVERYWHERE,
            ("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}", "--collect-atstart=no",
             *(f"--toggle-collect={loop}" for loop in LOOPS)))
        with calling.connection(gate.port) as to:
            call = request_of(to)
            for _ in range(CALLS):
                to.send(call)
                to.answer()
        gate.close()
        cloud.close()
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(encoding="utf-8"), re.M)[1]) // CALLS


def moved(kept, now):
    """What differs by more than the tolerance: (kind, kept, now)."""
    return [(kind, kept.get(kind), now.get(kind)) for kind in {**kept, **now}
            if kind not in kept or kind not in now or abs(now[kind] - kept[kind]) > TOLERANCE * kept[kind]]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--keep", action="store_true", help="keep what is counted as the baseline")
    keep = options.parse_args().keep
    if not shutil.which("valgrind"):
        sys.exit("there is no valgrind: tools/setup.sh test")
    kept = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    now = {}
    for kind, request_of in KINDS.items():
        now[kind] = counted(request_of)
        before = f"{now[kind] / kept[kind] - 1:+.1%} of {kept[kind]:,}" if kind in kept else "no baseline"
        print(f"{kind:24} {now[kind]:8,} instructions a call ({before})", flush=True)
    if keep:
        BASELINE.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
        return
    if strayed := moved(kept, now):
        for kind, old, new in strayed:
            print(f"{kind}: {old} before, {new} now, which is more than {TOLERANCE:.0%} away", file=sys.stderr)
        sys.exit("If that is meant (or better than before), keep it with `make instructions-keep` and say why in the commit.")


if __name__ == "__main__":
    os.environ.setdefault("GATEWAY_BIN_DIR", str(PROJECT / "build/release/bin"))
    main()

#!/usr/bin/python3
"""The house keeps its order: who may include whom, and which rooms may do I/O.

The build gives each room only the headers of the rooms that its CMakeLists.txt names, but a CMakeLists.txt can name a
room too many. This is the table of the design, checked against every #include. Usage: rooms.py [ROOT OF THE PROJECT]
"""
import pathlib
import re
import sys

# From the ground up; a room sees some of those above it in this list and never one below.
MAY_INCLUDE = {
    "base": "",
    "config": "base",
    "message": "base",
    "net": "base",
    "operations": "base",
    "signing": "base",
    "credentials": "base config signing",
    "callers": "base config signing credentials",
    "policy": "base config operations",
    "outcome": "base",
    "upstream": "base config message net",
    "renewal": "base config message net signing credentials upstream",
    "http": "base config message net",
    "pipeline": "base config message net operations signing credentials callers policy outcome upstream http",
    "admin": "base config message net credentials outcome http",
    "runtime": "base config net credentials callers policy outcome upstream renewal http pipeline admin",
    "cli": "base config operations signing credentials callers policy renewal runtime",
}
MAY_INCLUDE = {room: others.split() for room, others in MAY_INCLUDE.items()}

PURE = "base config operations signing credentials callers policy outcome".split()
# (who, header that they must not include, why)
FORBIDDEN = [
    *((room, r"boost/(asio|beast)/", "this room does no I/O") for room in PURE),
    *((room, r"(sys/socket|netinet/.*|arpa/.*|netdb)\.h", "this room knows no socket") for room in PURE),
    ("message", r"boost/asio/(ip|ssl|ts|local|generic|basic_.*|io_context.*|co_spawn.*|awaitable.*)", "no socket"),
    *((room, r"yaml-cpp/", "only config reads YAML") for room in MAY_INCLUDE if room != "config"),
    *((room, r"(gtest|gmock|benchmark)/", "no test code in the product") for room in MAY_INCLUDE),
]
# The simulator checks signatures by code of its own, so that a bug in signing can't cancel itself out.
SIMULATOR_MAY_INCLUDE = ["base"]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def includes(file):
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found[1] == '"', found[2]


def problems_of(room, allowed, file):
    """What is wrong with the includes of one file of a room."""
    for number, quoted, header in includes(file):
        parts = header.split("/")
        if parts[0] == "gateway":
            if len(parts) < 3 or parts[1] not in MAY_INCLUDE:
                yield number, header, "there is no such room"
            elif parts[1] != room and parts[1] not in allowed:
                yield number, header, f"{room} may use {', '.join(allowed) or 'no other room'}"
        elif quoted and not (file.parent / header).is_file():
            yield number, header, "a header in quotes is gateway/ROOM/… or lies beside the file"
        elif quoted and ".." in parts:
            yield number, header, "no way leads round gateway/ROOM/… into another room"
        for who, pattern, why in FORBIDDEN:
            if who == room and re.match(pattern, header):
                yield number, header, why


def sources(folder):
    return sorted(f for f in folder.rglob("*") if f.suffix in (".hpp", ".cpp"))


def check(root):
    """All problems as text, and the number of files that were read."""
    found, read = [], 0

    def look_at(room, allowed, file):
        nonlocal read
        read += 1
        for number, header, why in problems_of(room, allowed, file):
            found.append(f"{file.relative_to(root)}:{number}: includes {header}: {why}")

    for top in (root / "include/gateway", root / "src"):
        for folder in sorted(f for f in top.iterdir() if f.is_dir()):
            if folder.name not in MAY_INCLUDE:
                found.append(f"{folder.relative_to(root)}: a room that the table does not know")
                continue
            for file in sources(folder):
                look_at(folder.name, MAY_INCLUDE[folder.name], file)
    for file in sorted((root / "src").glob("*.cpp")):
        look_at("main", ["cli"], file)
    for file in sources(root / "tools/simulator"):
        look_at("simulator", SIMULATOR_MAY_INCLUDE, file)
    return found, read


def main():
    rooms = list(MAY_INCLUDE)
    for room, others in MAY_INCLUDE.items():
        assert all(rooms.index(other) < rooms.index(room) for other in others), f"the table of {room} points down"
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found, read = check(root)
    for problem in found:
        print(problem)
    print(f"{read} files read, {len(found)} problems")
    return 1 if found or not read else 0


if __name__ == "__main__":
    sys.exit(main())

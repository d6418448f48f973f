#!/usr/bin/python3
"""Which module may include which, and which modules may do I/O.

The modules and their order are those of src/CMakeLists.txt, what each may use is what its own CMakeLists.txt names in
USES. The build gives a module the headers of what it uses and of what those use in turn; here every #include is held to
USES itself, and USES to the order. Usage: modules.py [ROOT OF THE PROJECT]
"""
import pathlib
import re
import sys

PURE = "base config operations signing credentials callers policy outcome ledger".split()
SOCKETS = r"(sys/socket|netinet/.*|arpa/(?!inet).*|netdb)\.h"  # inet_pton(3) reads a text, and opens nothing
# (module or None for all, header that it must not include, why)
FORBIDDEN = [
    *((module, r"boost/(asio|beast)/", "this module does no I/O") for module in PURE),
    *((module, SOCKETS, "this module knows no socket") for module in PURE),
    ("message", r"boost/asio/(ip|ssl|ts|local|generic|basic_.*|io_context.*|co_spawn.*|awaitable.*)", "no socket"),
    (None, r"yaml-cpp/", "only config reads YAML"),
    (None, r"(gtest|gmock|benchmark)/", "no test code in the product"),
]
EXEMPT = {("config", r"yaml-cpp/")}
# The simulator checks signatures by code of its own, so that a bug in signing can't cancel itself out.
SIMULATOR_MAY_INCLUDE = ["base"]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def read_modules(root):
    """Each module, from the ground up, with the modules that it may include: as CMake has them."""
    def words(file, pattern):
        found = re.search(pattern, re.sub("#.*", "", file.read_text(encoding="utf-8")))
        return found[1].split() if found else []

    names = words(root / "src/CMakeLists.txt", r"set\(modules([^)]*)\)")
    uses = {name: words(root / "src" / name / "CMakeLists.txt", r"gateway_module\([^)]*\bUSES\b([^)]*)\)") for name in names}
    return {name: [used for used in uses[name] if used in names] for name in names}


def includes(file):
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found[1] == '"', found[2]


def problems_of(module, modules, allowed, file):
    """What is wrong with the includes of one file of a module."""
    for number, quoted, header in includes(file):
        parts = header.split("/")
        if parts[0] == "gateway":
            if len(parts) < 3 or parts[1] not in modules:
                yield number, header, "there is no such module"
            elif parts[1] != module and parts[1] not in allowed:
                yield number, header, f"{module} may use {', '.join(allowed) or 'no other module'}"
        elif quoted and not (file.parent / header).is_file():
            yield number, header, "a header in quotes is gateway/MODULE/… or lies beside the file"
        elif quoted and ".." in parts:
            yield number, header, "no way leads round gateway/MODULE/… into another module"
        for owner, pattern, why in FORBIDDEN:
            held = owner == module or (owner is None and module in modules and (module, pattern) not in EXEMPT)
            if held and re.match(pattern, header):
                yield number, header, why


def sources(folder):
    return sorted(f for f in folder.rglob("*") if f.suffix in (".hpp", ".cpp"))


def check(root, modules):
    """All problems as text, and the number of files that were read."""
    found, read = [], 0

    def look_at(module, allowed, file):
        nonlocal read
        read += 1
        for number, header, why in problems_of(module, modules, allowed, file):
            found.append(f"{file.relative_to(root)}:{number}: includes {header}: {why}")

    order = list(modules)
    for module, uses in modules.items():
        found += [f"src/{module}/CMakeLists.txt: uses {used}, which is not above it in src/CMakeLists.txt"
                  for used in uses if order.index(used) >= order.index(module)]
    for top in (root / "include/gateway", root / "src"):
        for folder in sorted(f for f in top.iterdir() if f.is_dir()):
            if folder.name not in modules:
                found.append(f"{folder.relative_to(root)}: a module that src/CMakeLists.txt does not name")
                continue
            for file in sources(folder):
                look_at(folder.name, modules[folder.name], file)
    for file in sorted((root / "src").glob("*.cpp")):
        look_at("main", ["cli"], file)
    for file in sources(root / "tools/simulator"):
        look_at("simulator", SIMULATOR_MAY_INCLUDE, file)
    return found, read


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found, read = check(root, read_modules(root))
    for problem in found:
        print(problem)
    print(f"{read} files read, {len(found)} problems")
    return 1 if found or not read else 0


if __name__ == "__main__":
    sys.exit(main())

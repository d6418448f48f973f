"""How often the gateway takes memory from the heap: counted_allocations.c in its process counts into a file."""
import pathlib
import struct
import subprocess


class counted_allocations:
    def __init__(self, folder):
        self._file, library = folder / "allocations", folder / "counted_allocations.so"
        self._file.write_bytes(bytes(8))
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library,
                        pathlib.Path(__file__).with_suffix(".c")], check=True)
        self.environment = {"COUNTED_ALLOCATIONS": str(self._file), "LD_PRELOAD": str(library)}

    def so_far(self):
        return struct.unpack("=Q", self._file.read_bytes())[0]

"""Names that lead where a test says: name look-ups of the gateway are answered from a file (steered_names.c)."""
import os
import pathlib
import subprocess


class steered_names:
    def __init__(self, folder):
        self._file, library = folder / "names", folder / "steered_names.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library,
                        pathlib.Path(__file__).with_name("steered_names.c"), "-ldl"], check=True)
        self._lines = {}
        self.environment = {
            "STEERED_NAMES": str(self._file),
            "LD_PRELOAD": str(library),
            # AddressSanitizer wants to be loaded first, which matters for libraries that allocate in its place.
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
        }

    def lead(self, name, *addresses):
        """From now on `name` has these addresses, or is the fault that a word names."""
        self._lines[name] = addresses
        new = self._file.with_suffix(".new")
        new.write_text("".join(f"{n} {' '.join(a)}\n" for n, a in self._lines.items()), encoding="utf-8")
        os.replace(new, self._file)  # whoever looks sees the old file or the new one, never half of it

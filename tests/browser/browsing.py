"""Chromium, by way of driver.mjs: each deed of that file is a method here."""
import json
import os
import pathlib
import subprocess

DRIVER = pathlib.Path(__file__).resolve().parent / "driver.mjs"


class browser:
    def __init__(self):
        self._driver = subprocess.Popen(["node", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=os.environ | {"NODE_NO_WARNINGS": "1"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._driver.stdin.close()
        self._driver.wait(30)

    def __getattr__(self, deed):
        def done(**given):
            self._driver.stdin.write(json.dumps({"do": deed, **given}) + "\n")
            self._driver.stdin.flush()
            line = self._driver.stdout.readline()
            assert line, f"the driver ended at {deed} {given}"
            said = json.loads(line)
            assert "error" not in said, f"{deed} {given}: {said['error']}"
            return said["value"]
        return done

    def rows(self, table):
        """The text of each cell of a table's body."""
        width = self.count(css=f"#{table} tbody tr:first-child > *")
        cells = self.texts(css=f"#{table} tbody tr > *")
        return [cells[i:i + width] for i in range(0, len(cells), width)]

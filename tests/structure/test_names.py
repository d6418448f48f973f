"""Every Python module has the names that it uses: what a test that was moved has left behind shows here, not after minutes."""
import pathlib
import subprocess

PROJECT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["bench", "deploy", "tests", "tools"]


def undefined_names(*files):
    said = subprocess.run(["/usr/bin/python3", "-m", "pyflakes", *map(str, files)], capture_output=True, text=True)
    assert said.stderr == ""
    return [line for line in said.stdout.splitlines() if "undefined name" in line]


def test_every_module_has_the_names_that_it_uses():
    files = [file for folder in FOLDERS for file in (PROJECT / folder).rglob("*.py") if "node_modules" not in file.parts]
    assert len(files) > 100
    assert undefined_names(*files) == []


def test_a_name_that_is_not_there_is_found(tmp_path):
    (tmp_path / "module.py").write_text("print(HERE)\n")
    assert len(undefined_names(tmp_path / "module.py")) == 1

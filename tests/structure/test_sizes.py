"""A file is a thought: none of over 400 lines. (clang-tidy looks at the length of functions.)"""
import pathlib

PROJECT = pathlib.Path(__file__).resolve().parents[2]
LONGEST = 400
FOLDERS = ["bench", "cmake", "deploy", "include", "src", "tests", "tools"]
CODE = [".cpp", ".hpp", ".c", ".py", ".sh", ".cmake", ".txt"]


def test_no_file_is_longer_than_a_thought():
    files = [file for folder in FOLDERS for file in (PROJECT / folder).rglob("*") if file.suffix in CODE and "node_modules" not in file.parts]
    lengths = {str(file.relative_to(PROJECT)): len(file.read_bytes().splitlines()) for file in files}
    assert len(lengths) > 300
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}

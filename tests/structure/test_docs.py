"""What the pages promise each other: every link leads somewhere, every code has its section, every page is found from README."""
import pathlib
import re

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("deploy/**/*.md"), *PROJECT.glob("tools/**/*.md"),
                *PROJECT.glob("tests/integration/*.md")])


def prose(text):
    """A page without its code."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))


def links(text):
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", prose(text)) if not re.match(r"[a-z]+:", target)]


def anchors(text):
    """Of its headings, as GitHub makes them."""
    without_code = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    made = []
    for heading in re.findall(r"^#+ (.*)$", without_code, re.M):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        same = sum(anchor == re.sub(r"-\d+$", "", other) for other in made)
        made.append(f"{anchor}-{same}" if same else anchor)
    return made


def broken(page):
    found = []
    for target in links(page.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        there = (page.parent / file) if file else page
        if not there.exists():
            found.append(target)
        elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text(encoding="utf-8")):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_leads_somewhere(page):
    assert broken(page) == []


def test_a_broken_link_is_seen(tmp_path):
    (tmp_path / "there.md").write_text("# Here it is: `x`\n## Twice\n## Twice\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text("[a](there.md) [b](there.md#here-it-is-x) [c](there.md#twice-1) [d](gone.md) [e](there.md#gone) `[f](code.md)`\n"
                    "```\n[g](block.md)\n```\n[h](https://example.com)\n", encoding="utf-8")
    assert broken(page) == ["gone.md", "there.md#gone"]


def test_every_code_has_its_section_and_every_section_its_code():
    source = "".join(file.read_text(encoding="utf-8") for file in (PROJECT / "src").rglob("*.cpp"))
    known = set(re.findall(r"Gateway\.\d{4}", source))
    assert len(known) > 15
    text = (PROJECT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## (Gateway\.\d{4})$", text, re.M)) == known
    assert set(re.findall(r"^\|[^|]*\| (Gateway\.\d{4}) ", (PROJECT / "docs/answers.md").read_text(encoding="utf-8"), re.M)) == known


def test_the_keys_of_the_outcome_line_are_those_that_are_written_in_their_order():
    page = (PROJECT / "docs/outcomes.md").read_text(encoding="utf-8")
    listed = re.search(r"Keys, in this order.*?:\n\n(.*?)\.\n", page, re.S)[1]
    writer = (PROJECT / "src/outcome/record.cpp").read_text(encoding="utf-8")
    assert re.findall(r"`(\w+)`", listed) == re.findall(r'[{,]"(\w+)":', writer)


def numbers(text, prefix):
    """The codes of that prefix in a row, ranges with all that lies within: "`Ecs.0027` to `Ecs.0029`"."""
    found = set()
    for first, last in re.findall(rf"`{prefix}(\d{{4}})`(?: to `{prefix}(\d{{4}})`)?", text):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_the_page_of_changes_says_of_each_answer_what_the_program_makes_of_it():
    page = (PROJECT / "docs/changes.md").read_text(encoding="utf-8")
    section = re.search(r"^## What an answer means$(.*?)^## ", page, re.M | re.S)[1]
    rows = re.findall(r"^\| (.*?) \| `(\w+)` \|", section, re.M)
    refusing = [answer for answer, state in rows if state == "refused"]
    code = (PROJECT / "src/ledger/answer_meaning.cpp").read_text(encoding="utf-8")
    statuses = set(re.findall(r"\d{3}", re.search(r"refusing_statuses\{(.*?)\}", code)[1]))
    flow = set(re.findall(r'refusing_answer\{(\d+), "([\w.]+)"\}', code))
    common = {int(each) for each in re.findall(r'"Common\.(\d{4})"', re.search(r"refusing_common_codes\{(.*?)\};", code, re.S)[1])}
    ranges = re.findall(r"range\{(\d+), (\d+)\}", code)
    ecs = {number for first, last in ranges for number in range(int(first), int(last) + 1)}
    assert len(statuses) == 7 and len(flow) == 2 and len(common) == 2 and len(ranges) == 20, "the table is read as it is written"
    at_front = next(answer for answer in refusing if "with any code" in answer)
    assert set(re.findall(r"\b\d{3}\b", at_front)) == statuses
    of_flow = next(answer for answer in refusing if "Common.0024" in answer)
    assert set(re.findall(r"(\d{3}) `([\w.]+)`", of_flow)) == flow
    by_code = [answer for answer in refusing if answer not in (at_front, of_flow)]
    assert all(answer.startswith("400 or 501 ") for answer in by_code)
    assert set().union(*(numbers(answer, "Ecs.") for answer in by_code)) == ecs
    assert set().union(*(numbers(answer, "Common.") for answer in by_code)) == common
    uncertain = set().union(*(numbers(answer, "Ecs.") for answer, state in rows if state == "unknown"))
    assert uncertain and not uncertain & ecs


def test_the_page_of_changes_has_every_state_and_arrow():
    page = (PROJECT / "docs/changes.md").read_text(encoding="utf-8")
    header = (PROJECT / "include/gateway/ledger/change.hpp").read_text(encoding="utf-8")
    states = re.findall(r"^    (\w+),", re.search(r"enum class state.*?\{(.*?)\};", header, re.S)[1], re.M)
    section = re.search(r"^## States$(.*?)^## ", page, re.M | re.S)[1]
    assert re.findall(r"^\| `(\w+)` \| (?:yes)? ?\|", section, re.M) == states
    written = {first: set(re.findall(r"`(\w+)`", rest)) for first, rest in re.findall(r"^\| `(\w+)` \| (`.*`) \|$", section, re.M)}
    code = (PROJECT / "src/ledger/change.cpp").read_text(encoding="utf-8")
    arrows = {}
    for first, rest in re.findall(r"row\{cause::\w+, set\(state::(\w+)\),\s+set\((.*?)\)\}", code):  # not an operator's
        arrows.setdefault(first, set()).update(re.findall(r"state::(\w+)", rest))
    assert len(arrows) == 4 and written == arrows


def test_the_files_that_the_architecture_names_are_there():
    text = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
    modules = {folder.name for folder in (PROJECT / "src").iterdir() if folder.is_dir()}
    named = {(module, name) for module, name in re.findall(r"`([a-z_]+)/([a-z_0-9]+)`", text) if module in modules}
    assert len(named) > 15
    missing = [f"{module}/{name}" for module, name in sorted(named)
               if not [*(PROJECT / "src" / module).glob(f"{name}.*"), *(PROJECT / "include/gateway" / module).glob(f"{name}.hpp")]]
    assert missing == []


def test_every_page_is_found_from_the_readme():
    found, new = set(), {PROJECT / "README.md"}
    while new:
        found |= new
        new = {(page.parent / link.partition("#")[0]).resolve() for page in new for link in links(page.read_text(encoding="utf-8"))}
        new = {page for page in new if page.suffix == ".md"} - found
    assert {page.resolve() for page in PROJECT.glob("docs/*.md")} - found == set()

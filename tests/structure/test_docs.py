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

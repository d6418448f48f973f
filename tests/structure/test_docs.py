"""What the pages promise each other: every link leads somewhere, every code has its section, every page is found from README."""
import pathlib
import re

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("deploy/**/*.md"), *PROJECT.glob("tools/**/*.md")])


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


def test_every_page_is_found_from_the_readme():
    found, new = set(), {PROJECT / "README.md"}
    while new:
        found |= new
        new = {(page.parent / link.partition("#")[0]).resolve() for page in new for link in links(page.read_text(encoding="utf-8"))}
        new = {page for page in new if page.suffix == ".md"} - found
    assert {page.resolve() for page in PROJECT.glob("docs/*.md")} - found == set()

"""The status page can be read: on a screen of any width, in both colour schemes, by names."""
import re

import pytest

import mock_gateway
from mock_gateway import COUNTED, change, denied, ended, freeze, ledger, outcome


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_it_fits_a_screen_of_that_width(browser, mock, width):
    mock.says(outcomes=[outcome(1), denied(2)], calls=[COUNTED], rules=[{"name": "r" * 60, "effect": "allow", "shadow": False, "hits": 1}],
              not_ready=[{"what": "credential", "name": "n" * 80, "why": "w" * 200}],
              ledger=ledger([change(1, caller="c" * 90)], [ended(2, message="m" * 300)], [freeze(reason="r" * 300)]))
    browser.open(url=mock.url, width=width)
    browser.see(css="#matches", text="2 of 2")
    browser.click(css="#outcomes button")
    assert browser.run(script="() => document.documentElement.scrollWidth") <= width


# WCAG 2.1, 1.4.3: the ratio of a text's luminance to that of what lies beneath it.
CONTRASTS = """() => {
  const light = (css) => css.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((a, v, i) => a + v * [0.2126, 0.7152, 0.0722][i], 0);
  const beneath = (e) => { const c = getComputedStyle(e).backgroundColor; return /, 0\\)$/.test(c) ? beneath(e.parentElement) : c; };
  const low = new Set();
  for (const e of document.querySelectorAll('body *:not(script, noscript, style, svg *)')) {
    if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(beneath(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.add(`${e.tagName}.${e.className} ${e.textContent}`);
  }
  return [...low];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(browser, mock, scheme):
    mock.says(outcomes=[outcome(1), denied(2), outcome(3, status=504, outcome="unknown")], calls=[COUNTED],
              credentials=[{"name": "b", "kind": "agency", "expires_in_seconds": 1}, {"name": "c", "kind": "agency", "expires_in_seconds": 0}],
              not_ready=[{"what": "draining", "why": "w"}],
              ledger=ledger([change(1), change(2, state="unknown", begun="2026-11-24T01:00:00.000000Z")],
                            [ended(3), ended(4, state="failed")], [freeze()], name="memory"))
    browser.open(url=mock.url, scheme=scheme)
    browser.see(css="#matches", text="3 of 3")
    browser.click(css="#outcomes button")
    assert browser.run(script=CONTRASTS) == []
    ground = browser.run(script="() => getComputedStyle(document.body).backgroundColor")
    assert (int(re.search(r"\d+", ground)[0]) > 128) == (scheme == "light")


def test_tables_and_controls_have_names(browser, mock):
    mock.says(outcomes=[outcome(1)], calls=[COUNTED])
    browser.open(url=mock.url)
    browser.see(css="#matches", text="1 of 1")
    assert browser.count(css="table") == browser.count(css="table > caption > h2") == 9
    assert browser.count(css="thead th:not([scope])") == browser.count(css="tbody th:not([scope])") == 0
    assert browser.run(script="() => [...document.querySelectorAll('input, select')]"
                              ".filter((e) => !e.ariaLabel && !e.labels.length).length") == 0


def test_the_file_is_one_small_page_of_its_own():
    page = mock_gateway.PAGE.read_text(encoding="utf-8")
    assert len(page) < 32 * 1024
    assert re.findall(r"https?://[^'\"]*", page) == ["http://www.w3.org/2000/svg"]  # a name, not an address
    for never in (r"\sstyle=", r"<[^>]*\son\w+=", "innerHTML", "outerHTML", "insertAdjacentHTML", r"document\.write", r"\beval\("):
        assert not re.search(never, page), never

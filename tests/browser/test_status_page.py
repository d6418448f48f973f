"""The status page in a real browser: against a mock that says what a test wants, then against the gateway."""
import datetime
import http.client
import json
import re
import threading
import time

import pytest

import mock_gateway
import programs
from mock_gateway import COUNTED, change, denied, ended, freeze, histogram, ledger, outcome, status
from world import CI, PARTNER, PLANNER, settings

HOSTILE = "<img src=x onerror=\"document.title='taken'\">"
PROMPT = 2000  # milliseconds within which what the JSON says has to show


def calls(*counted):
    """Counters of calls: (account, decision, status, count)."""
    return [{"operation": "resize", "account": a, "decision": d, "status": s, "count": n} for a, d, s, n in counted]


def step(browser, mock, seconds, **changes):
    """Lets that many of the page's seconds pass, a read in each, the last of which gets these changes."""
    for left in range(seconds, 0, -1):
        if left == 1:
            mock.says(**changes)
        browser.read_after(milliseconds=1000)


def test_a_call_shows_within_two_seconds(browser, mock):
    browser.open(url=mock.url)
    browser.see(css="#outcomes td", text="none") if browser.count(css="#outcomes td") else None
    browser.see(css="#state", text="ready")
    for line in (outcome(1), denied(2)):
        mock.says(outcomes=[outcome(1), line] if line["decision"] == "denied" else [line], calls=[COUNTED])
        assert browser.see(css=f"#outcomes tr[data-id={line['request_id']}]", text=line["decision"]) < PROMPT
    assert [row[:9] for row in browser.rows("outcomes")] == [
        ["04:00:02.123", "denied", "403", "resize", "ci", "partner", "dry", "not sent", "312 µs"],
        ["04:00:01.123", "allowed", "200", "resize", "planner", "partner", "grow", "answered", "84 ms"]]
    assert browser.rows("outcomes")[0][9] == "Gateway.0201: rule dry: resize.dry_run is required"


def test_it_keeps_the_last_200_outcomes(browser, mock):
    mock.says(outcomes=[outcome(n) for n in range(200)])
    browser.open(url=mock.url)
    browser.see(css="#matches", text="200 of 200")
    mock.says(outcomes=[outcome(n) for n in range(150, 350)])
    browser.see(css="#outcomes tr", text="04:05:49.123")
    assert browser.rows("outcomes")[-1][0] == "04:02:30.123" and len(browser.rows("outcomes")) == 200


SEARCHES = [
    ("", "every outcome", [4, 3, 2, 1]), ("server-2", "every outcome", [2]), ("SERVER-2", "every outcome", [2]),
    ("status=403", "every outcome", [3]), ("caller=ci", "every outcome", [3]), ("required dry_run", "every outcome", [3]),
    ("cloud-1 partner", "every outcome", [1]), ("cloud-1 acme", "every outcome", []), ("job-4", "every outcome", []),
    ("", "refused", [3]), ("", "failed", [4, 2]), ("", "the cloud may have acted", [4]), ("server-2", "refused", []),
]


@pytest.mark.parametrize("text, which, numbers", SEARCHES)
def test_outcomes_can_be_searched(browser, mock, text, which, numbers):
    mock.says(outcomes=[outcome(1), outcome(2, status=400, code="Ecs.0100", account="acme"), denied(3),
                        outcome(4, status=504, outcome="unknown", result_job_id=None)])
    browser.open(url=mock.url)
    browser.see(css="#matches", text="4 of 4")
    browser.fill(css="#search", text=text)
    browser.choose(css="#which", label=which)
    browser.see(css="#matches", text=f"{len(numbers)} of 4")
    shown = browser.run(script="() => [...document.querySelectorAll('#outcomes tr[data-id]:not([hidden])')]"
                               ".map((row) => Number(row.dataset.id.slice(8)))")
    assert shown == numbers


def test_an_outcome_opens_to_its_whole_line_and_stays_open(browser, mock):
    line = denied(1, shadow="denied by stricter")
    mock.says(outcomes=[line])
    browser.open(url=mock.url)
    browser.press(css="#outcomes button", key="Enter")
    browser.see(css="#outcomes pre", text="request_id")
    assert json.loads(browser.texts(css="#outcomes pre")[0]) == line
    assert browser.attribute(css="#outcomes button", name="aria-expanded") == "true"
    mock.says(outcomes=[outcome(n) for n in range(2, 202)])
    browser.see(css="#matches", text="201 of 201")
    assert json.loads(browser.texts(css="#outcomes pre")[0]) == line
    browser.click(css="#outcomes tr[data-id=request-000001] td:nth-child(3)")
    browser.see(css="#matches", text="200 of 200")
    assert browser.count(css="#outcomes pre") == 0


def test_the_outcomes_can_be_held_still(browser, mock):
    mock.says(outcomes=[outcome(1)])
    browser.open(url=mock.url)
    browser.see(css="#matches", text="1 of 1")
    browser.click(css="#hold")
    mock.says(outcomes=[outcome(1), outcome(2)], connections={"caller": 77, "cloud": 1})
    browser.see(css="#tiles", text="77")
    assert len(browser.rows("outcomes")) == 1
    browser.click(css="#hold")
    browser.see(css="#matches", text="2 of 2")


def test_text_from_outside_stays_text(browser, mock):
    mock.says(
        version=HOSTILE, configuration={"generation": 1, "loaded": "2026-11-24T04:38:00Z", "sha256": HOSTILE, "file": HOSTILE},
        not_ready=[{"what": HOSTILE, "name": HOSTILE, "why": HOSTILE}], calls=calls((HOSTILE, "allowed", 200, 1)),
        call_seconds=[{"operation": HOSTILE, "sum_us": 1, "buckets": histogram(ms_5=1)}],
        upstream_seconds=[{"region": HOSTILE, "sum_us": 1, "buckets": histogram(ms_5=1)}],
        upstream_errors=[{"region": HOSTILE, "kind": HOSTILE, "count": 1}],
        credentials=[{"name": HOSTILE, "kind": HOSTILE, "expires_in_seconds": 1}],
        rules=[{"name": HOSTILE, "effect": HOSTILE, "shadow": True, "hits": 1}],
        degraded=[{"what": HOSTILE, "name": HOSTILE, "why": HOSTILE}],
        ledger=ledger([change(1, caller=HOSTILE, flavor=HOSTILE)], [ended(2, message=HOSTILE, code=HOSTILE, account=HOSTILE)],
                      [freeze(reason=HOSTILE, by=HOSTILE, account=HOSTILE)], name=HOSTILE),
        outcomes=[{**dict.fromkeys(outcome(1), HOSTILE), "request_id": f"{HOSTILE}{n}", "message": HOSTILE} for n in range(3)])
    browser.open(url=mock.url)
    browser.see(css="#matches", text="3 of 3")
    browser.click(css="#outcomes button")
    for place in ("#facts", "#reasons", "#accounts", "#regions", "#latency", "#credentials", "#rules", "#changes", "#ended", "#freezes",
                  "#outcomes tr", "pre"):
        assert "<img src=x" in browser.texts(css=place)[-1 if place == "#outcomes tr" else 0], place
    assert browser.count(css="img") == 0
    assert browser.run(script="() => document.title").endswith(f"ecs-gateway 127.0.0.1:{mock.port}")


def test_characters_that_hide_or_turn_text_show_as_escapes(browser, mock):
    mock.says(outcomes=[denied(1, message="a\u202eb\u200bc\u0007d\u2028e é 漢")])
    browser.open(url=mock.url)
    browser.see(css="#outcomes td", text=r"a\u202eb\u200bc\u0007d\u2028e é 漢")
    browser.click(css="#outcomes button")
    assert r"a\u202eb\u200bc\u0007d\u2028e é 漢" in browser.texts(css="pre")[0]


def test_rates_come_from_differences(browser, mock):
    mock.says(calls=calls(("acme", "allowed", 200, 1000), ("acme", "denied", 403, 10)))
    browser.open(url=mock.url, clock=True)
    browser.see(css="#accounts th", text="acme")
    assert browser.rows("accounts") == [["acme", "", "–", "–", "–", "1,010", "10", "0"]]
    step(browser, mock, 10,
         calls=calls(("acme", "allowed", 200, 1050), ("acme", "allowed", 504, 2), ("acme", "allowed", 0, 3),
                     ("acme", "denied", 403, 15), ("none", "rejected", 401, 200)),
         upstream_seconds=[{"region": "cn-north-4", "sum_us": 1, "buckets": histogram(ms_50=30)}],
         upstream_errors=[{"region": "cn-north-4", "kind": "server_error", "count": 5},
                          {"region": "cn-north-4", "kind": "timeout", "count": 10}])
    assert browser.rows("accounts") == [["acme", "", "6", "0.5", "0.5", "1,070", "15", "5"],
                                        ["no account", "", "20", "20", "0", "200", "200", "0"]]
    # Of the errors only the time-outs are not among the answers.
    assert browser.rows("regions") == [["cn-north-4", "", "4", "1.5", "38 ms", "50 ms", "40", "server_error 5, timeout 10"]]
    assert browser.texts(css="#tiles div")[0].split() == ["calls", "a", "second", "26"]
    assert browser.texts(css="#accounts caption span") == ["rates of the last 10 s"]


def test_rates_begin_anew_with_another_process(browser, mock):
    mock.says(calls=calls(("acme", "allowed", 200, 1000)))
    browser.open(url=mock.url, clock=True)
    browser.see(css="#accounts th", text="acme")
    step(browser, mock, 1, calls=calls(("acme", "allowed", 200, 30)), started="2026-11-24T04:49:59.000000Z")
    assert browser.rows("accounts") == [["acme", "", "–", "–", "–", "30", "0", "0"]]
    step(browser, mock, 1, calls=calls(("acme", "allowed", 200, 37)), started="2026-11-24T04:49:59.000000Z")
    assert browser.rows("accounts") == [["acme", "", "7", "0", "0", "37", "0", "0"]]


def test_percentiles_are_of_the_last_minute_and_since_the_start(browser, mock):
    old = histogram(ms_1=900, beyond=100)
    mock.says(call_seconds=[{"operation": "resize", "sum_us": 1, "buckets": old}])
    browser.open(url=mock.url, clock=True)
    browser.see(css="#latency th", text="resize")
    assert browser.rows("latency") == [["resize", "–", "–", "–", "–", "1,000", "556 µs", "> 60 s", "> 60 s"]]
    new = [[bound, count + more] for (bound, count), (_, more) in zip(old, histogram(ms_100=60, ms_250=35, ms_500=5))]
    step(browser, mock, 60, call_seconds=[{"operation": "resize", "sum_us": 1, "buckets": new}])
    assert browser.rows("latency") == [["resize", "100", "92 ms", "250 ms", "450 ms", "1,100", "611 µs", "> 60 s", "> 60 s"]]
    assert "last minute" in browser.texts(css="#latency thead th")
    step(browser, mock, 61, call_seconds=[{"operation": "resize", "sum_us": 1, "buckets": new}])
    assert browser.rows("latency")[0][:5] == ["resize", "0", "–", "–", "–"]  # a minute later it has passed


def test_credentials_rules_and_the_configuration_show(browser, mock):
    mock.says(credentials=[{"name": "a", "kind": "pair"}, {"name": "b", "kind": "agency", "expires_in_seconds": 3512},
                           {"name": "c", "kind": "token", "expires_in_seconds": 90_061},
                           {"name": "d", "kind": "agency", "expires_in_seconds": -4}, {"name": "e", "kind": "agency"}],
              rules=[{"name": "grow", "effect": "allow", "shadow": False, "hits": 1234},
                     {"name": "stricter", "effect": "deny", "shadow": True, "hits": 0}])
    browser.open(url=mock.url)
    browser.see(css="#rules th", text="grow")
    assert browser.rows("credentials") == [["a", "pair", "no expiry"], ["b", "agency", "58 min 32 s"],
                                           ["c", "token", "1 d 1 h"], ["d", "agency", "expired"],
                                           ["e", "agency", "no expiry known"]]
    assert [row[:2] + row[3:] for row in browser.rows("rules")] == [["grow", "allow", "1,234"], ["stricter", "deny, shadow", "0"]]
    assert browser.texts(css="#facts dd") == ["0.1.0", "3 d 3 h", "generation 3, loaded 12 min 0 s ago",
                                              "/etc/ecs-gateway/gateway.yaml", "5be15be15be1", "file /var/lib/ecs-gateway/ledger.db"]


def test_changes_and_freezes_show(browser, mock):
    mock.says(ledger=ledger(
        [change(1, state="unknown", begun="2026-11-24T04:19:00.000000Z"), change(2, state="unknown", begun="2026-11-24T04:21:00.000000Z"),
         change(3, state="awaiting_payment", begun="2026-11-22T04:00:00.000000Z", holds=False),
         change(4, operation="start_servers", flavor=None, server_ids=["a", "b"])],
        [ended(5, state="failed", code="Ecs.0100", message="the job failed"),
         ended(6, state="not_applied", resolved_by="alice", reason="looked at it")],
        [freeze(), freeze(id="freeze-2", account=None, caller="ci", server_id="web", until=None, operations=[]),
         freeze(id="freeze-3", account=None)]))
    browser.open(url=mock.url)
    browser.see(css="#changes th", text="unknown")
    assert browser.rows("changes") == [
        ["unknown", "31 min 0 s", "resize", "server-1", "s6.large.2", "planner", "partner", "yes", "request-000001"],
        ["unknown", "29 min 0 s", "resize", "server-2", "s6.large.2", "planner", "partner", "yes", "request-000002"],
        ["awaiting payment", "2 d 0 h", "resize", "server-3", "s6.large.2", "planner", "partner", "no", "request-000003"],
        ["accepted", "10 min 0 s", "start_servers", "a, b", "", "planner", "partner", "yes", "request-000004"]]
    assert browser.texts(css="#changes td.bad") == ["31 min 0 s", "2 d 0 h"], "as old as somebody has to look at them"
    assert browser.texts(css="#changes caption span") == ["oldest first: 2 unknown, 1 accepted, 1 awaiting payment"]
    assert browser.rows("ended") == [
        ["2026-11-24 04:42:30", "failed", "2 min 30 s", "resize", "server-5", "s6.large.2", "planner", "partner", "request-000005",
         "Ecs.0100: the job failed"],
        ["2026-11-24 04:42:30", "not applied", "2 min 30 s", "resize", "server-6", "s6.large.2", "planner", "partner", "request-000006",
         "by alice: looked at it"]]
    assert browser.rows("freezes") == [
        ["2026-11-24 03:00:00", "2026-11-25 06:00:00", "account acme", "resize", "alice (uid 1000)", "quarter end", "freeze-1"],
        ["2026-11-24 03:00:00", "it is lifted", "caller ci, server web", "every one", "alice (uid 1000)", "quarter end", "freeze-2"],
        ["2026-11-24 03:00:00", "2026-11-25 06:00:00", "everywhere", "resize", "alice (uid 1000)", "quarter end", "freeze-3"]]
    assert browser.count(css=":is(#changes, #ended, #freezes) :is(button, input, form, a)") == 0, "nothing can be changed here"
    mock.says(ledger=ledger([change(1)], counts={"sending": 0, "unknown": 700, "accepted": 1234, "awaiting_payment": 0}))
    browser.see(css="#changes caption span", text="oldest first: the oldest 1 of 700 unknown, 1,234 accepted")
    mock.says()
    browser.see(css="#changes td", text="none")
    assert browser.texts(css="#changes caption span") == [""]


def test_it_says_that_changes_are_refused_while_queries_are_served(browser, mock):
    why = {"what": "ledger", "name": "", "why": "ledger in file l: no space left on device"}
    mock.says(degraded=[why], ledger=ledger(up=False))
    browser.open(url=mock.url)
    browser.see(css="#state", text="degraded")
    assert browser.texts(css="#reasons p, #reasons li") == ["Changes are refused, queries are served", "ledger: " + why["why"]]
    assert browser.count(css="#facts dd.bad") == 1
    mock.says(degraded=[why], not_ready=[{"what": "draining", "name": "", "why": "w"}])
    browser.see(css="#state", text="not ready")
    assert browser.texts(css="#reasons li") == ["draining: w", "ledger: " + why["why"]]
    mock.says(ledger=ledger(name="memory"))
    browser.see(css="#facts dd.warn", text="in memory, lost when the process ends")
    assert browser.texts(css="#state") == ["ready"]


def test_it_says_why_the_gateway_is_not_ready(browser, mock):
    mock.says(not_ready=[{"what": "credential", "name": "partner-key", "why": "the cloud refused it"}, {"what": "draining", "why": "w"}])
    browser.open(url=mock.url)
    browser.see(css="#state", text="not ready")
    assert browser.texts(css="#reasons li") == ["credential partner-key: the cloud refused it", "draining: w"]
    mock.says()
    browser.gone(css="#reasons", text="credential")
    assert browser.texts(css="#state") == ["ready"]


def test_it_says_that_the_gateway_is_gone_and_since_when(browser, mock):
    browser.open(url=mock.url)
    browser.see(css="#state", text="ready")
    browser.expected_complaint = "error: Failed to load resource: net::ERR_CONNECTION_REFUSED"
    before = datetime.datetime.now(datetime.timezone.utc)
    mock.close()
    browser.see(css="#lost [role=alert]", text="The gateway has not answered since")
    said = re.fullmatch(r"The gateway has not answered since (\d\d:\d\d:\d\d) UTC\.", browser.texts(css="#lost [role=alert]")[0])
    at = datetime.datetime.combine(before.date(), datetime.time.fromisoformat(said[1]), datetime.timezone.utc)
    assert abs((at - before).total_seconds()) % 86400 < 3
    assert browser.texts(css="#state") == ["no answer"]
    with mock_gateway.mock_gateway(mock.port):
        browser.see(css="#state", text="ready")
        browser.gone(css="#lost", text="answered")


TROUBLES = [
    ((503, b"{}"), "has not told its status", "503", "error: Failed to load resource: the server responded with a status of 503 "
                                                     "(Service Unavailable)"),
    ((200, b"<html>"), "has not answered", "is not valid JSON", None),
    ((200, b"{}"), "can’t be shown", "not iterable", None),
    (None, "has not answered", "nothing comes within 3 s", None),
]


@pytest.mark.parametrize("said, headline, why, complaint", TROUBLES, ids=["refused", "not_json", "not_a_status", "silent"])
def test_it_says_that_an_answer_is_of_no_use(browser, mock, said, headline, why, complaint):
    never = threading.Event()
    mock.answer = lambda _read: said or never.wait(30) or status()
    browser.expected_complaint = complaint
    browser.open(url=mock.url)
    browser.see(css="#lost", text=headline)
    assert why in browser.texts(css="#lost")[0]
    mock.says()
    never.set()
    browser.see(css="#state", text="ready")


def test_a_hidden_tab_asks_for_nothing(browser, mock):
    browser.open(url=mock.url, clock=True)
    browser.see(css="#state", text="ready")
    browser.run(script="() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
                       " document.dispatchEvent(new Event('visibilitychange')); }")
    browser.pass_time(milliseconds=1500)
    browser.see(css="#state", text="paused")
    reads = mock.reads
    browser.pass_time(milliseconds=60_000)
    assert mock.reads == reads
    browser.run(script="() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")
    browser.see(css="#state", text="ready")
    assert mock.reads == reads + 1


def test_the_gateway_serves_it_and_real_calls_show_within_two_seconds(start, browser):
    whole = settings(start.cloud().url, admin={"address": "127.0.0.1:0"})
    gate = start.gateway(whole)
    page = http.client.HTTPConnection("127.0.0.1", gate.admin_port, timeout=programs.PATIENCE)
    page.request("GET", "/")
    got = page.getresponse()
    assert (got.status, got.read()) == (200, mock_gateway.PAGE.read_bytes())
    assert got.headers["Content-Type"] == "text/html; charset=utf-8"
    assert got.headers["Content-Security-Policy"] == mock_gateway.POLICY
    page.close()
    browser.open(url=f"http://127.0.0.1:{gate.admin_port}/")
    browser.see(css="#state", text="ready")
    for flavor, status_wanted, decision in [("s6.large.2", 200, "allowed"), ("p9.huge.8", 403, "denied")]:
        answer = gate.resize(PARTNER, f"server-{decision}", {"flavorRef": flavor}, PLANNER)
        begun = time.monotonic()
        assert answer.status == status_wanted
        browser.see(css=f"#outcomes tr[data-id='{answer['X-Gateway-Request-Id']}']", text=decision)
        assert time.monotonic() - begun < PROMPT / 1000
    browser.click(css="#outcomes button")
    assert json.loads(browser.texts(css="pre")[0]) == gate.outcome_of(answer)
    assert gate.call("GET", f"/v1/{PARTNER}/cloudservers/s", proof=CI).status == 200
    browser.see(css="#matches", text="3 of 3")
    browser.see(css="#latency th", text="show_server")
    assert browser.rows("accounts")[0][0] == "partner" and browser.rows("accounts")[0][5:] == ["3", "1", "0"]
    assert browser.rows("regions")[0][0] == "cn-north-4" and browser.rows("regions")[0][6:] == ["2", "0"]
    browser.see(css="#changes th", text="accepted")
    assert browser.rows("changes")[0][2:7] == ["resize", "server-allowed", "s6.large.2", "planner", "partner"]
    assert browser.texts(css="#facts dd")[-1] == f"file {gate.file.with_name('ledger.db')}"
    assert [row[:2] for row in browser.rows("credentials")] == [["partner-key", "pair"], ["acme-key", "pair"]]
    assert [[row[0], row[3]] for row in browser.rows("rules")] == [["look", "1"], ["grow", "2"], ["dry", "0"], ["seldom", "0"]]
    gate.reload(whole, "reloaded")
    browser.see(css="#facts", text="generation 2")
    gate.close()
    browser.expected_complaint = "error: Failed to load resource: net::ERR_CONNECTION_REFUSED"
    browser.see(css="#lost", text="The gateway has not answered since")

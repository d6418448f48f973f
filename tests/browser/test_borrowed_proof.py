"""A web page in a real browser, and a listener of its machine that proves a caller to whoever reaches it."""
import contextlib
import http.server
import json
import threading

import pytest

import programs
from fakes import scripted_cloud as scripts
from world import PARTNER, settings

LOOK = f"/v1/{PARTNER}/jobs/j"
RESIZE = f"/v1.1/{PARTNER}/cloudservers/s/resize"
BODY = '{"resize":{"flavorRef":"s6.large.2"}}'
# The browser resolves every name under evil.example to this machine (driver.mjs), as its owner's name server may.
REBOUND = "rebound.evil.example"


@pytest.fixture
def page():
    """A web server of the attacker's; its port."""
    class handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>kittens</title>")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with contextlib.closing(server.socket):
        yield server.server_port
        server.shutdown()


@pytest.fixture
def sidecar(start):
    cloud = start.cloud(scripts.answering(200, {"job_id": "j"}))
    whole = settings(cloud.url)
    whole["callers"].append({"name": "application", "listener": "127.0.0.1:0", "any_signature": True})
    for rule in whole["policy"][:2]:
        rule["callers"].append("application")
    gate = start.gateway(whole)
    gate.cloud = cloud
    return gate


ASK = """async ({ url, how }) => {
  try {
    const got = await fetch(url, how);
    return { type: got.type, status: got.status, text: await got.text() };
  } catch (thrown) {
    return { thrown: String(thrown) };
  }
}"""


def calls_of(gate, count):
    """So many outcome lines, without the browser's own wish for a /favicon.ico."""
    programs.wait_until(lambda: len([o for o in gate.outcomes() if "operation" in o]) >= count, f"{count} outcome lines")
    return [o for o in gate.outcomes() if "operation" in o]


def refused(gate, calls):
    """The causes of all outcome lines, so many; no call reached the cloud."""
    lines = calls_of(gate, calls)
    assert [(line["status"], line["code"]) for line in lines] == [(403, "Gateway.0206")] * calls
    assert gate.cloud.requests == []
    return [line["auth_failure"] for line in lines]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_another_origin_makes_no_resize_and_no_query(chromium, page, sidecar, host):
    """What needs no preflight: a POST of text/plain, and a GET. Neither the page nor anybody else reads an answer."""
    chromium.open(url=f"http://{REBOUND}:{page}/")
    there = f"http://{host}:{sidecar.port}"
    post = {"method": "POST", "mode": "no-cors", "headers": {"Content-Type": "text/plain"}, "body": BODY}
    for url, how in ((there + RESIZE, post), (there + LOOK, {"mode": "no-cors"}), (there + LOOK, {})):
        told = chromium.run(script=ASK, **{"with": {"url": url, "how": how}})
        assert told.get("type", "opaque") == "opaque" and not told.get("text"), told
    assert refused(sidecar, 3) == ["page_of_another_origin"] * 3


def test_a_form_of_another_origin_makes_no_resize(chromium, page, sidecar):
    chromium.open(url=f"http://{REBOUND}:{page}/")
    chromium.run(script="""({ action, name }) => {
      const form = Object.assign(document.createElement('form'), { method: 'POST', enctype: 'text/plain', action });
      form.append(Object.assign(document.createElement('input'), { name, value: '' }));
      document.body.append(form);
      form.submit();
    }""", **{"with": {"action": f"http://127.0.0.1:{sidecar.port}{RESIZE}", "name": BODY}})
    assert refused(sidecar, 1) == ["page_of_another_origin"]


def test_a_page_whose_name_was_made_to_point_to_the_listener_reads_nothing(chromium, sidecar):
    """DNS rebinding: for the browser the gateway is then of the page's own origin."""
    there = f"http://{REBOUND}:{sidecar.port}"
    chromium.open(url=there + LOOK)
    told = chromium.run(script=ASK, **{"with": {"url": there + LOOK, "how": {}}})
    assert told["status"] == 403 and json.loads(told["text"])["error"]["code"] == "Gateway.0206"
    chromium.run(script=ASK, **{"with": {"url": there + RESIZE, "how": {
        "method": "POST", "headers": {"Content-Type": "application/json"}, "body": BODY}}})
    causes = refused(sidecar, 3)
    assert causes[:2] == ["foreign_host"] * 2
    assert causes[2] == "page_of_another_origin", "Origin comes with every POST, also to the same origin"


def test_who_types_the_address_is_no_page(chromium, sidecar):
    chromium.open(url=f"http://127.0.0.1:{sidecar.port}{LOOK}")
    assert [(line["status"], line["caller"]) for line in calls_of(sidecar, 1)] == [(200, "application")]

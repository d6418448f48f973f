"""Writes the page of the conformance cases: `page.py > docs/http-conformance.md`."""
import answer_cases
import request_cases

HEAD = """# HTTP/1.1, to the letter

What the gateway does with each message that a caller or an endpoint can send. Numbers are sections of
[RFC 9110](https://www.rfc-editor.org/rfc/rfc9110) and [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112); others stand with
theirs; `own` is a rule of the gateway's. Each row is a test that sends these bytes over a socket: `tests/conformance/`, from which this page is generated.

A refused request is followed, in the same packet, by a well-formed one, to which no answer comes: after an error nothing more of
a connection is read as a request. A refused answer is never handed on, and its connection never used again.

Towards the cloud the gateway is an HTTP-to-HTTP gateway in the sense of RFC 9110, 7.6.3: a request goes out with
`Via: 1.1 ecs-gateway` (`1.0` for a caller of HTTP/1.0), an answer comes back with it behind the cloud's own. A caller's `Via` stays
here like all that is not named in the list of what goes on. No loop can come of it: a call that the gateway signed for the cloud
proves no caller of a gateway, and is 401.
"""


def escaped(text):
    return text.replace("|", "\\|")


def verdict(case, direction):
    status, code = case.expected
    if direction == "answer":
        return "502" if code else f"{status} handed back" + (", connection not used again" if case.closes else "")
    if status is None:
        return "no answer, closes"
    if case.expected == (200, None):
        return "sent on" + (", then closes" if case.closes else "")
    return (f"{status} {code}" if code else str(status)) + (", closes" if case.closes else ", stays open")


def table(title, cases, direction):
    yield f"\n## {title}\n\n| what is sent | RFC | what comes of it |\n| --- | --- | --- |\n"
    for case in cases:
        note = f" ({case.note})" if case.note else ""
        yield f"| {escaped(case.name)}{escaped(note)} | {case.rfc} | {verdict(case, direction)} |\n"


def page():
    requests = request_cases.GROUPS | request_cases.OTHERS
    counts = [sum(map(len, groups.values())) for groups in (requests, answer_cases.GROUPS)]
    parts = [HEAD, f"\n{counts[0]} requests, {counts[1]} answers.\n"]
    for direction, groups, prefix in (("request", requests, "Requests: "),
                                      ("answer", answer_cases.GROUPS, "Answers: ")):
        for title, cases in groups.items():
            parts += table(prefix + title, cases, direction)
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")

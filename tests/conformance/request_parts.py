"""What the cases of requests are made of."""
from cases import BAD, BODY, CALLED, LOOK, case, chunks, get

LENGTH = f"Content-Length: {len(BODY)}"
WHOLE = chunks(BODY)
HIDDEN = get(target=LOOK.replace("jobs/j", "jobs/hidden"))  # what must never be read as a request
HIDDEN_LENGTH = f"Content-Length: {len(HIDDEN)}"
MAX_HEADER = 16 * 1024  # limits.header_bytes
TOKEN = "!#$%&'*+-.^_`|~09azAZ"  # of each kind of token character, some


def bad(name, rfc, sent, expected=BAD, note=""):
    return case(name, rfc, sent, expected, True, note)


def good(name, rfc, sent, closes=False, note=""):
    return case(name, rfc, sent, CALLED, closes, note)


def own(name, rfc, sent, expected, closes=False, note=""):
    """Well-formed, and answered by the gateway itself."""
    return case(name, rfc, sent, expected, closes, note)

"""A certification authority, and gateways whose callers prove themselves by its certificates."""
import hashlib
import socket

import pytest

import calling
from gateway_certificates import authority, listener
from world import PARTNER, settings

LOOK = f"/v1/{PARTNER}/jobs/j"
BOT = "spiffe://corp.example/billing-bot"
KEYED = calling.key("Zq7KEYEDapiKEYdoNOTleak9")


def with_callers(cloud, **changes):
    whole = settings(cloud.url, **changes)
    whole["callers"] += [
        {"name": "billing-bot", "certificate_san": f"URI:{BOT}"},
        {"name": "by-name", "certificate_san": "DNS:Bot.Corp.Example"},
        {"name": "keyed", "certificate_san": "DNS:keyed.example",
         "api_key_sha256": hashlib.sha256(b"Zq7KEYEDapiKEYdoNOTleak9").hexdigest()},
    ]
    whole["policy"][0]["callers"] += ["billing-bot", "by-name", "keyed"]
    return whole


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("callers-ca"))


@pytest.fixture(scope="module")
def own(ca):
    return ca.server()


@pytest.fixture(scope="module")
def gate(start_once, ca, own):
    """One listener asks for client certificates, one demands them."""
    cloud = start_once.cloud()
    return start_once.gateway(with_callers(cloud, listeners=[listener(own, ca.file),
                                                             listener(own, ca.file, True, "127.0.0.2:0")]))


def over_tls(port, context, host="127.0.0.1", name="127.0.0.1"):
    return calling.connection(port, context.wrap_socket(socket.create_connection((host, port), 30), server_hostname=name))


def look(gate, context, proof=calling.nothing):
    with over_tls(gate.port, context) as to:
        return to.call("GET", LOOK, proof=proof)

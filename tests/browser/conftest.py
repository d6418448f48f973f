"""A browser and a mock gateway beside the fixtures of the integration tests."""
import importlib.util
import pathlib
import sys

import pytest

INTEGRATION = pathlib.Path(__file__).resolve().parent.parent / "integration"
sys.path.insert(0, str(INTEGRATION))

loaded = importlib.util.spec_from_file_location("integration_conftest", INTEGRATION / "conftest.py")
fixtures = importlib.util.module_from_spec(loaded)
loaded.loader.exec_module(fixtures)
start = fixtures.start

import browsing  # noqa: E402  (finds `programs` by the path above)
import mock_gateway  # noqa: E402


@pytest.fixture(scope="session")
def chromium():
    with browsing.browser() as started:
        yield started


@pytest.fixture
def browser(chromium):
    """The page asks its gateway for two things, breaks no rule of its content policy, and the console stays silent."""
    chromium.expected_complaint = None
    yield chromium
    assert set(chromium.requests()) <= {"/", "/status.json"}
    assert [c for c in chromium.complaints() if c != chromium.expected_complaint] == []


@pytest.fixture
def mock():
    with mock_gateway.mock_gateway() as started:
        yield started

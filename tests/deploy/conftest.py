"""The fixtures of the integration tests, and what those use, serve here too."""
import importlib.util
import pathlib
import sys

INTEGRATION = pathlib.Path(__file__).resolve().parent.parent / "integration"
sys.path.insert(0, str(INTEGRATION))

loaded = importlib.util.spec_from_file_location("integration_conftest", INTEGRATION / "conftest.py")
fixtures = importlib.util.module_from_spec(loaded)
loaded.loader.exec_module(fixtures)
start = fixtures.start
certificate = fixtures.certificate

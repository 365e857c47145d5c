"""What every test has: no sockets unless it asks for them, and a clock that it holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pytest_socket
from hypothesis import HealthCheck, settings

from tests.databases import database_url, postgresql, primary, replica

__all__ = ["database_url", "postgresql", "primary", "replica"]

# A busy machine is slow now and then, and that is no finding.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Sockets are off; `@pytest.mark.sockets` opens them to this machine alone."""
    if request.node.get_closest_marker("sockets"):
        pytest_socket.enable_socket()
        pytest_socket.socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)
    else:
        pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()
    pytest_socket._remove_restrictions()


def pytest_addoption(parser: pytest.Parser) -> None:
    """One engine alone, and the end-to-end tests on it as well."""
    parser.addoption("--postgresql", action="store_true", help="run everything on PostgreSQL")
    parser.addoption("--sqlite", action="store_true", help="leave out what runs on PostgreSQL")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first: at the end they would keep everything waiting."""
    items.sort(key=lambda item: item.get_closest_marker("crash") is None)

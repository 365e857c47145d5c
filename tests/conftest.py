"""What every test has: no sockets unless it asks for them, and a clock that it holds."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator

import pytest
import pytest_socket
from hypothesis import HealthCheck, settings

from tests.databases import database_url, postgresql, primary, replica

__all__ = ["database_url", "postgresql", "primary", "replica"]

# A busy machine is slow now and then, and that is no finding.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_SERVERS = frozenset({"postgresql", "primary", "replica"})
_LONG = ("crash", "browser", "sockets", "slow")


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out PostgreSQL if asked; each worker begins with long tests and ends with short ones.

    A long test that starts last keeps everything waiting. pytest-xdist hands each worker one part
    of the list, and tests of one module stay together for the sake of what they share.
    """
    if config.getoption("--sqlite"):
        left_out = [
            item for item in items if _SERVERS.intersection(getattr(item, "fixturenames", ()))
        ]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    by_module: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_module.setdefault(item.nodeid.partition("::")[0], []).append(item)
    long, quick = deque[list[pytest.Item]](), deque[list[pytest.Item]]()
    for module in by_module.values():
        is_long = any(item.get_closest_marker(marker) for item in module for marker in _LONG)
        (long if is_long else quick).append(module)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for number, module in enumerate(long):
        parts[number % workers] += module
    for part in parts:
        while quick and len(part) < len(items) / workers:
            part += quick.popleft()
    items[:] = [item for part in parts for item in part]
    items += [item for module in quick for item in module]

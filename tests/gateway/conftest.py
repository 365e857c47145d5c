"""What the gateway's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.http_server import Running, serve_in_thread
from tests.gateway.fakes import Harness


@pytest.fixture
def harness() -> Harness:
    """A gateway with a few keys."""
    return Harness()


@pytest.fixture
def gateway(harness: Harness) -> Iterator[Running]:
    """That gateway at an address of its own."""
    running = serve_in_thread(harness.app, "127.0.0.1", 0)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _every_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

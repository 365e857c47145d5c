"""What the gateway's tests share."""

from __future__ import annotations

import pytest

from tests.gateway.fakes import Harness


@pytest.fixture
def harness() -> Harness:
    """A gateway with a few keys."""
    return Harness()


@pytest.fixture(autouse=True)
def _every_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

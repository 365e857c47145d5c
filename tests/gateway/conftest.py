"""What the gateway's tests share."""

from __future__ import annotations

import pytest

from tests.gateway.fakes import House


@pytest.fixture
def house() -> House:
    """A gateway with a few keys."""
    return House()


@pytest.fixture(autouse=True)
def _every_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

"""A gateway to run servers with."""

from __future__ import annotations

import pytest

from tests.gateway.fakes import Harness


@pytest.fixture
def harness() -> Harness:
    """Return a gateway with a few keys."""
    return Harness()

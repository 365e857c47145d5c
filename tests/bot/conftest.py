"""What tests of the bot have: a bench, and a domain on each engine. Some have their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audiences import audiences_are_kept
from tests.bot.harness.listening import Bench
from tests.keys.conftest import domain

__all__ = ["audiences_are_kept", "bench", "domain"]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is acknowledged early because the machine is busy: the answer would go elsewhere.

    The tests of that deadline set one of their own.
    """
    monkeypatch.setattr("bot.framework.interaction.ACK_DEADLINE", 60.0)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bot with everything but Slack."""
    made = Bench(tmp_path)
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()

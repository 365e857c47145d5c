"""A bench for reviews: two admins, and each message has a place of its own; no picture if asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.reviews import chart
from tests.bot.harness.listening import PEOPLE, Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setitem(PEOPLE, "U0CARL", {**PEOPLE["U0ALICE"], "id": "U0CARL", "name": "carl"})
    made = Bench(tmp_path)
    channels = iter(range(1, 1000))
    made.calls.replies["conversations.open"] = [
        lambda args: {"channel": {"id": f"D-{args['users']}"}}
    ]
    made.calls.replies["chat.postMessage"] = [
        lambda args: {"channel": args["channel"], "ts": f"{next(channels)}.0"}
    ]
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


@pytest.fixture
def no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the evidence's picture undrawn, half a second each; test_chart.py is about it."""
    monkeypatch.setattr(chart, "keys_and_use", lambda weeks: b"\x89PNG\r\n\x1a\n")

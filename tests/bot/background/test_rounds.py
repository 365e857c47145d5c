"""Rounds through many workspaces: each has its turn, whatever becomes of the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.background.scheduler import Schedule, WorkspaceRoundRobin
from bot.installation.workspaces import Workspaces
from keys.base.errors import StorageUnavailable
from runtime.clock import HeldClock
from tests.keys.conftest import NOON


class Several:
    """Workspaces by their accounts, and what was done in which order."""

    def __init__(self, *accounts: str) -> None:
        self.contexts = {name: SimpleNamespace(account_id=name) for name in accounts}
        self.done: list[str] = []
        self.trouble: dict[str, Exception] = {}
        self.during: dict[str, Any] = {}
        self.rounds = WorkspaceRoundRobin(
            cast(Workspaces, self), cast(Any, self._follow), HeldClock(NOON)
        )

    def all(self) -> list[Any]:
        return [SimpleNamespace(context=context) for context in self.contexts.values()]

    def _follow(self, context: Any) -> Any:
        name = context.account_id

        def run_once(keep_going: Any) -> int:
            self.done.append(name)
            self.during.pop(name, lambda: None)()
            if name in self.trouble:
                raise self.trouble[name]
            return 1 if keep_going() else 0

        return SimpleNamespace(run_once=run_once, account_id=name)


def test_whoever_has_done_something_goes_first() -> None:
    several = Several("a", "b", "c", "d")
    several.rounds.prioritise("c")
    several.during["a"] = lambda: several.rounds.prioritise("d")
    several.rounds.prioritise("gone")
    assert several.rounds.run_once(lambda: True) == 6
    assert several.done == ["c", "a", "d", "b", "c", "d"]


def test_ones_trouble_is_not_anothers(caplog: pytest.LogCaptureFixture) -> None:
    several = Several("a", "b")
    several.trouble["a"] = ValueError("broken")
    assert several.rounds.run_once(lambda: True) == 1
    assert several.done == ["a", "b"]
    assert "work of a failed" in caplog.text
    several.trouble["a"] = StorageUnavailable("gone")
    with pytest.raises(StorageUnavailable):
        several.rounds.run_once(lambda: True)


def test_a_stop_is_heeded_between_two() -> None:
    several, asked = Several("a", "b"), iter((True, True, False, False))
    several.rounds.run_once(lambda: next(asked))
    assert several.done == ["a"]


def test_a_long_round_is_not_taken_for_a_stuck_one() -> None:
    now, ages = [0.0], list[float]()

    class Long:
        def run_once(self, keep_going: Any) -> int:
            for _ in range(5):
                now[0] += 60
                keep_going()
                ages.append(schedule.round_age)
            schedule._ending.set()
            return 0

    schedule = Schedule(Long(), every=0.001, monotonic=lambda: now[0])
    schedule.start()
    schedule._thread.join(10)
    assert ages == [0.0] * 5
    now[0] += 130
    assert schedule.round_age == 130

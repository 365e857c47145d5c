"""The thread that does what is due: again and again, at once when nudged, whatever goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

from bot.background.scheduler import Schedule
from bot.background.worker import Worker
from keys.base.errors import StorageUnavailable

DEADLINE = 10


class Rounds:
    """Counts rounds; the first two go wrong."""

    def __init__(self) -> None:
        self.count = 0
        self.changed = threading.Condition()

    def run_once(self, keep_going: Callable[[], bool]) -> int:
        with self.changed:
            self.count += 1
            self.changed.notify_all()
            if self.count == 1:
                raise StorageUnavailable("gone")
            if self.count == 2:
                raise ValueError("a notice that cannot be drawn")
        return 0

    def reaches(self, count: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.count >= count, DEADLINE)


def test_rounds_go_on_after_trouble() -> None:
    rounds = Rounds()
    schedule = Schedule(cast(Worker, rounds), every=0.001)
    schedule.start()
    assert rounds.reaches(5)
    schedule.stop()


def test_a_nudge_does_not_wait_for_the_next_round() -> None:
    rounds = Rounds()
    schedule = Schedule(cast(Worker, rounds), every=3600)
    schedule.start()
    assert rounds.reaches(1)
    for count in (2, 3):
        schedule.wake()
        assert rounds.reaches(count)
    schedule.stop()

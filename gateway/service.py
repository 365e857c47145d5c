"""What the routes share: the checker, the report, the clock, and the record of uses."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.checking import Checker
from gateway.options import Options
from gateway.report import Report
from keys.clock import Clock
from keys.verification import Refused, Verified


class Uses(Protocol):
    """Remembers when and from where each secret was used last."""

    def record(self, secret_id: str, at: datetime, source: str) -> None:
        """Notes one use. Returns at once."""
        ...

    def start(self) -> None:
        """Begins to write what was noted, now and then."""
        ...

    def stop(self) -> None:
        """Writes what is still unwritten, and ends. Blocks."""
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that a route needs to decide about a request."""

    checker: Checker
    report: Report
    clock: Clock
    options: Options
    uses: Uses
    ready: Callable[[], None]

    async def check(self, presented: str) -> Verified | Refused:
        """Verifies a text. Raises Unavailable if that is not possible now."""
        answer = await self.checker.check(presented)
        self.report.available()
        return answer

    def used(self, key: Verified, source: str) -> None:
        """Notes that a key was let in."""
        self.uses.record(key.secret_id, self.clock.now(), source)

    def start(self) -> None:
        """Begins the work beside the requests."""
        self.uses.start()
        self.report.note(logging.INFO, "started")

    def stop(self) -> None:
        """Ends it, after the last verification and the last writing. Blocks."""
        self.checker.close()
        self.uses.stop()
        self.report.note(logging.INFO, "stopped")

"""The second part of the tour: a year goes by in which the bot does what is due by itself.

The practice Slack's clock is moved from one moment to the next; nothing else makes things happen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx

from cli.demo.api_client import Program
from cli.demo.environment import DemoEnvironment
from cli.demo.tour_user import TourUser
from cli.demo.transcript import Transcript

STARTS = datetime(2026, 1, 15, 9, tzinfo=UTC)
"""When the tour begins: so each date in it, and each Monday of an audit, is always the same."""

_SHORT = "Fair, January to March"
_LAST_DAY = "2026-03-20"
# In a week, at most one thing is due at each of the moments below.
_STRIDE = timedelta(days=7).total_seconds()


class Year:
    """The steps; each starts where the last one ended.

    Args:
        create: creates a key that may read, given its name and last day; returns its program.
        kept: the name of a key that is active and has no expiry date.
    """

    def __init__(
        self,
        world: DemoEnvironment,
        alice: TourUser,
        transcript: Transcript,
        create: Callable[[str, str], Program],
        kept: str,
    ) -> None:
        self._world, self._alice, self._transcript = world, alice, transcript
        self._create, self._kept = create, kept

    @property
    def steps(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        """Each step's title, and what plays it."""
        return (
            ("Alice creates a key that expires on March 20", self.create),
            ("A month before, a week before and a day before, its owner is reminded", self.remind),
            ("The key has expired, and its program is refused", self.expire),
            ("On the first Monday of the quarter, an audit of all keys begins", self.audit),
            ("Alice does not answer, so she is reminded, and then the admins are named", self.nag),
            ("The audit ends with a report", self.end),
            ("In the next audit, Alice revokes the key that nobody uses", self.decide),
            ("After a year, the clock stands at January 15 again", self.finish),
        )

    def create(self) -> None:
        """Create a key with an expiry date, and use it."""
        self._program = self._create(_SHORT, _LAST_DAY)
        _expect(self._program.reads(in_brief=True), 200)

    def remind(self) -> None:
        """Wait for the three reminders."""
        for month, day in ((2, 19), (3, 14), (3, 20)):
            self._sees_on(month, day, _SHORT, "expire")

    def expire(self) -> None:
        """Use the expired key."""
        self._sees_on(3, 21, _SHORT, "expired")
        _expect(self._program.reads(), 401)

    def audit(self) -> None:
        """Wait until the schedule starts an audit."""
        self._sees_on(4, 6, "Audit of the API keys")

    def nag(self) -> None:
        """Let the reminders and the escalation pass."""
        for day in (13, 24):
            self._sees_on(4, day, self._kept)
        self._sees_on(4, 26, "audit", "@Alice Adams", "@Bob Baker")

    def end(self) -> None:
        """Wait until the audit is over."""
        since = self._sees_on(4, 27, "audit", "is over")
        self._alice.sees_since(since, "report of the audit")

    def decide(self) -> None:
        """Revoke the only key of the next audit, which ends it."""
        self._sees_on(7, 6, "Audit of the API keys")
        since = self._world.slack.workspace.last_ts
        self._alice.types(f"/apikeys revoke {self._kept}")
        self._alice.sees("Are you sure you want to revoke this API key?")
        self._alice.presses("Revoke")
        self._alice.sees_since(since, self._kept, "was revoked")
        self._alice.sees_since(since, "audit", "is over")

    def finish(self) -> None:
        """Go on to the end of the year, and look at the history of the key that expired."""
        self._move_to(datetime(2027, 1, 15, 9, tzinfo=UTC))
        self._alice.types(f"/apikeys show {_SHORT}")
        self._alice.sees("History")

    def _sees_on(self, month: int, day: int, *words: str) -> str:
        """Move the clock to a day's morning, and see a message that has come since.

        Returns:
            The timestamp before that.
        """
        since = self._world.slack.workspace.last_ts
        # A minute after the hour at which audits begin and end.
        self._move_to(STARTS.replace(month=month, day=day, minute=2))
        self._alice.sees_since(since, *words)
        return since

    def _move_to(self, until: datetime) -> None:
        self._transcript.narrate(f"The clock is moved to {until:%A, %B} {until.day}.")
        machine = self._world.time_machine
        machine.move_to(until.timestamp(), stride=_STRIDE)


def _expect(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise AssertionError(f"the answer was {answer.status_code} instead of {status}")

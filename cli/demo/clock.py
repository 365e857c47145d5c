"""The demo's clock: its practice Slack moves it, and the bot's process follows, through a file.

Nothing outside the demo reads the file. `apikeys run` has no setting that leads here.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bot.background.scheduler import Schedule, WorkSource
from cli.demo.errors import DemoError
from keys.jobs import cron
from runtime import private_files
from sandbox.base.clock import MovableClock
from settings import SlackSettings

_NUMBER = struct.Struct("=d")
_LEAD, _DONE = 0, _NUMBER.size
_SIZE = 2 * _NUMBER.size
_LOOK_SECONDS = 0.02
# The demo leaves the setting as it is.
_AUDITS = str(SlackSettings.model_fields["audit_schedule"].default)
_SETTLE_SECONDS = 15.0


class ClockFile:
    """Two numbers that processes share: the clock's lead, and the lead up to which all is done.

    Args:
        path: created if missing. It is kept, so that the clock does not go back at the next start.
    """

    def __init__(self, path: Path) -> None:
        with open(path, "a+b", opener=private_files.appending) as file:
            os.truncate(file.fileno(), _SIZE)
            self._map = mmap.mmap(file.fileno(), _SIZE)

    @property
    def lead(self) -> float:
        """The seconds by which the demo's clock is ahead of the machine's."""
        return self._read(_LEAD)

    @lead.setter
    def lead(self, seconds: float) -> None:
        _NUMBER.pack_into(self._map, _LEAD, seconds)

    @property
    def done(self) -> float:
        """The lead at which the bot last had nothing left to do."""
        return self._read(_DONE)

    @done.setter
    def done(self, seconds: float) -> None:
        _NUMBER.pack_into(self._map, _DONE, seconds)

    def _read(self, offset: int) -> float:
        found: float = _NUMBER.unpack_from(self._map, offset)[0]
        return found

    def settle(self) -> None:
        """Wait until the bot has done what is due at the present lead, 15 s at most."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while self.done != self.lead and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS / 2)


class DemoClock:
    """The demo's time, for everything that is not the practice Slack."""

    def __init__(self, file: ClockFile) -> None:
        self._file = file

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def timestamp(self) -> float:
        """Return the current time in seconds since 1970."""
        return time.time() + self._file.lead

    def monotonic(self) -> float:
        """Return the machine's monotonic time: waiting takes as long as ever."""
        return time.monotonic()


def clock_of_slack(file: ClockFile) -> MovableClock:
    """Return the practice Slack's clock, which the others follow."""
    clock = MovableClock(file.lead)

    def write() -> None:
        file.lead = clock.lead

    clock.on_move(write)
    return clock


def set_date(clock: MovableClock, date: datetime | None, *, is_new: bool) -> float | None:
    """Set the clock of a new demo to a date, which may be in the past.

    Returns:
        For a demo that has been used, when to move its clock to once the bot runs, so that
        everything due until then happens; None if it stays.

    Raises:
        DemoError: the date is before that demo's present time.
    """
    if date is None:
        return None
    wanted = date.timestamp()
    if is_new:
        clock.start_at(wanted)
        return None
    now = datetime.fromtimestamp(clock.now(), UTC)
    if wanted < clock.now():
        raise DemoError(
            f"In this demo it is {now:%Y-%m-%d}, and its clock does not go back. Choose a later "
            "date, or start over with: make demo-reset"
        )
    return wanted


def next_audit(now: float) -> float | None:
    """Return when the bot starts the next audit by itself, in seconds since 1970."""
    found = cron.next_run(_AUDITS, UTC, datetime.fromtimestamp(now, UTC))
    return None if found is None else found.timestamp()


def following_schedule(file: ClockFile) -> Callable[[WorkSource], Schedule]:
    """Return what makes the bot's schedule: it works whenever the clock is moved, and says so."""

    def make(source: WorkSource) -> Schedule:
        schedule = Schedule(_Reporting(source, file))

        def watch() -> None:
            while True:
                if file.done != file.lead:
                    schedule.wake()
                time.sleep(_LOOK_SECONDS)

        threading.Thread(target=watch, name="demo's clock", daemon=True).start()
        return schedule

    return make


class _Reporting:
    """Reports in the file when nothing is left to do at a lead."""

    def __init__(self, source: WorkSource, file: ClockFile) -> None:
        self._source, self._file = source, file

    def run_once(self, keep_going: Callable[[], bool]) -> int:
        """See `WorkSource`."""
        lead = self._file.lead
        done = self._source.run_once(keep_going)
        if not done:
            self._file.done = lead
        return done

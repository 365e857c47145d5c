"""When, from where and how often each secret was used: counted in memory, written now and then.

Writing at every request would make each of them wait for the disk. What is unwritten is lost if
the process is killed: a "last used" that is a few seconds old, never a key that works or does not.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from gateway.base.gateway_log import GatewayLog
from gateway.base.options import Network
from gateway.request.client_address import Origin, network_of
from gateway.usage.periodic_writer import PeriodicWriter
from keys.usage.usage import Use

Write = Callable[[Mapping[str, Use]], object]


class UsageCounter:
    """Counts the uses of one secret. One thread notes, another one writes; none locks.

    `count` is only ever raised, by whoever notes, and `written` by whoever writes: what lies
    between is unwritten.
    """

    __slots__ = ("count", "last", "origin", "queued", "secret_id", "written")

    def __init__(self, secret_id: str) -> None:
        self.secret_id = secret_id
        self.count = 0
        self.written = 0
        self.last = 0.0
        self.origin: Origin = (None, None)
        self.queued = False


class UsageRecorder(PeriodicWriter):
    """Gathers uses and hands them on together.

    What it holds is bounded by the number of secrets in use, since only verified ones are noted.
    A day's count can be off by the uses of the last seconds before midnight.
    """

    _NAME = "gateway-last-used"
    _UNWRITTEN = (
        "last_used_unwritten",
        "The database cannot be reached; the times are kept and written later.",
    )

    def __init__(
        self, write: Write, log: GatewayLog, every: float = 5.0, trusted: Sequence[Network] = ()
    ) -> None:
        """Makes it ready; nothing is written before `start`.

        Args:
            write: stores the uses of each secret id, in one transaction.
            every: seconds between two writings.
            trusted: the proxies that are believed about where a use came from.
        """
        super().__init__(log, every)
        self._write = write
        self._trusted = trusted
        self._queue: deque[UsageCounter] = deque()
        self._flushing = threading.Lock()

    @property
    def backlog(self) -> int:
        """How many secrets have uses that are not written yet."""
        return len(self._queue)

    def note(self, counter: UsageCounter, at: float, origin: Origin) -> None:
        """Notes one use.

        Args:
            at: in seconds since 1970.
            origin: where it came from; its address is found out when it is written, of the last
                use alone.
        """
        counter.count += 1
        counter.last = at
        counter.origin = origin
        if not counter.queued:
            counter.queued = True
            self._queue.append(counter)

    def flush(self) -> int:
        """See `Flusher`; counts secrets."""
        # One at a time: an older batch must not be written after a newer one.
        with self._flushing:
            taken, counts = self._take()
            if not counts:
                return 0
            uses: dict[str, Use] = {}
            try:
                for counter, count in counts:
                    self._add(uses, counter, count)
                self._write(uses)
            except BaseException:
                for counter in taken:
                    if not counter.queued:
                        counter.queued = True
                        self._queue.append(counter)
                raise
            for counter, count in counts:
                counter.written = count
            return len(uses)

    def _take(self) -> tuple[list[UsageCounter], list[tuple[UsageCounter, int]]]:
        """What was queued, and of what is unwritten of it, how often it was used by now."""
        taken: list[UsageCounter] = []
        counts: list[tuple[UsageCounter, int]] = []
        for _ in range(len(self._queue)):
            counter = self._queue.popleft()
            # First this, then the count: a use that is noted in between queues it again.
            counter.queued = False
            taken.append(counter)
            count = counter.count
            if count > counter.written:
                counts.append((counter, count))
        return taken, counts

    def _add(self, uses: dict[str, Use], counter: UsageCounter, count: int) -> None:
        """Adds the uses up to this count to what is going to be written of their secret."""
        fresh = count - counter.written
        at = datetime.fromtimestamp(counter.last, UTC)
        source = network_of(counter.origin, self._trusted)
        day = at.date()
        other = uses.get(counter.secret_id)
        if other is None:
            uses[counter.secret_id] = Use(at, source, {day: fresh})
            return
        # It was forgotten and remembered anew since they were written last.
        days = {**other.days, day: other.days.get(day, 0) + fresh}
        newer = (at, source) if at >= other.at else (other.at, other.source)
        uses[counter.secret_id] = Use(*newer, days)

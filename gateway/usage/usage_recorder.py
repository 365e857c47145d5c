"""Record when, from where and how often each secret was used, and write it in batches.

A write for each request would make it wait for the disk. Unwritten uses are lost if the process is
killed: "last used" is then a few seconds old, and no key's validity depends on it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from gateway.base.client_address import UNKNOWN, Origin, Proxies
from gateway.base.gateway_log import GatewayLog
from gateway.usage.periodic_writer import PeriodicWriter
from keys.usage.usage import Use
from runtime.clock import Clock

Write = Callable[[Mapping[str, Use]], object]


_NO_PROXIES = Proxies()
# How soon the first use of a secret is written.
_FIRST_USE_SECONDS = 5.0


class UsageCounter:
    """The uses of one secret. One thread records, another writes; neither locks.

    Only the recording thread raises `count`, only the writing thread raises `written`: the
    difference is unwritten.
    """

    __slots__ = ("count", "last", "origin", "queued", "secret_id", "written")

    def __init__(self, secret_id: str) -> None:
        self.secret_id = secret_id
        self.count = 0
        self.written = 0
        self.last = 0.0
        self.origin: Origin = UNKNOWN
        self.queued = False


class UsageRecorder(PeriodicWriter):
    """Collects uses, and writes them in batches.

    The first use of a secret is written within seconds: its owner is waiting to see that it works.
    The others wait for as long as "last used" may be behind, and are written together, so that a
    secret in steady use costs one write in that time.

    Its size is bounded by the number of secrets in use, since only verified ones are recorded. A
    day's count can be off by the uses of the last seconds before midnight.
    """

    _NAME = "gateway-last-used"
    _UNWRITTEN = (
        "last_used_unwritten",
        "The database cannot be reached; the times are kept and written later.",
    )

    def __init__(
        self,
        write: Write,
        log: GatewayLog,
        clock: Clock,
        every: float = 60.0,
        proxies: Proxies = _NO_PROXIES,
    ) -> None:
        """Create an empty recorder; nothing is written before `start`.

        Args:
            write: stores the uses of each secret id, in one transaction.
            every: seconds that the last use may be behind.
            proxies: those that are trusted to name their callers.
        """
        super().__init__(log, min(every, _FIRST_USE_SECONDS))
        self._write = write
        self._proxies = proxies
        self._monotonic = clock.monotonic
        self._steady_every = every
        self._steady_due = clock.monotonic() + every
        self._queue: deque[UsageCounter] = deque()
        self._first: deque[UsageCounter] = deque()
        self._flushing = threading.Lock()

    @property
    def backlog(self) -> int:
        """Return how many secrets have unwritten uses."""
        return len(self._first) + len(self._queue)

    def record(self, counter: UsageCounter, at: float, origin: Origin) -> None:
        """Record one use. Returns immediately.

        Args:
            at: the time in seconds since 1970.
            origin: where the use came from; if its address is not determined yet, that is done when
                it is written, for the last use alone.
        """
        counter.count += 1
        counter.last = at
        counter.origin = origin
        if not counter.queued:
            self._enqueue(counter)

    def flush_due(self) -> None:
        """Write the first uses, and the others if their time has come."""
        if self._monotonic() < self._steady_due:
            self._flush(self._first)
        else:
            self.flush()
            self._steady_due = self._monotonic() + self._steady_every

    def flush(self) -> int:
        """Write all uses, and return of how many secrets; see `PeriodicWriter`."""
        return self._flush(self._first, self._queue)

    def _enqueue(self, counter: UsageCounter) -> None:
        counter.queued = True
        (self._queue if counter.written else self._first).append(counter)

    def _flush(self, *queues: deque[UsageCounter]) -> int:
        # One at a time: an older batch must not be written after a newer one.
        with self._flushing:
            taken, counts = self._take(queues)
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
                        self._enqueue(counter)
                raise
            for counter, count in counts:
                counter.written = count
            return len(uses)

    def _take(
        self, queues: Iterable[deque[UsageCounter]]
    ) -> tuple[list[UsageCounter], list[tuple[UsageCounter, int]]]:
        """Take queues; return their counters, and those with unwritten uses with their count."""
        taken: list[UsageCounter] = []
        counts: list[tuple[UsageCounter, int]] = []
        for queue in queues:
            for _ in range(len(queue)):
                counter = queue.popleft()
                # Before reading the count: a use that comes in between queues the counter again.
                counter.queued = False
                taken.append(counter)
                count = counter.count
                if count > counter.written:
                    counts.append((counter, count))
        return taken, counts

    def _add(self, uses: dict[str, Use], counter: UsageCounter, count: int) -> None:
        """Add the uses up to this count to those of the same secret."""
        fresh = count - counter.written
        at = datetime.fromtimestamp(counter.last, UTC)
        source = self._proxies.network_of(counter.origin)
        day = at.date()
        other = uses.get(counter.secret_id)
        if other is None:
            uses[counter.secret_id] = Use(at, source, {day: fresh})
            return
        # The token was evicted and cached again since the last flush.
        days = {**other.days, day: other.days.get(day, 0) + fresh}
        newer = (at, source) if at >= other.at else (other.at, other.source)
        uses[counter.secret_id] = Use(*newer, days)

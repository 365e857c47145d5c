"""Faults that a test can plan: the practice Slack then misbehaves as Slack does on a bad day."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

DisconnectReason = Literal["warning", "refresh_requested", "link_disabled"]


@dataclass(frozen=True)
class DeliveryFault:
    """A fault of one delivery: how many times it arrives, and how many seconds late."""

    times: int = 1
    seconds: float = 0.0


@dataclass(frozen=True)
class Fault:
    """A fault of one call: a status or an error code instead of the answer, or a delay.

    With `after` the method does its work first and only the answer is lost.
    """

    kind: Literal["rate_limit", "status", "error", "slow"]
    status: int = 200
    code: str = ""
    seconds: float = 0.0
    after: bool = False


class Faults:
    """`slack.faults`: each fault affects the next `times` calls of its method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: dict[str, deque[Fault]] = defaultdict(deque)
        self._deliveries: deque[DeliveryFault] = deque()
        self.on_disconnect: Callable[[DisconnectReason], None] | None = None
        self.on_stall: Callable[[bool], None] | None = None
        self.on_time_out: Callable[[], None] | None = None

    def rate_limit(self, method: str, *, retry_after: int = 1, times: int = 1) -> None:
        """Answer 429 with ``Retry-After: retry_after`` (seconds)."""
        self._plan(method, Fault("rate_limit", status=429, seconds=retry_after), times)

    def fail(self, method: str, *, status: int = 500, times: int = 1, after: bool = False) -> None:
        """Answer with an HTTP error; with `after`, only once the call has done its work."""
        self._plan(method, Fault("status", status=status, after=after), times)

    def error(self, method: str, code: str, *, times: int = 1, after: bool = False) -> None:
        """Answer ``"ok": false`` with this code; with `after`, once the call has done its work."""
        self._plan(method, Fault("error", code=code, after=after), times)

    def slow(self, method: str, *, seconds: float, times: int = 1) -> None:
        """Do the work at once, but answer only after so many real seconds."""
        self._plan(method, Fault("slow", seconds=seconds, after=True), times)

    def drop_next_delivery(self, times: int = 1) -> None:
        """Lose the next delivery: it never reaches the app, so it is never acknowledged."""
        self._plan_deliveries(DeliveryFault(times=0), times)

    def double_next_delivery(self, times: int = 1) -> None:
        """Make the next delivery arrive twice; the first acknowledgement counts."""
        self._plan_deliveries(DeliveryFault(times=2), times)

    def slow_next_delivery(self, seconds: float, times: int = 1) -> None:
        """Delay the next delivery by so many real seconds, which count towards its 3 s."""
        self._plan_deliveries(DeliveryFault(seconds=seconds), times)

    def disconnect(self, reason: DisconnectReason = "refresh_requested") -> None:
        """Send ``disconnect`` on every socket, and close it.

        After a ``warning`` a socket stays in use until the app has opened another.
        """
        if self.on_disconnect is not None:
            self.on_disconnect(reason)

    def time_out(self) -> None:
        """Have the deliveries under way by socket time out now, and not when 3 seconds are over.

        For an app that is known to be dead; what it had acknowledged stays acknowledged.
        """
        if self.on_time_out is not None:
            self.on_time_out()

    def stall_socket(self, stalled: bool = True) -> None:
        """Silence every open socket without closing it: no deliveries, no pongs.

        `stalled=False` ends this. Sockets opened afterwards work.
        """
        if self.on_stall is not None:
            self.on_stall(stalled)

    def clear(self) -> None:
        """Remove every planned fault."""
        with self._lock:
            self._planned.clear()
            self._deliveries.clear()

    def next_for(self, method: str) -> Fault | None:
        """Take and return the next planned fault of a method, or of ``*`` for any method."""
        with self._lock:
            for name in (method, "*"):
                if self._planned[name]:
                    return self._planned[name].popleft()
        return None

    def next_delivery(self) -> DeliveryFault:
        """Take and return the planned fault of the next delivery."""
        with self._lock:
            return self._deliveries.popleft() if self._deliveries else DeliveryFault()

    def _plan_deliveries(self, fault: DeliveryFault, times: int) -> None:
        with self._lock:
            self._deliveries.extend([fault] * times)

    def _plan(self, method: str, fault: Fault, times: int) -> None:
        with self._lock:
            self._planned[method].extend([fault] * times)

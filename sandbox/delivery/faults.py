"""Ways for the practice Slack to misbehave, as the real one does on a bad day."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

DisconnectReason = Literal["warning", "refresh_requested", "link_disabled"]


@dataclass(frozen=True)
class DeliveryFault:
    """What happens to a delivery: how many times it arrives, and how many seconds late."""

    times: int = 1
    seconds: float = 0.0


@dataclass(frozen=True)
class Fault:
    """What happens to a call: a status or an error code instead of an answer, or a delay before.

    `after` lets the method do its work first, and spoils the answer only: the caller cannot know.
    """

    kind: Literal["rate_limit", "status", "error", "slow"]
    status: int = 200
    code: str = ""
    seconds: float = 0.0
    after: bool = False


class Faults:
    """`slack.faults`. Each fault strikes the next `times` calls of its method, then is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: dict[str, deque[Fault]] = defaultdict(deque)
        self._deliveries: deque[DeliveryFault] = deque()
        self.on_disconnect: Callable[[DisconnectReason], None] | None = None
        self.on_stall: Callable[[bool], None] | None = None

    def rate_limit(self, method: str, *, retry_after: int = 1, times: int = 1) -> None:
        """Answer 429 with ``Retry-After: retry_after`` (seconds)."""
        self._plan(method, Fault("rate_limit", status=429, seconds=retry_after), times)

    def fail(self, method: str, *, status: int = 500, times: int = 1, after: bool = False) -> None:
        """Answer with an HTTP error; with `after`, having done what was asked."""
        self._plan(method, Fault("status", status=status, after=after), times)

    def error(self, method: str, code: str, *, times: int = 1, after: bool = False) -> None:
        """Answer ``"ok": false`` with this code; with `after`, having done what was asked."""
        self._plan(method, Fault("error", code=code, after=after), times)

    def slow(self, method: str, *, seconds: float, times: int = 1) -> None:
        """Answer only after so many real seconds, having done what was asked at once."""
        self._plan(method, Fault("slow", seconds=seconds, after=True), times)

    def drop_next_delivery(self, times: int = 1) -> None:
        """Lose the next delivery to the app: it never arrives, so it is never acknowledged."""
        self._plan_deliveries(DeliveryFault(times=0), times)

    def double_next_delivery(self, times: int = 1) -> None:
        """Deliver the next thing twice; the first acknowledgement counts."""
        self._plan_deliveries(DeliveryFault(times=2), times)

    def slow_next_delivery(self, seconds: float, times: int = 1) -> None:
        """Let the next delivery arrive so many real seconds late; they count into its three."""
        self._plan_deliveries(DeliveryFault(seconds=seconds), times)

    def disconnect(self, reason: DisconnectReason = "refresh_requested") -> None:
        """Send ``disconnect`` on every socket, and close it.

        After a ``warning`` it stays in use, and is closed once the app has opened another.
        """
        if self.on_disconnect is not None:
            self.on_disconnect(reason)

    def stall_socket(self, stalled: bool = True) -> None:
        """Let every open socket go silent without closing: no deliveries, no pongs.

        `stalled=False` ends it. Sockets opened after the stall work.
        """
        if self.on_stall is not None:
            self.on_stall(stalled)

    def clear(self) -> None:
        """Behave again: forget every planned fault."""
        with self._lock:
            self._planned.clear()
            self._deliveries.clear()

    def next_for(self, method: str) -> Fault | None:
        """Take the next planned fault of a method (or of ``*``, any method)."""
        with self._lock:
            for name in (method, "*"):
                if self._planned[name]:
                    return self._planned[name].popleft()
        return None

    def next_delivery(self) -> DeliveryFault:
        """Take what is to happen to the next delivery."""
        with self._lock:
            return self._deliveries.popleft() if self._deliveries else DeliveryFault()

    def _plan_deliveries(self, fault: DeliveryFault, times: int) -> None:
        with self._lock:
            self._deliveries.extend([fault] * times)

    def _plan(self, method: str, fault: Fault, times: int) -> None:
        with self._lock:
            self._planned[method].extend([fault] * times)

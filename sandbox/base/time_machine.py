"""Move a practice Slack's clock, so that people can watch what happens over months."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sandbox.base.clock import MovableClock

DAY = 86_400.0


@dataclass(frozen=True)
class Leap:
    """A button that moves the clock.

    Args:
        label: the button's text.
        target: returns where to, given the present time, both in seconds since 1970; None if it
            leads nowhere.
    """

    label: str
    target: Callable[[float], float | None]


DEFAULT_LEAPS = (
    Leap("+1 day", lambda now: now + DAY),
    Leap("+1 week", lambda now: now + 7 * DAY),
)


@dataclass
class TimeMachine:
    """Moves a clock forward, in strides, so that everything due in between happens in order.

    Args:
        clock: the clock to move.
        leaps: the buttons to offer.
        prepare: called before the clock moves; waits until what users have just done is answered.
        settle: called after each stride; waits until the app has done what is due. Blocks.
        on_stride: called after each stride, to show the new time.
        stride: the longest stride, in seconds.
    """

    clock: MovableClock
    leaps: Sequence[Leap] = DEFAULT_LEAPS
    prepare: Callable[[], object] = lambda: None
    settle: Callable[[], None] = lambda: None
    on_stride: Callable[[], None] = lambda: None
    stride: float = DAY
    _moving: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_moving(self) -> bool:
        """Whether the clock is being moved."""
        return self._moving.locked()

    def leap(self, leap: Leap) -> bool:
        """Move to where a button leads; returns False if it leads nowhere. Blocks."""
        target = leap.target(self.clock.now())
        return target is not None and self.move_to(target)

    def move_to(self, target: float, stride: float | None = None) -> bool:
        """Move the clock to `target`, in seconds since 1970. Blocks.

        Args:
            stride: the longest stride, in seconds; None for the usual one.

        Returns:
            False, and nothing is done, while another user moves the clock.

        Raises:
            ValueError: `target` has passed, and a clock does not go back.
        """
        if not self._moving.acquire(blocking=False):
            return False
        try:
            if target < self.clock.now():
                raise ValueError("a clock does not go backwards")
            self.prepare()
            while (left := target - self.clock.now()) > 0:
                self.clock.advance(min(left, stride or self.stride))
                self.settle()
                self.on_stride()
        finally:
            self._moving.release()
        self.on_stride()
        return True

"""How long a call to Slack may take in background work, and when it is retried."""

from __future__ import annotations

from datetime import timedelta

# How long Slack may take for one step, in seconds. A step is claimed for longer, and one at a time,
# so that no other process does it too.
TRYING = 30.0
LEASE = timedelta(seconds=TRYING + 15)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after failed attempts: twice as long each time."""
    twice: int = 2 ** min(attempts, 10)
    return min(FIRST_PAUSE * twice, LONGEST_PAUSE)

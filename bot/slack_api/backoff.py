"""How long a thing that is due is tried, and when it is tried again."""

from __future__ import annotations

from datetime import timedelta

# How long Slack may take for one thing that is due, in seconds; the bot that claims it does so for
# longer, and for one thing at a time, so that no other bot does it too.
TRYING = 30.0
LEASE = timedelta(seconds=TRYING + 15)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts that failed: twice as long each time."""
    twice: int = 2 ** min(attempts, 10)
    return min(FIRST_PAUSE * twice, LONGEST_PAUSE)

"""What the doctor finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

_SKEW = timedelta(minutes=2)


class CheckStatus(StrEnum):
    """How a finding stands."""

    FINE = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: what was found, in a sentence.
        remedy: what to do; empty if nothing is.
    """

    status: CheckStatus
    what: str
    remedy: str = ""


Findings = Iterator[Finding]


def compare_clocks(whose: str, other: datetime) -> Finding:
    """Compare this machine's clock with another one."""
    apart = abs(datetime.now(UTC) - other)
    if apart <= _SKEW:
        return Finding(CheckStatus.FINE, f"This machine's clock and {whose} agree.")
    return Finding(
        CheckStatus.BAD,
        f"This machine's clock and {whose} are {apart.total_seconds():,.0f} s apart.",
        "Set the clock by NTP: keys expire by it, and Slack refuses what is five minutes old.",
    )

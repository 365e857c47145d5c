"""The findings of the doctor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

_SKEW = timedelta(minutes=2)


class CheckStatus(StrEnum):
    """How serious a finding is."""

    FINE = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        what: the result, in a sentence.
        remedy: what to do; empty if there is nothing to do.
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

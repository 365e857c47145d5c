"""Terms: what a request asks of its key, and what makes it risky."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from keys.inputs.scopes import READ


class Risk(StrEnum):
    """What an approver should look at twice."""

    WRITE = "write"
    NO_EXPIRY = "no_expiry"


@dataclass(frozen=True, slots=True)
class Terms:
    """The scopes and the last day of a key.

    Attributes:
        last_day: in the team's time zone; None for no expiry date.
    """

    scopes: tuple[str, ...]
    last_day: date | None

    @property
    def risks(self) -> tuple[Risk, ...]:
        """What an approver should look at twice; empty for a key that reads and expires."""
        found = {
            Risk.WRITE: any(scope != READ for scope in self.scopes),
            Risk.NO_EXPIRY: self.last_day is None,
        }
        return tuple(risk for risk, is_one in found.items() if is_one)


def stored(last_day: date | None) -> str:
    """Return a last day as a request's row has it; empty for no expiry date."""
    return last_day.isoformat() if last_day is not None else ""


def read_stored(text: str | None) -> date | None:
    """Return the last day that `stored` has written; None for anything else, which is shown.

    A request that was changed by hand is not approved; see `seals.require_genuine`.
    """
    try:
        return date.fromisoformat(text or "")
    except (ValueError, TypeError):
        return None

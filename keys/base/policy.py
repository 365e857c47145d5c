"""What a team has decided about its keys: plain values, made from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from keys.base.errors import InvalidExpiry


class DeliveryWay(StrEnum):
    """How a token reaches its person.

    Attributes:
        DM: it stands in a direct message for some minutes.
        REVEAL: it is made when the person presses a button, and never becomes a message.
    """

    DM = "dm"
    REVEAL = "reveal"


class Leaked(StrEnum):
    """What is done when a token is seen in a channel: ask people, or revoke its key at once."""

    ASK = "ask"
    REVOKE = "revoke"


class Unanswered(StrEnum):
    """What becomes of keys about which nobody decides in an audit.

    Attributes:
        REMIND: they stay, and are counted as unanswered.
        REVOKE: they are revoked after a notice.
    """

    REMIND = "remind"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class AuditRules:
    """How a team goes through its keys.

    Attributes:
        schedule: when audits begin, in cron's way; empty for never by itself.
        days: how long one lasts.
        unanswered: what becomes of keys about which nobody decides.
        notice_days: how long before they are revoked the team is told.
        digest: when a summary of what was done is posted, in cron's way; empty for never.
    """

    schedule: str = "0 9 * 1,4,7,10 MON#1"
    days: int = 21
    unanswered: Unanswered = Unanswered.REMIND
    notice_days: int = 7
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """The team's decisions.

    Attributes:
        expiry_days: after how many days a new key expires if nobody says otherwise; 0 for never.
        expiry_max_days: after how many days every new key expires at the latest; 0 for no limit.
        timezone: in which a date begins and ends, and schedules are meant.
    """

    delivery: DeliveryWay = DeliveryWay.DM
    expiry_days: int = 0
    expiry_max_days: int = 0
    leaked: Leaked = Leaked.ASK
    timezone: tzinfo = field(default=UTC)
    audits: AuditRules = field(default_factory=AuditRules)

    def today(self, now: datetime) -> date:
        """The team's date."""
        return now.astimezone(self.timezone).date()

    def default_expiry(self, now: datetime) -> date | None:
        """The last day of a key that is made now, if nobody says otherwise."""
        days = self.expiry_days or self.expiry_max_days
        return self.today(now) + timedelta(days=days) if days else None

    def last_moment(self, day: date) -> datetime:
        """When a key ends whose last day this is: at the midnight after it, in the team's time."""
        next_midnight = datetime.combine(day + timedelta(days=1), time(), self.timezone)
        return next_midnight.astimezone(UTC)

    def last_day(self, expires_at: datetime) -> date:
        """The last day on which a key works that expires then."""
        return (expires_at - timedelta(microseconds=1)).astimezone(self.timezone).date()

    def check_expiry(self, day: date | None, now: datetime) -> datetime | None:
        """Return when a key ends whose last day was chosen so; None for never.

        Raises:
            InvalidExpiry: with a sentence that says which dates there are.
        """
        latest = self.latest_expiry(now)
        if day is None:
            if latest is not None:
                raise InvalidExpiry(f"Here every key expires. Choose a date up to {latest}.")
            return None
        if self.last_moment(day) <= now:
            raise InvalidExpiry(f"{day} has passed. Choose today or a later date.")
        if latest is not None and day > latest:
            raise InvalidExpiry(
                f"A key may last {self.expiry_max_days} days here. Choose a date up to {latest}."
            )
        return self.last_moment(day)

    def latest_expiry(self, now: datetime) -> date | None:
        """The latest last day that the team allows; None for any."""
        if not self.expiry_max_days:
            return None
        return self.today(now) + timedelta(days=self.expiry_max_days)

"""Policy: a team's rules for its keys, made from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from keys.base.errors import InvalidExpiry


class DeliveryWay(StrEnum):
    """How a token is delivered.

    Attributes:
        DM: in a direct message, for some minutes.
        REVEAL: made when the recipient clicks a button, and never part of a message.
    """

    DM = "dm"
    REVEAL = "reveal"


class Leaked(StrEnum):
    """The response to a leaked token: ask people, or revoke its key at once."""

    ASK = "ask"
    REVOKE = "revoke"


class Unanswered(StrEnum):
    """The treatment of unanswered keys in an audit.

    Attributes:
        REMIND: they are kept, and counted as unanswered.
        REVOKE: they are revoked after a notice.
    """

    REMIND = "remind"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class AuditRules:
    """A team's rules for audits.

    Attributes:
        schedule: when audits start, in cron syntax; empty for manual audits only.
        days: how many days an audit lasts.
        unanswered: the treatment of unanswered keys.
        notice_days: how many days before revoking them the team is told.
        digest: when the activity digest is posted, in cron syntax; empty for never.
    """

    schedule: str = "0 9 * 1,4,7,10 MON#1"
    days: int = 21
    unanswered: Unanswered = Unanswered.REMIND
    notice_days: int = 7
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A team's rules for its keys.

    Attributes:
        expiry_days: the default lifetime of a new key in days; 0 for no expiry date.
        expiry_max_days: the maximum lifetime of a new key in days; 0 for no limit.
        timezone: the time zone of dates and schedules.
        kept_days: for how many days counts of uses, and sent messages, are kept.
        owner_check: whether owners may check the tokens of their keys.
        owner_rotate: whether owners may rotate their keys, and get the new token.
    """

    delivery: DeliveryWay = DeliveryWay.DM
    expiry_days: int = 0
    expiry_max_days: int = 0
    leaked: Leaked = Leaked.ASK
    timezone: tzinfo = field(default=UTC)
    audits: AuditRules = field(default_factory=AuditRules)
    kept_days: int = 90
    owner_check: bool = True
    owner_rotate: bool = False

    def today(self, now: datetime) -> date:
        """Return the current date in the team's time zone."""
        return now.astimezone(self.timezone).date()

    def default_expiry(self, now: datetime) -> date | None:
        """Return the default last day of a new key."""
        days = self.expiry_days or self.expiry_max_days
        return self.today(now) + timedelta(days=days) if days else None

    def last_moment(self, day: date) -> datetime:
        """Return when a key with this last day expires: the midnight after it, in the time zone."""
        next_midnight = datetime.combine(day + timedelta(days=1), time(), self.timezone)
        return next_midnight.astimezone(UTC)

    def last_day(self, expires_at: datetime) -> date:
        """Return the last day of a key that expires at this time."""
        return (expires_at - timedelta(microseconds=1)).astimezone(self.timezone).date()

    def check_expiry(self, day: date | None, now: datetime) -> datetime | None:
        """Return when a key with this last day expires; None for no expiry date.

        Raises:
            InvalidExpiry: with a sentence that names the allowed dates.
        """
        latest = self.latest_expiry(now)
        if day is None:
            if latest is not None:
                raise InvalidExpiry(f"Keys need an expiry date here. Choose a date up to {latest}.")
            return None
        if self.last_moment(day) <= now:
            raise InvalidExpiry(f"{day} is in the past. Choose today or a later date.")
        if latest is not None and day > latest:
            raise InvalidExpiry(
                f"Keys last at most {self.expiry_max_days} days here. Choose a date up to {latest}."
            )
        return self.last_moment(day)

    def outlasts(self, expires_at: datetime | None, now: datetime) -> bool:
        """Return whether a key that comes from elsewhere lasts longer than a new one may.

        Like a key from before the rule, it may keep its date; only a change has to follow the rule.
        """
        latest = self.latest_expiry(now)
        if latest is None:
            return False
        return expires_at is None or self.last_day(expires_at) > latest

    def latest_expiry(self, now: datetime) -> date | None:
        """Return the latest last day that the team allows; None for no limit."""
        if not self.expiry_max_days:
            return None
        return self.today(now) + timedelta(days=self.expiry_max_days)

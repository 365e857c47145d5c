"""When things are due that a team has written down in cron's way.

A moment belongs to a schedule and a time zone, and everybody computes the same one, whenever they
ask: so it names the thing that is due then, and is done once. Around changes of the clock the rule
is Debian cron's: what falls into the hour that is left out comes right after it, and what falls
into the hour that comes twice comes once.

Source: cron(8) of Debian, on changes of the clock; cronsim follows it.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from cronsim import CronSim, CronSimError

from keys.base.errors import InvalidSchedule


def check(schedule: str) -> str:
    """Return the schedule, trimmed.

    Raises:
        InvalidSchedule: with a sentence that says what is wrong.
    """
    text = " ".join(schedule.split())
    if len(text.split()) != 5:
        raise InvalidSchedule(
            f"“{text}” is no schedule: it has five parts, for minute, hour, day, month and "
            "weekday, such as “0 9 1 1,4,7,10 *”."
        )
    try:
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise InvalidSchedule(
            f"“{text}” is no schedule: {str(error).lower().removeprefix('bad ')} is wrong."
        ) from error
    except StopIteration:
        raise InvalidSchedule(f"“{text}” never comes.") from None
    return text


def last(schedule: str, zone: tzinfo, now: datetime) -> datetime | None:
    """The last moment of the schedule that has come; None if there was none for decades.

    Raises:
        InvalidSchedule: see `check`.
    """
    check(schedule)
    # From the second after now on, backwards, so that this very moment counts.
    return _utc(next(CronSim(schedule, _after(now, zone), reverse=True), None))


def next_run(schedule: str, zone: tzinfo, now: datetime) -> datetime | None:
    """The next moment of the schedule that has not come yet. Raises InvalidSchedule."""
    check(schedule)
    return _utc(next(CronSim(schedule, now.astimezone(zone)), None))


def _utc(scheduled_at: datetime | None) -> datetime | None:
    # Python takes a time that comes twice in its zone for equal to none of another zone.
    return scheduled_at.astimezone(UTC) if scheduled_at is not None else None


def _after(now: datetime, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(int(now.timestamp()) + 1, zone)

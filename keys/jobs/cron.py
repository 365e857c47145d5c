"""Schedules in cron syntax: the last and the next scheduled time.

Every process computes the same time from a schedule and a time zone, so the time identifies the run
and each run happens once. Daylight saving follows Debian's cron: a run in the skipped hour comes
right after it, and a run in the repeated hour comes once.

Source: cron(8) of Debian, on changes of the clock; cronsim follows it.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from cronsim import CronSim, CronSimError

from keys.base.errors import InvalidSchedule


def check(schedule: str) -> str:
    """Return the schedule, trimmed.

    Raises:
        InvalidSchedule: with a sentence that explains the problem.
    """
    text = " ".join(schedule.split())
    if len(text.split()) != 5:
        raise InvalidSchedule(
            f"“{text}” is not a schedule. A schedule has five parts, for minute, hour, day, month "
            "and weekday, such as “0 9 1 1,4,7,10 *”."
        )
    try:
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise InvalidSchedule(
            f"“{text}” is not a schedule: {str(error).lower().removeprefix('bad ')} is wrong."
        ) from error
    except StopIteration:
        raise InvalidSchedule(f"“{text}” never runs. Check its day and month.") from None
    return text


def last(schedule: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the last scheduled time up to now; None if there was none for decades.

    Raises:
        InvalidSchedule: see `check`.
    """
    check(schedule)
    # Search backwards from the next second, so that now counts as well.
    return _utc(next(CronSim(schedule, _after(now, zone), reverse=True), None))


def next_run(schedule: str, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the next scheduled time after now. Raises InvalidSchedule."""
    check(schedule)
    return _utc(next(CronSim(schedule, now.astimezone(zone)), None))


def _utc(scheduled_at: datetime | None) -> datetime | None:
    # Python compares a repeated local time as equal to no time of another zone.
    return scheduled_at.astimezone(UTC) if scheduled_at is not None else None


def _after(now: datetime, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(int(now.timestamp()) + 1, zone)

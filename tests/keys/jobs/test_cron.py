"""Schedules in cron's way: everybody computes the same moment, also around changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.base.errors import InvalidSchedule
from keys.base.policy import AuditRules
from keys.jobs import cron

QUARTERLY = AuditRules().schedule
BERLIN, CHICAGO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Chicago")
NIGHTLY = "30 2 * * *"


def test_the_default_is_the_first_monday_of_each_quarter_at_nine() -> None:
    moments, now = [], datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(5):
        following = cron.next_run(QUARTERLY, BERLIN, now)
        assert following is not None
        moments.append(following.astimezone(BERLIN).isoformat())
        now = following
    assert moments == [
        "2026-01-05T09:00:00+01:00",
        "2026-04-06T09:00:00+02:00",
        "2026-07-06T09:00:00+02:00",
        "2026-10-05T09:00:00+02:00",
        "2027-01-04T09:00:00+01:00",
    ]


def test_the_very_moment_counts_and_a_second_before_does_not() -> None:
    moment = datetime(2026, 10, 5, 9, tzinfo=BERLIN)
    assert cron.last(QUARTERLY, BERLIN, moment) == moment
    before = cron.last(QUARTERLY, BERLIN, moment - timedelta(seconds=1))
    assert before == datetime(2026, 7, 6, 9, tzinfo=BERLIN)
    assert cron.last(QUARTERLY, BERLIN, moment + timedelta(microseconds=1)) == moment


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        # 02:30 does not exist on these days, and comes right after.
        (BERLIN, "2026-03-29T12:00:00+02:00", "2026-03-29T03:00:00+02:00"),
        (CHICAGO, "2026-03-08T12:00:00-05:00", "2026-03-08T03:00:00-05:00"),
        # It exists twice on these days, and counts once.
        (BERLIN, "2026-10-25T12:00:00+01:00", "2026-10-25T02:30:00+02:00"),
        (CHICAGO, "2026-11-01T12:00:00-06:00", "2026-11-01T02:30:00-06:00"),
    ],
)
def test_changes_of_the_clock(zone: ZoneInfo, now: str, expected: str) -> None:
    found = cron.last(NIGHTLY, zone, datetime.fromisoformat(now))
    assert found == datetime.fromisoformat(expected)


@given(
    zone=st.sampled_from([BERLIN, CHICAGO, ZoneInfo("UTC"), ZoneInfo("Australia/Lord_Howe")]),
    schedule=st.sampled_from([NIGHTLY, "0 9 * * MON", "15 2 * * *", QUARTERLY, "0 0 1 * *"]),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
def test_looking_back_finds_what_looking_ahead_found(
    zone: ZoneInfo, schedule: str, start: datetime
) -> None:
    ahead = cron.next_run(schedule, zone, start)
    assert ahead is not None
    for later in (timedelta(), timedelta(seconds=1), timedelta(hours=3)):
        assert cron.last(schedule, zone, ahead + later) == ahead
    back = cron.last(schedule, zone, ahead - timedelta(seconds=1))
    assert back is not None
    assert back <= start


@pytest.mark.parametrize(
    "wrong", ["", "often", "0 9 * *", "0 9 * * * *", "61 9 * * *", "0 9 31 2 *", "0 9 * * MON#6"]
)
def test_what_is_no_schedule_is_refused_with_a_sentence(wrong: str) -> None:
    with pytest.raises(InvalidSchedule, match=r"is not a schedule|never runs"):
        cron.check(wrong)

"""Dates as their reader sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.text import format_date, parse, to_plain

NOW = datetime(2024, 2, 18, 12, 0, tzinfo=UTC)
MOMENT = int(datetime(2014, 2, 18, 14, 39, 42, tzinfo=UTC).timestamp())


def seconds(**later: float) -> int:
    return int((NOW + timedelta(**later)).timestamp())


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("{date_num}", "2014-02-18"),
        ("{date_slash}", "02/18/2014"),
        ("{date}", "February 18th, 2014"),
        ("{date_short}", "Feb 18, 2014"),
        ("{date_long}", "Tuesday, February 18th, 2014"),
        ("{date_long_full}", "February 18th, 2014"),
        ("{date_pretty}", "February 18th, 2014"),
        ("{date_short_pretty}", "Feb 18, 2014"),
        ("{date_long_pretty}", "Tuesday, February 18th, 2014"),
        ("{day_divider_pretty}", "Tuesday, February 18th, 2014"),
        ("{time}", "2:39 PM"),
        ("{time_secs}", "2:39:42 PM"),
        ("{ago}", "10 years ago"),
        ("made {date_num} at {time}", "made 2014-02-18 at 2:39 PM"),
        ("no token", "no token"),
    ],
)
def test_tokens(token: str, words: str) -> None:
    assert format_date(MOMENT, token, NOW, UTC) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (22, "22nd"),
        (23, "23rd"),
        (30, "30th"),
        (31, "31st"),
    ],
)
def test_ordinals(day: int, words: str) -> None:
    moment = int(datetime(2001, 1, day, tzinfo=UTC).timestamp())
    assert format_date(moment, "{date}", NOW, UTC) == f"January {words}, 2001"


@pytest.mark.parametrize(
    ("later", "token", "words"),
    [
        ({"days": -1}, "{date_pretty}", "Yesterday"),
        ({"hours": -11}, "{date_short_pretty}", "Today"),
        ({"days": 1}, "{date_long_pretty}", "Tomorrow"),
        ({"days": 1}, "until {date_pretty}", "until tomorrow"),
        ({"days": 2}, "{date_short_pretty}", "Feb 20, 2024"),
        ({"days": 2}, "{date_pretty}", "February 20th"),
        ({"days": 200}, "{date_pretty}", "September 5th, 2024"),
        ({"days": 2}, "{day_divider_pretty}", "Tuesday, February 20th"),
        ({"hours": 0}, "{ago}", "Just now"),
        ({"seconds": 30}, "{ago}", "In a moment"),
        ({"seconds": -60}, "{ago}", "1 minute ago"),
        ({"minutes": -59}, "seen {ago}", "seen 59 minutes ago"),
        ({"hours": -1}, "{ago}", "1 hour ago"),
        ({"days": -3}, "{ago}", "3 days ago"),
        ({"days": 45}, "{ago}", "In 1 month"),
    ],
)
def test_near_dates(later: dict[str, float], token: str, words: str) -> None:
    assert format_date(seconds(**later), token, NOW, UTC) == words


@pytest.mark.parametrize(("hour", "words"), [(0, "12:05 AM"), (11, "11:05 AM"), (12, "12:05 PM")])
def test_noon_and_midnight(hour: int, words: str) -> None:
    moment = int(datetime(2024, 1, 1, hour, 5, tzinfo=UTC).timestamp())
    assert format_date(moment, "{time}", NOW, UTC) == words


def test_the_time_zone_is_the_readers() -> None:
    late = int(datetime(2024, 2, 18, 23, 30, tzinfo=UTC).timestamp())
    assert format_date(late, "{date_pretty} at {time}", NOW, UTC) == "Today at 11:30 PM"
    tokyo = ZoneInfo("Asia/Tokyo")
    assert format_date(late, "{date_pretty} at {time}", NOW, tokyo) == "Tomorrow at 8:30 AM"


def test_what_cannot_be_shown_falls_back() -> None:
    assert format_date(10**14, "{date}", NOW, UTC) is None
    assert format_date(MOMENT, "{week}", NOW, UTC) is None
    tree = parse("<!date^99999999999999^{date}|far off>")
    assert to_plain(tree, now=NOW) == "far off"


def test_now_may_bring_the_time_zone() -> None:
    tree = parse(f"<!date^{MOMENT}^{{date_num}}|then>")
    assert to_plain(tree, now=NOW) == "2014-02-18"
    assert to_plain(tree) == "then"


@given(st.integers(), st.text(alphabet="{}datepry_ag "))
def test_no_moment_is_an_error(timestamp: int, form: str) -> None:
    format_date(timestamp, form, NOW, ZoneInfo("America/New_York"))

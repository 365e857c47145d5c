"""How the page writes names, times and days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sandbox.page.base.formatting import (
    ROLE_NAMES,
    avatar_colour,
    clock_time,
    day_name,
    full_time,
    initials,
    local_time,
    zone_named,
)
from sandbox.state.models import Account, Role


@pytest.mark.parametrize(
    ("hour", "minute", "words"),
    [(0, 5, "12:05 AM"), (9, 0, "9:00 AM"), (12, 0, "12:00 PM"), (23, 59, "11:59 PM")],
)
def test_times_are_written_as_slack_writes_them(hour: int, minute: int, words: str) -> None:
    assert clock_time(datetime(2025, 3, 3, hour, minute, tzinfo=UTC)) == words


def test_the_time_beside_a_following_message_has_no_half_of_the_day() -> None:
    assert clock_time(datetime(2025, 3, 3, 15, 7, tzinfo=UTC), suffix=False) == "3:07"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2025, 3, 13), "Today"),
        (date(2025, 3, 12), "Yesterday"),
        (date(2025, 3, 11), "Tuesday, March 11th"),
        (date(2025, 3, 1), "Saturday, March 1st"),
        (date(2025, 3, 2), "Sunday, March 2nd"),
        (date(2025, 2, 23), "Sunday, February 23rd"),
        (date(2024, 12, 31), "Tuesday, December 31st, 2024"),
    ],
)
def test_days_have_the_names_people_use(day: date, words: str) -> None:
    assert day_name(day, date(2025, 3, 13)) == words


def test_hovering_over_a_time_tells_the_day_and_the_second() -> None:
    at = datetime(2025, 3, 12, 9, 5, 7, tzinfo=UTC)
    assert full_time(at, date(2025, 3, 13)) == "Yesterday at 9:05:07 AM"


def test_a_time_stamp_is_read_in_the_readers_zone() -> None:
    account = Account("U1", "a", "A", "", "T1", Role.MEMBER, 0.0, tz="America/New_York")
    assert local_time("1741867200.000100", zone_named(account.tz)).hour == 8


def test_a_zone_that_the_machine_does_not_know_is_utc() -> None:
    account = Account("U1", "a", "A", "", "T1", Role.MEMBER, 0.0, tz="Mars/Olympus")
    assert local_time("1741867200.000100", zone_named(account.tz)).hour == 12


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Alice Wong", "AW"), ("bob", "B"), ("Ana-Maria de Souza", "AS"), ("", "?"), ("!!", "?")],
)
def test_a_face_shows_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_face_keeps_its_colour() -> None:
    assert avatar_colour("U123") == avatar_colour("U123")
    assert len({avatar_colour(f"U{n}") for n in range(50)}) > 4


def test_every_role_has_words() -> None:
    assert set(ROLE_NAMES) == set(Role)

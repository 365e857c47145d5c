"""Times: the same on every database, and readable whatever a person has written into them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, select, text

from storage.tables.types import NO_TIME, UtcDateTime

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = Table(
    "times", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime())
)
GARBAGE = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(),
    st.sampled_from(
        ["0001-01-01 00:00:00+23:59", "9999-12-31 23:59:59-23:59", "2026-02-30", "now"]
    ),
)


@given(garbage=GARBAGE)
def test_garbage_in_one_row_does_not_take_away_the_others(garbage: object) -> None:
    engine = create_engine("sqlite://")
    good = datetime(2026, 11, 28, 3, 10, 5, 123456, tzinfo=UTC)
    with engine.begin() as connection:
        TIMES.metadata.create_all(connection)
        connection.execute(TIMES.insert(), [{"at": good}, {"at": good}, {"at": None}])
        connection.execute(text("UPDATE times SET at = :at WHERE id = 1"), {"at": garbage})
        spoilt, *others = connection.execute(select(TIMES.c.at).order_by(TIMES.c.id)).scalars()
    engine.dispose()
    assert others == [good, None]
    # Whoever is at work anywhere can be shown it, and calculate with it.
    for hours in (-12, 14):
        shown = spoilt.astimezone(timezone(timedelta(hours=hours)))
        assert shown - timedelta(days=400) < shown + timedelta(days=400)


@pytest.mark.parametrize("stored", ["garbage", "", 5, b"\x00", "0001-01-01 00:00:00"])
def test_what_is_no_time_is_long_ago(stored: object, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'times.db'}")
    with engine.begin() as connection:
        TIMES.metadata.create_all(connection)
        connection.execute(text("INSERT INTO times (at) VALUES (:at)"), {"at": stored})
        assert connection.execute(select(TIMES.c.at)).scalar_one() == NO_TIME
    engine.dispose()


@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(8999, 1, 1), timezones=ZONES)
)
def test_a_time_is_read_as_it_was_written(at: datetime) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        TIMES.metadata.create_all(connection)
        connection.execute(TIMES.insert(), [{"at": at}])
        assert connection.execute(select(TIMES.c.at)).scalar_one() == at
    engine.dispose()

"""Keys and their use over time, and the counts of a digest."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from keys.reviews import activity_digest
from keys.usage import trends
from keys.usage.usage import Use, record_uses
from storage import reading
from storage.tables import Secret
from tests.keys.conftest import Domain

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


def use(house: Domain, key_id: str, days_ago: int, count: int) -> None:
    at = house.clock.now() - days_ago * DAY

    def note(session: object) -> None:
        secret = session.exec(select(Secret).where(Secret.key_id == key_id)).first()  # type: ignore[attr-defined]
        record_uses(session, {secret.id: Use(at, "10.0.0.0/16", {at.date(): count})})  # type: ignore[arg-type]

    house.write(note)


def test_keys_at_the_end_of_each_week_and_uses_in_it(house: Domain) -> None:
    first, _ = house.issue("First")
    house.clock.move(2 * WEEK)
    second, _ = house.issue("Second")
    house.issue("Dated", expires_at=house.clock.now() + WEEK)
    house.reserve("Pending")
    house.clock.move(2 * WEEK)
    house.revoke(second.id)
    use(house, first.id, 0, 3)
    use(house, first.id, 6, 4)
    use(house, first.id, 7, 5)
    with reading(house.engine, house.account) as session:
        weeks = trends.weeks(session, house.clock.now().date(), 6)
    assert [week.keys for week in weeks] == [0, 1, 1, 3, 2, 1]
    assert [week.uses for week in weeks] == [0, 0, 0, 0, 5, 7]
    assert weeks[-1].last == house.clock.now().date()


def test_a_digest_counts_what_was_done_and_what_stands(house: Domain) -> None:
    house.issue("Old")
    used, _ = house.issue("Used")
    use(house, used.id, 0, 1)
    house.clock.move(100 * DAY)
    since = house.clock.now()
    gone, _ = house.issue("Gone")
    house.issue("Dated", expires_at=since + 10 * DAY)
    house.revoke(gone.id)
    with reading(house.engine, house.account) as session:
        found = activity_digest.digest(session, since, house.clock.now())
    assert found == {
        "since": since.isoformat(timespec="seconds"),
        "total": 3, "made": 2, "revoked": 1, "expiring": 1, "idle": 1, "never_used": 1,
    }  # fmt: skip

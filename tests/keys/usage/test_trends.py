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


def use(domain: Domain, key_id: str, days_ago: int, count: int) -> None:
    at = domain.clock.now() - days_ago * DAY

    def note(session: object) -> None:
        secret = session.exec(select(Secret).where(Secret.key_id == key_id)).first()  # type: ignore[attr-defined]
        record_uses(session, {secret.id: Use(at, "10.0.0.0/16", {at.date(): count})})  # type: ignore[arg-type]

    domain.write(note)


def test_keys_at_the_end_of_each_week_and_uses_in_it(domain: Domain) -> None:
    first, _ = domain.issue("First")
    domain.clock.move(2 * WEEK)
    second, _ = domain.issue("Second")
    domain.issue("Dated", expires_at=domain.clock.now() + WEEK)
    domain.reserve("Pending")
    domain.clock.move(2 * WEEK)
    domain.revoke(second.id)
    use(domain, first.id, 0, 3)
    use(domain, first.id, 6, 4)
    use(domain, first.id, 7, 5)
    with reading(domain.engine, domain.account) as session:
        weeks = trends.weeks(session, domain.clock.now().date(), 6)
    assert [week.keys for week in weeks] == [0, 1, 1, 3, 2, 1]
    assert [week.uses for week in weeks] == [0, 0, 0, 0, 5, 7]
    assert weeks[-1].last == domain.clock.now().date()


def test_a_digest_counts_what_was_done_and_what_stands(domain: Domain) -> None:
    domain.issue("Old")
    used, _ = domain.issue("Used")
    use(domain, used.id, 0, 1)
    domain.clock.move(100 * DAY)
    since = domain.clock.now()
    gone, _ = domain.issue("Gone")
    domain.issue("Dated", expires_at=since + 10 * DAY)
    domain.revoke(gone.id)
    with reading(domain.engine, domain.account) as session:
        found = activity_digest.digest(session, since, domain.clock.now())
    assert found == {
        "since": since.isoformat(timespec="seconds"),
        "total": 3, "made": 2, "revoked": 1, "expiring": 1, "idle": 1, "never_used": 1,
    }  # fmt: skip

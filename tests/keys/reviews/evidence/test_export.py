"""Evidence of audits that the schedule took over, or that the version before started or ended."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from keys.reviews import lifecycle, progress
from keys.reviews.events import ReviewFinished, ReviewStarted
from keys.reviews.evidence import export, files
from keys.reviews.models import ASKED
from storage import reading
from storage.tables import Review, ReviewKey
from tests.keys.conftest import Domain
from tests.keys.reviews.evidence.tampering import (
    STAGES,
    attack,
    column,
    exported,
    opened,
    refusal,
)
from tests.keys.reviews.evidence.test_tampering import IN_KEYS
from tests.keys.reviews.evidence.writing import PEPPERS, TRUSTED
from tests.keys.reviews.reviewing import begin


def test_an_audit_that_the_schedule_takes_over_has_its_new_period_in_the_audit_log(
    domain: Domain,
) -> None:
    domain.issue()
    id_ = begin(domain, f"{ASKED}1")
    assert begin(domain, "2026-10-05") == id_
    with reading(domain.engine, domain.account) as session:
        whole = files.read(export.serialize(session, id_, PEPPERS))
    assert whole["entries"][0]["data"]["period"] == "2026-10-05"


@pytest.fixture
def version_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audits start and end as the version before recorded them: without digests."""

    def started(review: Review, lists: Any, _digests: Any) -> ReviewStarted:
        event = ReviewStarted(review, lists, {})
        event.data = {"audit": review.id, "period": review.period, "keys": review.total}
        return event

    def ended(review: Review, data: Any, _digests: Any) -> ReviewFinished:
        event = ReviewFinished(review, data, {})
        event.data = data
        return event

    monkeypatch.setattr(lifecycle, "ReviewStarted", started)
    monkeypatch.setattr(progress, "ReviewFinished", ended)


@pytest.mark.usefixtures("version_before")
@pytest.mark.parametrize("stage", STAGES)
def test_an_audit_of_the_version_before_has_evidence_that_says_what_is_not_covered(
    domain: Domain, stage: str
) -> None:
    id_ = STAGES[stage](domain)
    with reading(domain.engine, domain.account) as session:
        whole = files.read(export.serialize(session, id_, PEPPERS))
    assert whole["entries"][0]["data"]["start"] is None
    found = files.verify(whole, TRUSTED)
    assert found, found.problems
    assert "The keys at the start are not covered" in found.uncovered[0]
    assert len(found.uncovered) == (2 if stage == "finished" else 1)
    # Decisions are compared all the same.
    for name in ("decision", "decided_by", "decided_at", "reason"):
        value, named = IN_KEYS[name]
        kept = col(ReviewKey.reason) == "Billing needs it"
        with attack(domain) as session:
            changed = update(ReviewKey).where(kept).values({column(ReviewKey, name): value})
            session.connection().execute(changed)
            assert named in refusal(session, id_)


def test_rows_and_audit_log_are_read_from_one_snapshot(domain: Domain) -> None:
    id_ = opened(domain)
    with reading(domain.engine, domain.account) as session:
        exported(session, id_)
        level = session.connection().get_isolation_level()
    assert (
        level
        == {"sqlite": "SERIALIZABLE", "postgresql": "REPEATABLE READ"}[domain.engine.dialect.name]
    )

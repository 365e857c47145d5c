"""Why a key deserves a second look, and what is usually right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from keys.base.models import KeyView
from keys.reviews.findings import Recommendation, RiskFinding, advice, risk_findings, severity
from tests.keys.conftest import ALICE, NOON, Domain

LATER = NOON + timedelta(days=200)


@pytest.fixture
def key(domain: Domain) -> KeyView:
    return domain.issue("Zapier, production", expires_at=LATER + timedelta(days=900))[0]


def test_each_doubt_and_its_edge(key: KeyView) -> None:
    def found(
        now: object = LATER, gone: tuple[str, ...] = (), **changes: object
    ) -> set[RiskFinding]:
        used = {"last_used_at": LATER - timedelta(days=1)} | changes
        return set(risk_findings(replace(key, **used), gone, now))  # type: ignore[arg-type]

    assert found() == set()
    assert found(gone=(ALICE.id,)) == {RiskFinding.OWNER_GONE}
    assert found(owner=None) == {RiskFinding.UNOWNED}
    assert found(expires_at=None) == {RiskFinding.UNDATED}
    assert found(name="test") == {RiskFinding.POOR_NAME}
    assert found(last_used_at=None) == {RiskFinding.NEVER_USED}
    assert found(last_used_at=None, activated_at=LATER - timedelta(days=13)) == set()
    assert found(last_used_at=LATER - timedelta(days=90)) == {RiskFinding.IDLE}
    assert found(last_used_at=LATER - timedelta(days=89)) == set()


def test_the_grave_come_first_and_count_for_more_than_all_lighter_ones() -> None:
    order = list(RiskFinding)
    for place, doubt in enumerate(order[:-1]):
        assert severity([doubt]) > severity(order[place + 1 :])


def test_advice() -> None:
    assert advice([RiskFinding.OWNER_GONE, RiskFinding.IDLE]) is Recommendation.REVOKE
    assert advice([RiskFinding.NEVER_USED]) is Recommendation.REVOKE
    assert advice([RiskFinding.OWNER_GONE, RiskFinding.UNDATED]) is Recommendation.ROTATE
    assert advice([RiskFinding.UNDATED, RiskFinding.POOR_NAME]) is Recommendation.KEEP

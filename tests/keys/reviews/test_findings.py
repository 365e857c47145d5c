"""Why a key deserves a second look, and what is usually right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from keys.base.models import KeyView
from keys.reviews.findings import Advice, Doubt, advice, doubts, weight
from tests.keys.conftest import ALICE, NOON, House

LATER = NOON + timedelta(days=200)


@pytest.fixture
def key(house: House) -> KeyView:
    return house.issue("Zapier, production", expires_at=LATER + timedelta(days=900))[0]


def test_each_doubt_and_its_edge(key: KeyView) -> None:
    def found(now: object = LATER, gone: tuple[str, ...] = (), **changes: object) -> set[Doubt]:
        used = {"last_used_at": LATER - timedelta(days=1)} | changes
        return set(doubts(replace(key, **used), gone, now))  # type: ignore[arg-type]

    assert found() == set()
    assert found(gone=(ALICE.id,)) == {Doubt.OWNER_GONE}
    assert found(owner=None) == {Doubt.UNOWNED}
    assert found(expires_at=None) == {Doubt.UNDATED}
    assert found(name="test") == {Doubt.POOR_NAME}
    assert found(last_used_at=None) == {Doubt.NEVER_USED}
    assert found(last_used_at=None, created_at=LATER - timedelta(days=13)) == set()
    assert found(last_used_at=LATER - timedelta(days=90)) == {Doubt.IDLE}
    assert found(last_used_at=LATER - timedelta(days=89)) == set()


def test_the_grave_come_first_and_count_for_more_than_all_lighter_ones() -> None:
    order = list(Doubt)
    for place, doubt in enumerate(order[:-1]):
        assert weight([doubt]) > weight(order[place + 1 :])


def test_advice() -> None:
    assert advice([Doubt.OWNER_GONE, Doubt.IDLE]) is Advice.REVOKE
    assert advice([Doubt.NEVER_USED]) is Advice.REVOKE
    assert advice([Doubt.OWNER_GONE, Doubt.UNDATED]) is Advice.ROTATE
    assert advice([Doubt.UNDATED, Doubt.POOR_NAME]) is Advice.KEEP

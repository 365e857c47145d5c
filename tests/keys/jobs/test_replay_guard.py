"""Taking each request once."""

from __future__ import annotations

from keys.jobs import replay_guard
from tests.keys.conftest import Domain


def test_of_two_transactions_one_is_first(house: Domain) -> None:
    now = house.clock.now()
    assert house.write(lambda s: replay_guard.claim_once(s, "a", now)) is True
    assert house.write(lambda s: replay_guard.claim_once(s, "a", now)) is False
    assert house.write(lambda s: replay_guard.claim_once(s, "b", now)) is True

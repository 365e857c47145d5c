"""Taking each request once."""

from __future__ import annotations

from keys.jobs import replay_guard
from tests.keys.conftest import Domain


def test_of_two_transactions_one_is_first(domain: Domain) -> None:
    now = domain.clock.now()
    assert domain.write(lambda s: replay_guard.claim_once(s, "a", now)) is True
    assert domain.write(lambda s: replay_guard.claim_once(s, "a", now)) is False
    assert domain.write(lambda s: replay_guard.claim_once(s, "b", now)) is True

"""Taking each request once."""

from __future__ import annotations

from keys.jobs import replay_guard
from tests.keys.conftest import House


def test_of_two_transactions_one_is_first(house: House) -> None:
    now = house.clock.now()
    assert house.write(lambda s: replay_guard.first(s, "a", now)) is True
    assert house.write(lambda s: replay_guard.first(s, "a", now)) is False
    assert house.write(lambda s: replay_guard.first(s, "b", now)) is True

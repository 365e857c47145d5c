"""What is cached, for how long it is valid, and that every change invalidates."""

from __future__ import annotations

from datetime import timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.verdict_cache import VerdictCache, fingerprint
from keys.credentials.verification import Reason, Refused
from runtime.clock import HeldClock
from storage.change_feed import FeedEntry
from tests.gateway.fakes import NOON, verified

A, B = fingerprint(b"a"), fingerprint(b"b")
EVERYTHING = FeedEntry(None, None)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOON)


@pytest.fixture
def cache(clock: HeldClock) -> VerdictCache:
    made = VerdictCache(clock, max_keys=10, max_refused=3)
    made.valid_until(inf)
    return made


def test_nothing_is_valid_without_proof(clock: HeldClock) -> None:
    cache = VerdictCache(clock)
    cache.add(A, verified())
    cache.add_refusal(B, Refused(Reason.UNKNOWN), "b")
    assert (cache.get(A), cache.refusal(B), cache.valid) == (None, None, False)
    cache.valid_until(2.0)
    assert cache.get(A)
    assert cache.refusal(B)
    clock.move(timedelta(seconds=2))
    assert (cache.get(A), cache.refusal(B), cache.valid) == (None, None, False)


def test_a_cached_verdict_never_outlives_the_token(cache: VerdictCache, clock: HeldClock) -> None:
    cache.add(A, verified(ends_at=NOON + timedelta(seconds=5)))
    clock.move(timedelta(seconds=5) - timedelta(microseconds=1))
    assert cache.get(A)
    clock.move(timedelta(microseconds=1))
    assert cache.get(A) is None


def test_a_refusal_is_looked_up_again_after_a_while(cache: VerdictCache, clock: HeldClock) -> None:
    cache.add_refusal(A, Refused(Reason.UNKNOWN), "a")
    clock.move(timedelta(seconds=59))
    assert cache.refusal(A) == Refused(Reason.UNKNOWN)
    clock.move(timedelta(seconds=1))
    assert cache.refusal(A) is None


def test_a_change_of_a_key_invalidates_all_its_tokens_and_no_others(cache: VerdictCache) -> None:
    cache.add(A, verified(key_id="key_1"))
    cache.add(fingerprint(b"a2"), verified(key_id="key_1"))
    cache.add_refusal(fingerprint(b"a3"), Refused(Reason.EXPIRED, "key_1"), "a3")
    cache.add(B, verified(key_id="key_2"))
    cache.apply([FeedEntry("key_1", None)])
    assert cache.get(A) is cache.get(fingerprint(b"a2")) is None
    assert cache.refusal(fingerprint(b"a3")) is None
    assert cache.get(B)


def test_a_new_secret_invalidates_the_refusal_of_its_token(cache: VerdictCache) -> None:
    cache.add_refusal(A, Refused(Reason.UNKNOWN), "public")
    cache.apply([FeedEntry("key_new", "public")])
    assert cache.refusal(A) is None


def test_a_change_of_everything_clears_the_cache(cache: VerdictCache) -> None:
    cache.add(A, verified())
    cache.add_refusal(B, Refused(Reason.UNKNOWN), "b")
    cache.apply([EVERYTHING])
    assert (cache.get(A), cache.refusal(B), len(cache)) == (None, None, 0)


def test_a_fence_invalidates_nothing(cache: VerdictCache) -> None:
    cache.add(A, verified())
    cache.apply([FeedEntry(None, None, "fnc_1")])
    assert cache.get(A)


def test_a_read_knows_whether_its_key_changed_meanwhile(cache: VerdictCache) -> None:
    before = cache.position
    cache.apply([FeedEntry("key_1", "public_1")])
    between = cache.position
    cache.apply([FeedEntry("key_2", None)])
    assert cache.changed_since(before, "key_1")
    assert cache.changed_since(before, "public_1", None)
    assert not cache.changed_since(between, "key_1", "public_1")
    assert cache.changed_since(between, "public_3", "key_2")
    assert not cache.changed_since(cache.position, "key_2")
    cache.clear()
    assert cache.changed_since(between, "key_9")


def test_of_very_many_changes_none_is_overlooked(
    cache: VerdictCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.cache.verdict_cache._RECENT_MAX", 5)
    before = cache.position
    cache.apply(FeedEntry(f"key_{number}", None) for number in range(20))
    assert cache.changed_since(before, "key_0")
    assert cache.changed_since(before, "key_unchanged")  # not known any more, so it may have
    assert not cache.changed_since(cache.position, "key_19")


def test_it_stays_within_its_size_and_keeps_what_is_used(cache: VerdictCache) -> None:
    cached = cache.add(A, verified(key_id="key_used"))
    for number in range(100):
        cached.count += 1
        cache.add(fingerprint(b"%d" % number), verified(key_id=f"key_{number}"))
        cache.add_refusal(fingerprint(b"r%d" % number), Refused(Reason.UNKNOWN), f"r{number}")
    assert len(cache) == 10
    assert cache.get(A)
    assert sum(cache.refusal(fingerprint(b"r%d" % n)) is not None for n in range(100)) == 3


def test_nothing_is_left_of_what_was_dropped(cache: VerdictCache) -> None:
    for number in range(200):
        cache.add(fingerprint(b"%d" % number), verified(key_id=f"key_{number}"))
        refused = Refused(Reason.REVOKED, f"gone_{number}")
        cache.add_refusal(fingerprint(b"r%d" % number), refused, f"r{number}")
    assert len(cache._index) == 10 + 3 * 2


STEPS = st.lists(
    st.tuples(st.sampled_from("kfcep"), st.integers(0, 3), st.integers(0, 5)), max_size=40
)


@given(STEPS)
def test_it_never_knows_what_was_changed_since(steps: list[tuple[str, int, int]]) -> None:
    """Against a plain model: token t belongs to key t % 4; changed keys are not cached."""
    cache = VerdictCache(HeldClock(NOON), max_keys=5, max_refused=5)
    cache.valid_until(inf)
    cached: set[int] = set()
    for step, key, token in steps:
        key = token % 4 if step in "kf" else key
        mark = fingerprint(b"%d" % token)
        if step == "k":
            cache.add(mark, verified(key_id=f"key_{key}"))
            cached.add(token)
        elif step == "f":
            cache.add_refusal(mark, Refused(Reason.REVOKED, f"key_{key}"), f"public_{token}")
        elif step == "e":
            cache.apply([EVERYTHING])
            cached.clear()
        else:
            cache.apply([FeedEntry(f"key_{key}" if step == "c" else None, f"public_{token}")])
            cached -= {each for each in cached if step == "c" and each % 4 == key}
        assert {t for t in range(6) if cache.get(fingerprint(b"%d" % t))} <= cached

"""What is remembered, for how long it is believed, and that every change is forgotten."""

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
def memory(clock: HeldClock) -> VerdictCache:
    made = VerdictCache(clock, most=10, most_refused=3)
    made.valid_until(inf)
    return made


def test_nothing_is_believed_without_proof(clock: HeldClock) -> None:
    memory = VerdictCache(clock)
    memory.keep(A, verified())
    memory.keep_refusal(B, Refused(Reason.UNKNOWN), "b")
    assert (memory.get(A), memory.refusal(B), memory.believed) == (None, None, False)
    memory.valid_until(2.0)
    assert memory.get(A)
    assert memory.refusal(B)
    clock.move(timedelta(seconds=2))
    assert (memory.get(A), memory.refusal(B), memory.believed) == (None, None, False)


def test_a_remembered_answer_never_outlives_the_token(
    memory: VerdictCache, clock: HeldClock
) -> None:
    memory.keep(A, verified(ends_at=NOON + timedelta(seconds=5)))
    clock.move(timedelta(seconds=5) - timedelta(microseconds=1))
    assert memory.get(A)
    clock.move(timedelta(microseconds=1))
    assert memory.get(A) is None


def test_a_refusal_is_looked_at_anew_after_a_while(memory: VerdictCache, clock: HeldClock) -> None:
    memory.keep_refusal(A, Refused(Reason.UNKNOWN), "a")
    clock.move(timedelta(seconds=59))
    assert memory.refusal(A) == Refused(Reason.UNKNOWN)
    clock.move(timedelta(seconds=1))
    assert memory.refusal(A) is None


def test_a_change_of_a_key_forgets_all_its_tokens_and_no_others(memory: VerdictCache) -> None:
    memory.keep(A, verified(key_id="key_1"))
    memory.keep(fingerprint(b"a2"), verified(key_id="key_1"))
    memory.keep_refusal(fingerprint(b"a3"), Refused(Reason.EXPIRED, "key_1"), "a3")
    memory.keep(B, verified(key_id="key_2"))
    memory.apply([FeedEntry("key_1", None)])
    assert memory.get(A) is memory.get(fingerprint(b"a2")) is None
    assert memory.refusal(fingerprint(b"a3")) is None
    assert memory.get(B)


def test_a_new_secret_forgets_that_its_token_was_unknown(memory: VerdictCache) -> None:
    memory.keep_refusal(A, Refused(Reason.UNKNOWN), "public")
    memory.apply([FeedEntry("key_new", "public")])
    assert memory.refusal(A) is None


def test_a_change_of_everything_forgets_everything(memory: VerdictCache) -> None:
    memory.keep(A, verified())
    memory.keep_refusal(B, Refused(Reason.UNKNOWN), "b")
    memory.apply([EVERYTHING])
    assert (memory.get(A), memory.refusal(B), len(memory)) == (None, None, 0)


def test_a_fence_forgets_nothing(memory: VerdictCache) -> None:
    memory.keep(A, verified())
    memory.apply([FeedEntry(None, None, "fnc_1")])
    assert memory.get(A)


def test_a_read_knows_whether_its_key_changed_meanwhile(memory: VerdictCache) -> None:
    before = memory.position
    memory.apply([FeedEntry("key_1", "public_1")])
    between = memory.position
    memory.apply([FeedEntry("key_2", None)])
    assert memory.changed_since(before, "key_1")
    assert memory.changed_since(before, "public_1", None)
    assert not memory.changed_since(between, "key_1", "public_1")
    assert memory.changed_since(between, "public_3", "key_2")
    assert not memory.changed_since(memory.position, "key_2")
    memory.forget_everything()
    assert memory.changed_since(between, "key_9")


def test_of_very_many_changes_none_is_overlooked(
    memory: VerdictCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.cache.verdict_cache._RECENT_MAX", 5)
    before = memory.position
    memory.apply(FeedEntry(f"key_{number}", None) for number in range(20))
    assert memory.changed_since(before, "key_0")
    assert memory.changed_since(before, "key_unchanged")  # not known any more, so it may have
    assert not memory.changed_since(memory.position, "key_19")


def test_it_stays_within_its_size_and_keeps_what_is_used(memory: VerdictCache) -> None:
    known = memory.keep(A, verified(key_id="key_used"))
    for number in range(100):
        known.count += 1
        memory.keep(fingerprint(b"%d" % number), verified(key_id=f"key_{number}"))
        memory.keep_refusal(fingerprint(b"r%d" % number), Refused(Reason.UNKNOWN), f"r{number}")
    assert len(memory) == 10
    assert memory.get(A)
    assert sum(memory.refusal(fingerprint(b"r%d" % n)) is not None for n in range(100)) == 3


def test_nothing_is_left_of_what_was_dropped(memory: VerdictCache) -> None:
    for number in range(200):
        memory.keep(fingerprint(b"%d" % number), verified(key_id=f"key_{number}"))
        refused = Refused(Reason.REVOKED, f"gone_{number}")
        memory.keep_refusal(fingerprint(b"r%d" % number), refused, f"r{number}")
    assert len(memory._about) == 10 + 3 * 2


STEPS = st.lists(
    st.tuples(st.sampled_from("kfcep"), st.integers(0, 3), st.integers(0, 5)), max_size=40
)


@given(STEPS)
def test_it_never_knows_what_was_changed_since(steps: list[tuple[str, int, int]]) -> None:
    """Against a plain model: token t belongs to key t % 4; changed keys are known by nobody."""
    memory = VerdictCache(HeldClock(NOON), most=5, most_refused=5)
    memory.valid_until(inf)
    known: set[int] = set()
    for step, key, token in steps:
        key = token % 4 if step in "kf" else key
        mark = fingerprint(b"%d" % token)
        if step == "k":
            memory.keep(mark, verified(key_id=f"key_{key}"))
            known.add(token)
        elif step == "f":
            memory.keep_refusal(mark, Refused(Reason.REVOKED, f"key_{key}"), f"public_{token}")
        elif step == "e":
            memory.apply([EVERYTHING])
            known.clear()
        else:
            memory.apply([FeedEntry(f"key_{key}" if step == "c" else None, f"public_{token}")])
            known -= {each for each in known if step == "c" and each % 4 == key}
        assert {t for t in range(6) if memory.get(fingerprint(b"%d" % t))} <= known

"""Refusals are logged once for each kind, then summed, in bounded memory, and none is lost."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.base.gateway_log import GatewayLog
from gateway.base.refusal_sums import KINDS_MAX, MANY, NETWORKS_MAX, Kind, RefusalSums
from runtime.clock import HeldClock
from tests.gateway.fakes import NOON, REVOKED, STRANGER, Harness, lines


def _refuse(
    log: GatewayLog, times: int, reason: str = "unknown", *, key_id: str | None = None, net: int = 0
) -> None:
    for _ in range(times):
        log.refused(
            reason, endpoint="/authz", source=f"10.{net}.0.1", network=f"10.{net}.0.0/16",
            key_id=key_id,
        )  # fmt: skip


def _said(caplog: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    written: list[tuple[object, ...]] = [
        (line["event"], line["reason"], line["key_id"], line.get("more"), line.get("seconds"))
        for line in lines(caplog.records)
    ]
    caplog.clear()
    return written


def test_the_first_of_a_kind_is_written_at_once_and_the_rest_in_sums(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = HeldClock(NOON)
    log = GatewayLog(clock)
    _refuse(log, 4_313)
    _refuse(log, 1, "revoked", key_id="key_4")
    first = [("refused", "unknown", None, None, None), ("refused", "revoked", "key_4", None, None)]
    assert _said(caplog) == first
    clock.move(timedelta(seconds=9))
    log.sum_up()
    assert _said(caplog) == []
    clock.move(timedelta(seconds=1))
    log.sum_up()
    assert _said(caplog) == [("refused_more", "unknown", None, 4_312, 10.0)]
    _refuse(log, 2)
    # The other kind was silent for ten seconds, so it is new.
    _refuse(log, 1, "revoked", key_id="key_4")
    assert _said(caplog) == [("refused", "revoked", "key_4", None, None)]
    clock.move(timedelta(seconds=12))
    log.sum_up()
    assert _said(caplog) == [("refused_more", "unknown", None, 2, 12.0)]


def test_keys_reasons_and_networks_are_told_apart(caplog: pytest.LogCaptureFixture) -> None:
    log = GatewayLog(HeldClock(NOON))
    for _ in range(2):
        _refuse(log, 1, "revoked", key_id="key_1")
        _refuse(log, 1, "revoked", key_id="key_2")
        _refuse(log, 1, "network", key_id="key_1")
        _refuse(log, 1, "revoked", key_id="key_1", net=1)
    assert len(_said(caplog)) == 4


def test_a_sum_says_which_network_and_has_the_remedy(caplog: pytest.LogCaptureFixture) -> None:
    log = GatewayLog(HeldClock(NOON))
    _refuse(log, 3, "revoked", key_id="key_1", net=7)
    log.sum_up(finally_=True)
    first, more = lines(caplog.records)
    assert more["network"] == "10.7.0.0/16"
    assert more["remedy"] == first["remedy"]


REFUSALS = st.tuples(
    st.sampled_from([None, "key_1", "key_2"]), st.sampled_from(["unknown", "revoked"]),
    st.integers(0, 40),
)  # fmt: skip


@given(st.lists(st.one_of(REFUSALS, st.just("sweep")), max_size=200))
def test_every_refusal_is_a_line_or_part_of_a_sum(steps: list[tuple[str, str, int] | str]) -> None:
    clock = HeldClock(NOON)
    sums = RefusalSums(clock.monotonic)
    written: Counter[tuple[str | None, str]] = Counter()
    happened: Counter[tuple[str | None, str]] = Counter()
    for step in steps:
        if isinstance(step, str):
            clock.move(timedelta(seconds=4))
            for each in sums.due():
                written[each.kind[:2]] += each.more
        else:
            key_id, reason, network = step
            happened[key_id, reason] += 1
            written[key_id, reason] += sums.count(Kind(key_id, reason, str(network)))
    for each in sums.due(all_of_them=True):
        written[each.kind[:2]] += each.more
    assert written == happened


def test_a_flood_from_everywhere_is_bounded_and_hides_no_other_key() -> None:
    clock = HeldClock(NOON)
    sums = RefusalSums(clock.monotonic)
    lines_written = sum(sums.count(Kind(None, "unknown", str(n))) for n in range(100_000))
    assert lines_written == NETWORKS_MAX + 1
    assert sums.count(Kind("key_9", "revoked", "10.0.0.0/16"))
    lines_written = sum(sums.count(Kind(f"key_{n}", "network", "x")) for n in range(100_000))
    assert lines_written < KINDS_MAX + 2
    assert len(sums) <= KINDS_MAX + 2
    assert sums.count(Kind(MANY, "revoked", "10.0.0.0/16"))
    clock.move(timedelta(seconds=11))
    total = sum(each.more for each in sums.due())
    assert total + lines_written + NETWORKS_MAX + 1 == 200_000
    clock.move(timedelta(seconds=11))
    assert list(sums.due()) == []
    assert len(sums) == 0
    assert not sums._networks


def test_metrics_count_every_one_and_a_stop_loses_none(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    harness = Harness()
    for _ in range(5):
        harness.bearer(STRANGER)
    for _ in range(3):
        harness.bearer(REVOKED)
    text = harness.app._services.metrics.text().decode()
    assert 'verifications_total{outcome="unknown"} 5.0' in text
    assert 'verifications_total{outcome="revoked"} 3.0' in text
    harness.app.close()
    events = [
        (line["event"], line.get("reason"), line.get("more")) for line in lines(caplog.records)
    ]
    assert events == [
        ("refused", "unknown", None),
        ("refused", "revoked", None),
        ("refused_more", "unknown", 4),
        ("refused_more", "revoked", 2),
        ("stopped", None, None),
    ]

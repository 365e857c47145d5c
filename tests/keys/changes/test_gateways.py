"""Gateways announce themselves, confirm, fall silent and stop; who revokes learns how it stands."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import delete, func, insert, select

from keys.base.models import KeyView
from keys.changes import gateways, propagation
from keys.changes.authorization import Caller
from keys.changes.operation import Outcome, execute
from keys.changes.propagation import Propagation
from keys.lifecycle.revoke import revoke_key
from keys.operations import Limit
from storage import reading
from storage.tables import ChangeRow, Confirmation, Gateway
from storage.triggers import KEPT
from tests.keys.conftest import ALICE, Domain

SECOND = timedelta(seconds=1)


def _announce(domain: Domain, *names: str) -> None:
    for name in names:
        domain.write(
            lambda s, name=name: gateways.announce(s, f"gw_{name}", name, domain.clock.now())
        )


def _confirm(domain: Domain, name: str, fence: str) -> None:
    domain.write(lambda s: gateways.confirm(s, f"gw_{name}", [fence], domain.clock.now()))


def _look(domain: Domain, fence: str) -> gateways.Confirmed:
    with reading(domain.engine) as session:
        return gateways.look(session, fence, domain.clock.now())


def _set_fence(domain: Domain) -> str:
    fence = gateways.new_fence()
    domain.write(lambda s: gateways.set_fence(s, fence))
    return fence


def _revoke(domain: Domain, key: KeyView) -> str | None:
    with domain.change(ALICE) as change:
        revoke_key(change, key.id)
    return change.effects.fence


def test_a_revocation_sets_a_fence_after_its_changes(domain: Domain) -> None:
    key, _ = domain.issue()
    fence = _revoke(domain, key)
    assert fence is not None
    with reading(domain.engine) as session:
        last, before = session.exec(select(ChangeRow).order_by(ChangeRow.id.desc()).limit(2))  # type: ignore[union-attr]
    assert (last.fence, last.key_id) == (fence, None)
    assert (before.fence, before.key_id) == (None, key.id)
    assert _revoke(domain, key) is None


def test_who_has_confirmed_is_not_waited_for(domain: Domain) -> None:
    _announce(domain, "one", "two")
    fence = _set_fence(domain)
    assert _look(domain, fence) == gateways.Confirmed(("one", "two"), ("one", "two"))
    _confirm(domain, "one", fence)
    assert _look(domain, fence).waiting == ("two",)
    _confirm(domain, "two", fence)
    assert _look(domain, fence).by_all


def test_who_has_stopped_or_was_replaced_or_is_long_silent_is_not_waited_for(
    domain: Domain,
) -> None:
    _announce(domain, "stopped", "replaced", "silent", "there")
    domain.write(lambda s: gateways.stopped(s, "gw_stopped", domain.clock.now()))
    now = domain.clock.now()
    domain.write(lambda s: gateways.announce(s, "gw_new", "replaced", now, replaces="gw_replaced"))
    domain.clock.move(gateways.GONE_AFTER - SECOND)
    domain.write(lambda s: gateways.heartbeat(s, "gw_there", domain.clock.now()))
    fence = _set_fence(domain)
    assert _look(domain, fence).running == ("replaced", "silent", "there")
    domain.clock.move(SECOND)
    assert _look(domain, fence).running == ("there",)


def test_two_of_one_name_are_two(domain: Domain) -> None:
    for gateway_id in ("gw_a", "gw_b"):
        domain.write(
            lambda s, id_=gateway_id: gateways.announce(s, id_, "host:8321", domain.clock.now())
        )
    fence = _set_fence(domain)
    _confirm(domain, "a", fence)
    assert _look(domain, fence) == gateways.Confirmed(("host:8321",) * 2, ("host:8321",))


@pytest.mark.parametrize("prefix", ["gw_0a1b_", "gw_%", "gw_0a1__"])
def test_only_those_that_have_certainly_ended_are_replaced(domain: Domain, prefix: str) -> None:
    now = domain.clock.now()
    for gateway_id in ("gw_0a1b_x", "gw_0a1c_x", "gw_other"):
        domain.write(lambda s, id_=gateway_id: gateways.announce(s, id_, id_, now))
    domain.write(lambda s: gateways.announce(s, f"{prefix}new", "new", now, replaces=prefix))
    running = set(_look(domain, "fnc_x").running)
    ended = {"gw_0a1b_x"} if prefix == "gw_0a1b_" else set()
    assert running == {"gw_0a1b_x", "gw_0a1c_x", "gw_other", "new"} - ended


def test_a_heartbeat_finds_only_the_row_that_it_left(domain: Domain) -> None:
    first = domain.clock.now()
    _announce(domain, "one")

    def beats(last: datetime | None) -> bool:
        found: list[bool] = []
        now = domain.clock.now()
        domain.write(lambda s: found.append(gateways.heartbeat(s, "gw_one", now, last)))
        return found[0]

    domain.clock.move(SECOND)
    assert beats(first)
    # A copy of the process, and a restored row: each has another time than its last.
    assert not beats(first)
    assert beats(domain.clock.now())
    domain.write(lambda s: s.execute(delete(Gateway)))
    assert not beats(domain.clock.now())
    _announce(domain, "one")
    domain.write(lambda s: gateways.stopped(s, "gw_one", domain.clock.now()))
    assert not beats(domain.clock.now())


def test_the_newest_fences_are_found_and_confirmed_once(domain: Domain) -> None:
    _announce(domain, "one")
    fences = [_set_fence(domain) for _ in range(3)]
    _confirm(domain, "one", fences[0])
    with reading(domain.engine) as session:
        assert gateways.newest_fences(session) == fences[::-1]
    for _ in range(2):
        for fence in fences:
            _confirm(domain, "one", fence)
    assert all(_look(domain, fence).by_all for fence in fences)


def test_old_notes_are_swept_and_new_ones_stay(domain: Domain) -> None:
    _announce(domain, "old")
    fence = _set_fence(domain)
    _confirm(domain, "old", fence)
    changes = [{"key_id": "key_x"}] * KEPT
    domain.write(lambda s: s.execute(insert(ChangeRow), changes))
    domain.clock.move(timedelta(days=2))
    _announce(domain, "new")
    domain.write(lambda s: gateways.purge(s, domain.clock.now()))
    with reading(domain.engine) as session:
        assert [row.name for row in session.exec(select(Gateway))] == ["new"]
        assert session.exec(select(Confirmation)).all() == []
        assert session.exec(select(func.count()).select_from(ChangeRow)).one() == KEPT


def test_watching_ends_when_the_last_has_confirmed(domain: Domain) -> None:
    _announce(domain, "one", "two")
    fence = _set_fence(domain)
    _confirm(domain, "one", fence)
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        domain.clock.move(timedelta(seconds=seconds))
        if len(looks) == 3:
            _confirm(domain, "two", fence)

    since = domain.clock.monotonic()
    spread = propagation.watch(
        domain.engine, domain.clock, fence, for_seconds=1, since=since, sleep=sleep
    )
    assert (spread.running, spread.waiting, len(looks)) == (2, (), 3)
    assert spread.seconds == pytest.approx(sum(looks))
    assert propagation.describe(spread).startswith("2 of 2 gateways confirmed in ")


def test_watching_ends_when_the_time_is_up_and_names_who_is_silent(domain: Domain) -> None:
    _announce(domain, "one", "two")
    fence = _set_fence(domain)
    _confirm(domain, "one", fence)
    spread = propagation.watch(
        domain.engine,
        domain.clock,
        fence,
        for_seconds=1,
        since=domain.clock.monotonic(),
        sleep=lambda seconds: domain.clock.move(timedelta(seconds=seconds)),
    )
    assert (spread.waiting, spread.confirmed) == (("two",), 1)
    assert "1 of 2 gateways confirmed. two has not answered for 1." in propagation.describe(spread)


@pytest.mark.parametrize(
    ("spread", "words"),
    [
        (Propagation(0, (), 0), propagation.NONE_KNOWN),
        (Propagation(1, (), 0.0412), "1 of 1 gateway confirmed in 41 ms."),
        (Propagation(3, (), 1.26), "3 of 3 gateways confirmed in 1.3 s."),
        (
            Propagation(3, ("a", "b"), 1),
            "1 of 3 gateways confirmed. a and b have not answered for 1.0 s.",
        ),
    ],
)
def test_in_words(spread: Propagation, words: str) -> None:
    assert propagation.describe(spread) == words


def test_limits_are_recorded_and_told(domain: Domain) -> None:
    key, _ = domain.issue()

    def limit(rate: str, *networks: str) -> Outcome[KeyView]:
        operation = Limit(key=key.id, rate_limit=rate, networks=networks)
        return execute(domain.services, Caller.operator("test"), operation)

    first = limit("100/minute", "10.0.0.0/8")
    assert (first.value.rate_limit, first.value.networks) == ("100/minute", ("10.0.0.0/8",))
    assert first.propagation is not None
    assert not limit("100/minute", "10.0.0.0/8").changed
    assert limit("").value.rate_limit == ""

"""A request is decided once, by somebody else, and is open again if its token did not arrive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from keys.access_requests import requests
from keys.access_requests.requests import OPEN_FOR, OPEN_MOST, RequestView
from keys.base.actors import Actor
from keys.base.errors import (
    DuplicateRequest,
    InvalidName,
    InvalidScopes,
    InvalidState,
    KeyNotFound,
    NameTaken,
    ReasonMissing,
)
from keys.base.models import RequestStage as Stage
from keys.base.models import State
from keys.base.policy import DeliveryWay
from keys.changes import audit_log
from keys.changes.change import SYSTEM, within
from keys.credentials.verification import Verified
from keys.lifecycle.create import PendingKey, activate_key, cancel_key
from keys.search import search
from storage import reading, writing
from tests.keys.conftest import ALICE, BOB, LEASE, Domain

CAROL = Actor.person("U0CAROL")
_numbers = count(1)


def ask(house: Domain, name: str = "Zapier, production", **changes: Any) -> RequestView:
    values: dict[str, Any] = {
        "name": name,
        "scopes": ("read",),
        "reason": "For invoices",
        "idempotency_key": f"sub_{next(_numbers)}",
    }
    with writing(house.engine, house.account) as session:
        return requests.ask(within(house.service, session, SYSTEM), CAROL.id, **(values | changes))


def approve(house: Domain, request: RequestView, actor: Actor = ALICE) -> PendingKey | None:
    with writing(house.engine, house.account) as session:
        return requests.approve(
            within(house.service, session, actor),
            request.id,
            delivery_deadline=LEASE,
            method=DeliveryWay.DM,
            expires_at=None,
        )


def approved(house: Domain, request: RequestView) -> PendingKey:
    made = approve(house, request)
    assert made is not None
    return made


def deny(house: Domain, request: RequestView, actor: Actor = ALICE, why: str = "") -> bool:
    with writing(house.engine, house.account) as session:
        return requests.deny(within(house.service, session, actor), request.id, why)


def withdraw(house: Domain, request: RequestView, actor: Actor = CAROL) -> bool:
    with writing(house.engine, house.account) as session:
        return requests.withdraw(
            within(house.service, session, actor),
            request.id,
        )


def seen(house: Domain, request: RequestView) -> RequestView:
    with reading(house.engine, house.account) as session:
        return requests.get(session, request.id)


def deliver(house: Domain, made: PendingKey) -> None:
    with writing(house.engine, house.account) as session:
        activate_key(within(house.service, session, ALICE), made.delivery_id, None)


def kinds(house: Domain, key_id: str) -> list[str]:
    with reading(house.engine, house.account) as session:
        assert audit_log.verify_chain(session) is None
        return [entry.kind for entry in audit_log.history(session, key_id)][::-1]


def test_the_requester_owns_the_key_and_gets_its_token(house: Domain) -> None:
    request = ask(house)
    made = approved(house, request)
    assert seen(house, request).stage is Stage.DELIVERING
    assert (made.key.owner, made.key.creator, made.key.note) == (CAROL.id, ALICE, "For invoices")
    deliver(house, made)
    after = seen(house, request)
    assert (after.stage, after.decided_by, after.key_id) == (Stage.GRANTED, ALICE, made.key.id)
    assert isinstance(house.verifier.verify(made.token.reveal()), Verified)
    assert kinds(house, made.key.id) == [
        "key.reserved", "request.approved", "key.issued", "request.granted",
    ]  # fmt: skip


def test_two_admins_decide_once(house: Domain) -> None:
    request = ask(house)
    approved(house, request)
    assert approve(house, request, BOB) is None
    assert deny(house, request, BOB) is False
    assert seen(house, request).stage is Stage.DELIVERING


def test_a_denied_request_stays_denied(house: Domain) -> None:
    request = ask(house)
    assert deny(house, request, why="Use the one that you have")
    assert deny(house, request, BOB) is False
    assert approve(house, request) is None
    after = seen(house, request)
    assert (after.stage, after.decision_reason) == (Stage.DENIED, "Use the one that you have")


@pytest.mark.parametrize("act", [approve, deny])
def test_nobody_decides_their_own(
    house: Domain, act: Callable[[Domain, RequestView, Actor], object]
) -> None:
    request = ask(house)
    with pytest.raises(InvalidState, match="your own"):
        act(house, request, CAROL)
    assert seen(house, request).stage is Stage.OPEN


def test_a_token_that_did_not_arrive_opens_the_request_again(house: Domain) -> None:
    request = ask(house)
    made = approved(house, request)
    house.write(
        lambda s: cancel_key(within(house.service, s, SYSTEM), made.key.id, "lost", tell=False)
    )
    after = seen(house, request)
    assert (after.stage, after.key_id, after.decided_by) == (Stage.OPEN, None, None)
    again = approved(house, request)
    assert again.key.id != made.key.id
    deliver(house, again)
    assert seen(house, request).stage is Stage.GRANTED


def test_an_admin_who_revokes_it_meanwhile_has_decided(house: Domain) -> None:
    request = ask(house)
    made = approved(house, request)
    house.revoke(made.key.id, BOB)
    after = seen(house, request)
    assert (after.stage, after.decided_by) == (Stage.DENIED, BOB)


def test_old_requests_close_by_themselves(house: Domain) -> None:
    request = ask(house)

    def late() -> bool:
        with reading(house.engine, house.account) as session:
            return requests.are_late(session, house.clock.now())

    house.clock.move(OPEN_FOR - timedelta(seconds=1))
    assert not late()
    house.clock.move(timedelta(seconds=1))
    assert late()
    sweep = lambda: house.write(lambda s: requests.run_due(within(house.service, s, SYSTEM)))
    assert [sweep(), sweep()] == [1, 0]
    after = seen(house, request)
    assert after.stage is Stage.CLOSED
    assert "14 days" in after.decision_reason
    assert approve(house, request) is None


def test_only_whoever_asked_takes_it_back(house: Domain) -> None:
    request = ask(house)
    with pytest.raises(KeyNotFound, match="another person"):
        withdraw(house, request, ALICE)
    assert [withdraw(house, request), withdraw(house, request)] == [True, False]
    assert approve(house, request) is None


def test_what_cannot_be_asked_is_refused(house: Domain) -> None:
    house.issue("Taken")
    for changes, error in (
        ({"name": "taken"}, NameTaken),
        ({"name": " "}, InvalidName),
        ({"reason": "  "}, ReasonMissing),
        ({"scopes": ()}, InvalidScopes),
    ):
        with pytest.raises(error):
            ask(house, **changes)
    ask(house, idempotency_key="sub_same")
    with pytest.raises(DuplicateRequest):
        ask(house, "Another", idempotency_key="sub_same")


def test_somebody_with_many_open_requests_waits(house: Domain) -> None:
    asked = [ask(house, f"Program {number}") for number in range(OPEN_MOST)]
    with pytest.raises(InvalidState, match="still open"):
        ask(house, "One more")
    withdraw(house, asked[0])
    ask(house, "One more")


def test_a_name_taken_meanwhile_is_said_at_the_approval(house: Domain) -> None:
    request = ask(house, "Zapier")
    house.issue("Zapier")
    with pytest.raises(NameTaken):
        approve(house, request)
    assert seen(house, request).stage is Stage.OPEN


def test_keys_that_nobody_asked_for_are_none_of_it(house: Domain) -> None:
    request = ask(house, "Asked for")
    key, _ = house.issue("Made without asking")
    with reading(house.engine, house.account) as session:
        assert search.get(session, key.id).state is State.ACTIVE
    assert seen(house, request).stage is Stage.OPEN

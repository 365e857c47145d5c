"""A token that is revealed: each look makes another, and the one that was claimed alone works."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from keys.base.errors import KeyNotFound, NotPossibleNow
from keys.base.models import Actor, KeyRequest, KeyView, State
from keys.base.policy import DeliveryWay
from keys.credentials.verification import Reason, Refused, Verified
from keys.delivery import reveals
from keys.delivery.reveals import CLAIMED_WITHIN, Revealed
from keys.lifecycle.create import Reservation
from keys.rotation import rotations
from storage import writing
from tests.keys.conftest import ALICE, BOB, House


def new_key(house: House) -> Reservation:
    request = KeyRequest("Zapier, production", ("read",), ALICE.id, "req_1")
    with writing(house.engine, house.account) as session:
        return house.service.reserve(
            session, request, BOB, ALICE, CLAIMED_WITHIN, DeliveryWay.REVEAL
        )


def rotation(house: House) -> Reservation:
    key, _ = house.issue()
    with writing(house.engine, house.account) as session:
        return rotations.begin(
            house.service, session, key.id, BOB, recipient=ALICE,
            grace=timedelta(hours=1), request_id="req_2", lease=CLAIMED_WITHIN,
            how=DeliveryWay.REVEAL,
        )  # fmt: skip


@pytest.fixture(params=[new_key, rotation], ids=["a new key", "a rotation"])
def made(house: House, request: pytest.FixtureRequest) -> Reservation:
    make: Callable[[House], Reservation] = request.param
    return make(house)


def reveal(house: House, made: Reservation, actor: Actor = ALICE) -> Revealed:
    with writing(house.engine, house.account) as session:
        return reveals.reveal(house.service, session, made.delivery_id, actor)


def claim(house: House, made: Reservation, shown: Revealed, actor: Actor = ALICE) -> KeyView:
    with writing(house.engine, house.account) as session:
        return reveals.claim(house.service, session, made.delivery_id, shown.public_id, actor)


def answer(house: House, token: Any) -> Any:
    return house.verifier.verify(token.reveal())


def test_it_works_once_its_person_says_that_they_have_it(house: House, made: Reservation) -> None:
    shown = reveal(house, made)
    assert answer(house, shown.token) == Refused(Reason.PENDING, made.key.id)
    for _ in range(2):
        key = claim(house, made, shown)
        assert (key.state, key.hint) == (State.ACTIVE, shown.token.hint)
    assert isinstance(answer(house, shown.token), Verified)
    assert isinstance(answer(house, made.token), Refused)
    with pytest.raises(NotPossibleNow, match="already"):
        reveal(house, made)


def test_each_look_makes_another_and_the_former_never_works(
    house: House, made: Reservation
) -> None:
    first, second = reveal(house, made), reveal(house, made)
    assert first.token.secret != second.token.secret
    assert answer(house, first.token) == Refused(Reason.UNKNOWN)
    with pytest.raises(NotPossibleNow, match="Another token was shown"):
        claim(house, made, first)
    claim(house, made, second)
    assert answer(house, first.token) == Refused(Reason.UNKNOWN)
    assert isinstance(answer(house, second.token), Verified)


def test_nobody_else_can_look_or_claim(house: House, made: Reservation) -> None:
    with pytest.raises(KeyNotFound, match="somebody else"):
        reveal(house, made, BOB)
    shown = reveal(house, made)
    with pytest.raises(KeyNotFound, match="somebody else"):
        claim(house, made, shown, BOB)
    assert isinstance(answer(house, shown.token), Refused)


def test_what_nobody_comes_for_ends(house: House, made: Reservation) -> None:
    shown = reveal(house, made)
    house.clock.move(CLAIMED_WITHIN)
    with writing(house.engine, house.account) as session:
        for key_id in house.service.overdue(session):
            house.service.abandon(session, key_id, "not taken", tell=True)
        for delivery in rotations.overdue(session, house.clock.now()):
            rotations.abandon(house.service, session, delivery, "not taken", tell=True)
    with pytest.raises(NotPossibleNow, match="is over"):
        reveal(house, made)
    with pytest.raises(NotPossibleNow, match="is over"):
        claim(house, made, shown)
    assert isinstance(answer(house, shown.token), Refused)


def test_a_token_that_was_sent_cannot_be_revealed(house: House) -> None:
    sent = house.reserve()
    with pytest.raises(KeyNotFound):
        reveal(house, sent)

"""A token that is revealed: each look makes another, and the one that was claimed alone works."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from keys.base.actors import Actor
from keys.base.errors import InvalidState, KeyNotFound
from keys.base.models import KeyRequest, KeyView, State
from keys.base.policy import DeliveryWay
from keys.changes.change import SYSTEM, within
from keys.credentials.verification import Reason, Refused, Verified
from keys.delivery import reveals
from keys.delivery.reveals import CLAIMED_WITHIN, RevealedToken
from keys.lifecycle.create import PendingKey, cancel_key, create_pending_key, expired_pending
from keys.rotation import rotations
from storage import writing
from tests.keys.conftest import ALICE, BOB, Domain


def new_key(house: Domain) -> PendingKey:
    request = KeyRequest("Zapier, production", ("read",), ALICE.id, "req_1")
    with writing(house.engine, house.account) as session:
        return create_pending_key(
            within(house.service, session, BOB), request, ALICE, CLAIMED_WITHIN, DeliveryWay.REVEAL
        )


def rotation(house: Domain) -> PendingKey:
    key, _ = house.issue()
    with writing(house.engine, house.account) as session:
        return rotations.begin(
            within(house.service, session, BOB), key.id, recipient=ALICE,
            grace=timedelta(hours=1), idempotency_key="req_2", delivery_deadline=CLAIMED_WITHIN,
            method=DeliveryWay.REVEAL,
        )  # fmt: skip


@pytest.fixture(params=[new_key, rotation], ids=["a new key", "a rotation"])
def made(house: Domain, request: pytest.FixtureRequest) -> PendingKey:
    make: Callable[[Domain], PendingKey] = request.param
    return make(house)


def reveal(house: Domain, made: PendingKey, actor: Actor = ALICE) -> RevealedToken:
    with writing(house.engine, house.account) as session:
        return reveals.reveal(
            within(house.service, session, actor),
            made.delivery_id,
        )


def claim(house: Domain, made: PendingKey, shown: RevealedToken, actor: Actor = ALICE) -> KeyView:
    with writing(house.engine, house.account) as session:
        return reveals.claim(
            within(house.service, session, actor),
            made.delivery_id,
            shown.public_id,
        )


def answer(house: Domain, token: Any) -> Any:
    return house.verifier.verify(token.reveal())


def test_it_works_once_its_person_says_that_they_have_it(house: Domain, made: PendingKey) -> None:
    shown = reveal(house, made)
    assert answer(house, shown.token) == Refused(Reason.PENDING, made.key.id)
    for _ in range(2):
        key = claim(house, made, shown)
        assert (key.state, key.hint) == (State.ACTIVE, shown.token.hint)
    assert isinstance(answer(house, shown.token), Verified)
    assert isinstance(answer(house, made.token), Refused)
    with pytest.raises(InvalidState, match="already"):
        reveal(house, made)


def test_each_look_makes_another_and_the_former_never_works(
    house: Domain, made: PendingKey
) -> None:
    first, second = reveal(house, made), reveal(house, made)
    assert first.token.secret != second.token.secret
    assert answer(house, first.token) == Refused(Reason.UNKNOWN)
    with pytest.raises(InvalidState, match="Another token was shown"):
        claim(house, made, first)
    claim(house, made, second)
    assert answer(house, first.token) == Refused(Reason.UNKNOWN)
    assert isinstance(answer(house, second.token), Verified)


def test_nobody_else_can_look_or_claim(house: Domain, made: PendingKey) -> None:
    with pytest.raises(KeyNotFound, match="somebody else"):
        reveal(house, made, BOB)
    shown = reveal(house, made)
    with pytest.raises(KeyNotFound, match="somebody else"):
        claim(house, made, shown, BOB)
    assert isinstance(answer(house, shown.token), Refused)


def test_what_nobody_comes_for_ends(house: Domain, made: PendingKey) -> None:
    shown = reveal(house, made)
    house.clock.move(CLAIMED_WITHIN)
    with writing(house.engine, house.account) as session:
        for key_id in expired_pending(session, house.clock.now()):
            cancel_key(within(house.service, session, SYSTEM), key_id, "not taken", tell=True)
        for delivery in rotations.expired_pending(session, house.clock.now()):
            rotations.cancel(
                within(house.service, session, SYSTEM), delivery, "not taken", tell=True
            )
    with pytest.raises(InvalidState, match="is over"):
        reveal(house, made)
    with pytest.raises(InvalidState, match="is over"):
        claim(house, made, shown)
    assert isinstance(answer(house, shown.token), Refused)


def test_a_token_that_was_sent_cannot_be_revealed(house: Domain) -> None:
    sent = house.reserve()
    with pytest.raises(KeyNotFound):
        reveal(house, sent)

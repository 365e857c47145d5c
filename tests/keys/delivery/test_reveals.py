"""A token that is revealed: each look makes another, and the one that was claimed alone works."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from keys.base.actors import Actor
from keys.base.errors import DeliveryExpired, InvalidState, KeyNotFound, NotAllowed
from keys.base.models import KeyRequest, KeyView, State
from keys.base.policy import DeliveryWay
from keys.changes.authorization import Caller
from keys.changes.operation import execute
from keys.credentials.verification import Reason, Refused, Verified
from keys.delivery import deliveries
from keys.delivery.completion import CLAIMED_WITHIN, cancel, complete, expired
from keys.delivery.deliveries import DeliveryState
from keys.delivery.operations import Claim, Reveal
from keys.delivery.reveals import RevealedToken
from keys.lifecycle.create import PendingKey, create_pending_key
from keys.rotation.start import begin_rotation
from storage import reading
from tests.keys.conftest import ALICE, BOB, Domain


def new_key(domain: Domain) -> PendingKey:
    request = KeyRequest("Zapier, production", ("read",), ALICE.id, "req_1")
    with domain.change(BOB) as made:
        return create_pending_key(made, request, ALICE, CLAIMED_WITHIN, DeliveryWay.REVEAL)


def rotation(domain: Domain) -> PendingKey:
    key, _ = domain.issue()
    with domain.change(BOB) as made:
        return begin_rotation(
            made, key.id, recipient=ALICE,
            grace=timedelta(hours=1), idempotency_key="req_2", delivery_deadline=CLAIMED_WITHIN,
            method=DeliveryWay.REVEAL,
        )  # fmt: skip


@pytest.fixture(params=[new_key, rotation], ids=["a new key", "a rotation"])
def made(domain: Domain, request: pytest.FixtureRequest) -> PendingKey:
    make: Callable[[Domain], PendingKey] = request.param
    return make(domain)


def reveal(domain: Domain, made: PendingKey, actor: Actor = ALICE) -> RevealedToken:
    return execute(domain.services, Caller(actor), Reveal(delivery=made.delivery_id)).value


def claim(domain: Domain, made: PendingKey, shown: RevealedToken, actor: Actor = ALICE) -> KeyView:
    operation = Claim(delivery=made.delivery_id, public_id=shown.public_id)
    return execute(domain.services, Caller(actor), operation, wait=0).value


def answer(domain: Domain, token: Any) -> Any:
    return domain.verifier.verify(token.reveal())


def test_it_works_once_its_person_says_that_they_have_it(domain: Domain, made: PendingKey) -> None:
    shown = reveal(domain, made)
    assert answer(domain, shown.token) == Refused(Reason.PENDING, made.key.id)
    for _ in range(2):
        key = claim(domain, made, shown)
        assert (key.state, key.hint) == (State.ACTIVE, shown.token.hint)
    assert isinstance(answer(domain, shown.token), Verified)
    assert isinstance(answer(domain, made.token), Refused)
    with pytest.raises(InvalidState, match="already"):
        reveal(domain, made)


def test_each_look_makes_another_and_the_former_never_works(
    domain: Domain, made: PendingKey
) -> None:
    first, second = reveal(domain, made), reveal(domain, made)
    assert first.token.secret != second.token.secret
    assert answer(domain, first.token) == Refused(Reason.UNKNOWN)
    with pytest.raises(InvalidState, match="A newer token was shown"):
        claim(domain, made, first)
    claim(domain, made, second)
    assert answer(domain, first.token) == Refused(Reason.UNKNOWN)
    assert isinstance(answer(domain, second.token), Verified)


def test_nobody_else_can_look_or_claim(domain: Domain, made: PendingKey) -> None:
    with pytest.raises(NotAllowed, match="another person"):
        reveal(domain, made, BOB)
    shown = reveal(domain, made)
    with pytest.raises(NotAllowed, match="another person"):
        claim(domain, made, shown, BOB)
    assert isinstance(answer(domain, shown.token), Refused)


def test_what_nobody_comes_for_ends(domain: Domain, made: PendingKey) -> None:
    shown = reveal(domain, made)
    domain.clock.move(CLAIMED_WITHIN)
    with reading(domain.engine, domain.account) as session:
        late = expired(session, domain.clock.now())
    assert list(late) == [made.delivery_id]
    with domain.change(Actor.system("timer")) as done:
        cancel(done, made.delivery_id, late[made.delivery_id], tell=True)
    with reading(domain.engine, domain.account) as session:
        assert expired(session, domain.clock.now()) == {}
    with pytest.raises(InvalidState, match="not collected in time"):
        reveal(domain, made)
    with pytest.raises(InvalidState, match="not collected in time"):
        claim(domain, made, shown)
    assert isinstance(answer(domain, shown.token), Refused)


def test_a_token_that_was_sent_cannot_be_revealed(domain: Domain) -> None:
    sent = domain.reserve()
    with pytest.raises(KeyNotFound):
        reveal(domain, sent)


def state(domain: Domain, made: PendingKey) -> DeliveryState:
    with reading(domain.engine, domain.account) as session:
        return deliveries.get(session, made.delivery_id).state


def test_a_delivery_says_how_far_its_token_has_come(domain: Domain, made: PendingKey) -> None:
    assert state(domain, made) is DeliveryState.PENDING
    with domain.change(BOB) as done:
        complete(done, made.delivery_id, timedelta(minutes=15))
    assert state(domain, made) is DeliveryState.DELIVERED
    with domain.change(ALICE) as done:
        assert deliveries.record_removed(done, made.delivery_id)
    assert state(domain, made) is DeliveryState.REMOVED


def test_a_cancelled_token_never_works(domain: Domain, made: PendingKey) -> None:
    with domain.change(BOB) as done:
        assert cancel(done, made.delivery_id, "lost", tell=False).state is DeliveryState.CANCELLED
    with pytest.raises(DeliveryExpired), domain.change(BOB) as done:
        complete(done, made.delivery_id, None)
    assert state(domain, made) is DeliveryState.CANCELLED


def test_a_token_that_works_is_not_cancelled_by_an_answer_that_was_lost(
    domain: Domain, made: PendingKey
) -> None:
    shown = reveal(domain, made)
    claim(domain, made, shown)
    with domain.change(BOB) as done:
        assert cancel(done, made.delivery_id, "lost", tell=False).sent_at == domain.clock.now()
    assert isinstance(answer(domain, shown.token), Verified)


def test_a_key_that_is_revoked_cancels_the_token_on_its_way(
    domain: Domain, made: PendingKey
) -> None:
    domain.revoke(made.key.id)
    assert state(domain, made) is DeliveryState.CANCELLED

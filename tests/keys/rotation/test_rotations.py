"""Rotating: two tokens work for a while, then the new one alone; and never none."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from keys.base.actors import Actor
from keys.base.errors import (
    DeliveryExpired,
    DuplicateRequest,
    InvalidState,
    KeyNotFound,
    KeyRevoked,
    NotAllowed,
)
from keys.changes import audit_log, live_messages, outbox
from keys.changes.authorization import Caller, Role
from keys.changes.change import Change, change
from keys.changes.operation import Operation, execute
from keys.credentials.tokens import Token
from keys.credentials.verification import Reason, Refused, Verified
from keys.lifecycle.create import PendingKey
from keys.rotation import queries
from keys.rotation.events import MESSAGE_KIND, KeyRotated
from keys.rotation.grace import LONGEST, end_rotation, run_due
from keys.rotation.operations import EndRotation, ExtendRotation, Rotate
from keys.rotation.queries import RotationView, Stage
from keys.rotation.start import begin_rotation, cancel_rotation, start_rotation
from storage import reading, writing
from storage.tables import Account, LiveMessageRow, OutboxRow, Rotation, Secret, SecretUse
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, BOB, LEASE, Domain

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_numbers = count(1)


def begin(domain: Domain, key_id: str, grace: timedelta = DAY, **more: Any) -> PendingKey:
    values: dict[str, Any] = {
        "recipient": ALICE,
        "grace": grace,
        "idempotency_key": f"rot_{next(_numbers)}",
        "delivery_deadline": LEASE,
    }
    with domain.change(ALICE) as made:
        return begin_rotation(made, key_id, **(values | more))


def start(domain: Domain, made: PendingKey) -> None:
    with domain.change(ALICE) as done:
        start_rotation(done, made.delivery_id, timedelta(minutes=15))


def admin(actor: Actor) -> Caller:
    return Caller(actor, frozenset({Role.ADMIN}))


def rotate(domain: Domain, key_id: str, grace: timedelta = DAY) -> tuple[str, Token]:
    """Rotates; gives the rotation's id and the new token."""
    made = begin(domain, key_id, grace)
    start(domain, made)
    return seen(domain, key_id).id, made.token


def seen(domain: Domain, key_id: str) -> RotationView:
    with reading(domain.engine, domain.account) as session:
        of_key = select(Rotation.id).where(Rotation.key_id == key_id)
        newest = session.exec(of_key.order_by(col(Rotation.created_at).desc())).first()
        return queries.get(session, newest or "")


def sweep(domain: Domain) -> int:
    with domain.change(Actor.system("timer")) as made:
        return run_due(made)


def works(domain: Domain, token: Token) -> bool:
    return isinstance(domain.verifier.verify(token.reveal()), Verified)


def use(domain: Domain, token: Token, at: datetime) -> None:
    """Notes a use, as a gateway does."""
    with writing(domain.engine) as session:
        secret = session.exec(select(Secret).where(Secret.public_id == token.public_id)).one()
        session.merge(SecretUse(secret_id=secret.id, last_used_at=at, last_used_from="10.1.0.0/16"))


def told(domain: Domain, kind: str) -> list[str]:
    """Who is to be told of what happened."""
    with reading(domain.engine) as session:
        found = session.exec(select(OutboxRow).where(OutboxRow.kind == kind))
        return sorted(notice.recipient for notice in found)


def test_the_key_stays_and_both_tokens_work_until_the_end(domain: Domain) -> None:
    key, old = domain.issue()
    made = begin(domain, key.id)
    assert domain.verifier.verify(made.token.reveal()) == Refused(Reason.PENDING, key.id)
    assert works(domain, old)
    start(domain, made)
    answer = domain.verifier.verify(made.token.reveal())
    assert isinstance(answer, Verified)
    assert (answer.key_id, answer.name, answer.ends_at) == (key.id, key.name, None)
    before = domain.verifier.verify(old.reveal())
    assert isinstance(before, Verified)
    assert before.ends_at == domain.clock.now() + DAY
    domain.clock.move(DAY - timedelta(microseconds=1))
    assert works(domain, old)
    domain.clock.move(timedelta(microseconds=1))
    assert domain.verifier.verify(old.reveal()) == Refused(Reason.ENDED, key.id)
    assert works(domain, made.token)
    assert seen(domain, key.id).key.hint == made.token.hint


def test_without_grace_the_old_token_ends_at_once(domain: Domain) -> None:
    key, old = domain.issue()
    _, new = rotate(domain, key.id, timedelta())
    assert (works(domain, old), works(domain, new)) == (False, True)
    assert seen(domain, key.id).stage is Stage.ENDED
    assert sweep(domain) == 0


def test_the_old_token_never_outlives_the_key(domain: Domain) -> None:
    end = domain.clock.now() + 2 * HOUR
    key, _ = domain.issue(expires_at=end)
    rotate(domain, key.id)
    assert seen(domain, key.id).ends_at == end


def test_one_request_rotates_once_and_one_rotation_at_a_time(domain: Domain) -> None:
    key, _ = domain.issue()
    made = begin(domain, key.id, idempotency_key="req_same")
    with pytest.raises(DuplicateRequest):
        begin(domain, key.id, idempotency_key="req_same")
    with pytest.raises(InvalidState, match="Wait until its new token"):
        begin(domain, key.id)
    start(domain, made)
    with pytest.raises(InvalidState, match="two of its tokens work"):
        begin(domain, key.id)
    domain.clock.move(DAY)
    rotate(domain, key.id)
    assert seen(domain, key.id).stage is Stage.RUNNING


def test_what_cannot_be_rotated_says_why(domain: Domain) -> None:
    with pytest.raises(KeyNotFound):
        begin(domain, "key_none")
    pending = domain.reserve("Pending")
    with pytest.raises(InvalidState, match="has not been delivered yet"):
        begin(domain, pending.key.id)
    expired, _ = domain.issue("Expired", expires_at=domain.clock.now() + HOUR)
    domain.clock.move(HOUR)
    with pytest.raises(InvalidState, match="has expired"):
        begin(domain, expired.id)
    revoked, _ = domain.issue("Revoked")
    domain.revoke(revoked.id)
    with pytest.raises(KeyRevoked):
        begin(domain, revoked.id)


def test_a_token_that_did_not_arrive_leaves_everything_as_it_was(domain: Domain) -> None:
    key, old = domain.issue()
    made = begin(domain, key.id)
    domain.clock.move(LEASE)
    with reading(domain.engine, domain.account) as session:
        late = queries.expired_pending(session, domain.clock.now())
    assert late == [made.delivery_id]
    for expected in (True, False):
        with domain.change(Actor.system("timer")) as done:
            assert cancel_rotation(done, made.delivery_id, "lost", tell=True) is expected
    with pytest.raises(DeliveryExpired):
        start(domain, made)
    assert (works(domain, old), works(domain, made.token)) == (True, False)
    assert told(domain, "rotation.abandoned") == [str(ALICE)]
    assert seen(domain, key.id).key.hint == old.hint
    rotate(domain, key.id)


def test_a_key_that_is_revoked_meanwhile_gets_no_new_token(domain: Domain) -> None:
    key, old = domain.issue()
    made = begin(domain, key.id)
    domain.revoke(key.id)
    with pytest.raises(DeliveryExpired):
        start(domain, made)
    assert not works(domain, old)
    assert not works(domain, made.token)


def test_end_now_ends_once_and_both_are_told(domain: Domain) -> None:
    key, old = domain.issue(owner=BOB.id)
    rotation, new = rotate(domain, key.id)
    domain.clock.move(HOUR)

    def end() -> bool:
        return execute(
            domain.services, admin(ALICE), EndRotation(rotation=rotation), wait=0
        ).changed

    assert [end(), end()] == [True, False]
    assert (works(domain, old), works(domain, new)) == (False, True)
    assert told(domain, "rotation.ended") == sorted([str(BOB), outbox.TEAM])
    ended = seen(domain, key.id)
    assert (ended.ends_at, ended.ended_by) == (domain.clock.now(), ALICE)


def test_extending_stops_at_thirty_days_and_at_the_keys_own_end(domain: Domain) -> None:
    key, old = domain.issue()
    rotation, _ = rotate(domain, key.id)

    def extend() -> None:
        execute(domain.services, admin(BOB), ExtendRotation(rotation=rotation))

    begun = domain.clock.now()
    extend()
    assert seen(domain, key.id).ends_at == begun + 2 * DAY
    domain.clock.move(DAY + HOUR)
    assert works(domain, old)
    for _ in range(28):
        extend()
    assert seen(domain, key.id).ends_at == begun + LONGEST
    with pytest.raises(InvalidState, match="30 days"):
        extend()
    domain.clock.move(LONGEST)
    with pytest.raises(InvalidState, match="already stopped working"):
        extend()
    assert not works(domain, old)
    short, _ = domain.issue("Short", expires_at=domain.clock.now() + 2 * HOUR)
    rotation, _ = rotate(domain, short.id)
    with pytest.raises(InvalidState, match="the key itself expires"):
        extend()


def test_an_old_token_in_use_is_warned_of_an_hour_before_and_once(domain: Domain) -> None:
    key, old = domain.issue(owner=BOB.id)
    rotate(domain, key.id)
    use(domain, old, domain.clock.now() + 20 * HOUR)
    domain.clock.move(23 * HOUR - timedelta(seconds=1))
    assert sweep(domain) == 0
    domain.clock.move(timedelta(seconds=1))
    assert [sweep(domain), sweep(domain)] == [1, 0]
    # Alice was sent the old token.
    people = [str(ALICE), str(BOB), outbox.TEAM]
    assert told(domain, "rotation.still_used") == sorted(people)
    domain.clock.move(HOUR)
    assert [sweep(domain), sweep(domain)] == [1, 0]
    assert told(domain, "rotation.ended") == sorted(people)


@pytest.mark.parametrize("used", [None, timedelta(seconds=-1)])
def test_an_old_token_that_rests_is_not_warned_of(domain: Domain, used: timedelta | None) -> None:
    key, old = domain.issue()
    if used is not None:
        use(domain, old, domain.clock.now() + used)
    rotate(domain, key.id)
    domain.clock.move(23 * HOUR)
    assert sweep(domain) == 0
    assert told(domain, "rotation.still_used") == []


def test_a_short_grace_is_warned_of_at_its_half(domain: Domain) -> None:
    key, old = domain.issue()
    rotate(domain, key.id, HOUR)
    use(domain, old, domain.clock.now())
    assert sweep(domain) == 0
    domain.clock.move(HOUR / 2)
    assert sweep(domain) == 1


def test_a_bot_that_was_down_tells_of_the_end_all_the_same(domain: Domain) -> None:
    key, old = domain.issue()
    rotate(domain, key.id)
    domain.clock.move(3 * DAY)
    assert not works(domain, old)
    assert sweep(domain) == 1
    assert told(domain, "rotation.ended") == sorted([str(ALICE), outbox.TEAM])


def test_a_key_revoked_during_its_rotation_ends_it_silently(domain: Domain) -> None:
    key, _ = domain.issue()
    rotate(domain, key.id, HOUR)
    domain.revoke(key.id)
    domain.clock.move(HOUR)
    sweep(domain)
    assert seen(domain, key.id).stage is Stage.ENDED
    assert told(domain, "rotation.ended") == []


def test_the_message_follows_for_the_team_and_the_owner(domain: Domain) -> None:
    key, _ = domain.issue(owner=BOB.id)
    rotation, _ = rotate(domain, key.id)
    now, found = domain.clock.now(), []
    while one := domain.write(lambda s: live_messages.claim(s, now, LEASE)):
        found.append(one)
    about = [one for one in found if one.kind == MESSAGE_KIND]
    assert {(one.subject, one.recipient) for one in about} == {
        (rotation, outbox.TEAM),
        (rotation, str(BOB)),
    }


def test_everything_is_in_the_record(domain: Domain) -> None:
    key, _ = domain.issue()
    rotation, _ = rotate(domain, key.id)
    execute(domain.services, admin(BOB), ExtendRotation(rotation=rotation))
    execute(domain.services, admin(BOB), EndRotation(rotation=rotation), wait=0)
    with reading(domain.engine, domain.account) as session:
        history = audit_log.history(session, key.id)
        assert verify_chain(session) is None
    kinds = [entry.kind for entry in history[::-1]]
    assert kinds[-4:] == ["rotation.asked", "key.rotated", "rotation.extended", "rotation.ended"]


def test_another_accounts_rotation_is_not_there(domain: Domain) -> None:
    key, _ = domain.issue()
    rotation, _ = rotate(domain, key.id)
    other = Account(id="acc_other", workspace_id="T0OTHER", created_at=domain.clock.now())
    domain.write(lambda session: session.add(other))
    eve = Actor.person("U0EVE")
    elsewhere = replace(domain.services, account_id="acc_other")
    for act in (EndRotation, ExtendRotation):
        with pytest.raises(KeyNotFound):
            execute(elsewhere, admin(eve), act(rotation=rotation))


def test_a_grace_period_is_one_that_is_offered(domain: Domain) -> None:
    key, _ = domain.issue()
    with pytest.raises(ValidationError, match="grace period is not available"):
        Rotate(key=key.id, recipient=BOB, grace=2 * HOUR, idempotency_key="rot_odd", deadline=LEASE)


@pytest.mark.parametrize("operation", ["rotate", "end", "extend"])
def test_a_caller_who_is_no_admin_rotates_nothing(domain: Domain, operation: str) -> None:
    key, old = domain.issue()
    rotation, _ = rotate(domain, key.id)
    before = seen(domain, key.id)
    operations: dict[str, Operation[Any]] = {
        "rotate": Rotate(key=key.id, recipient=BOB, idempotency_key="rot_no", deadline=LEASE),
        "end": EndRotation(rotation=rotation),
        "extend": ExtendRotation(rotation=rotation),
    }
    with pytest.raises(NotAllowed):
        execute(domain.services, Caller(BOB), operations[operation])
    assert seen(domain, key.id) == before
    assert works(domain, old)


def test_gateways_confirm_that_an_old_token_has_ended(domain: Domain) -> None:
    key, _ = domain.issue()
    rotation, _ = rotate(domain, key.id)
    with domain.change(ALICE) as made:
        end_rotation(made, rotation)
    assert made.effects.fence is not None


def test_the_message_goes_to_the_owner_that_a_subscriber_gave_the_key(domain: Domain) -> None:
    def transfers(change: Change, event: KeyRotated) -> None:
        change.load(str(event.key_id)).owner = ALICE.id

    key, _ = domain.issue(owner=BOB.id)
    made = begin(domain, key.id)
    with change(replace(domain.services, subscribers={KeyRotated: [transfers]}), ALICE) as done:
        start_rotation(done, made.delivery_id, None)
    with reading(domain.engine, domain.account) as session:
        rows = session.exec(select(LiveMessageRow).where(LiveMessageRow.kind == MESSAGE_KIND))
        assert {row.recipient for row in rows} == {outbox.TEAM, str(ALICE)}

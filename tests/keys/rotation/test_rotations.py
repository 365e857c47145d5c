"""Rotating: two tokens work for a while, then the new one alone; and never none."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlmodel import select

from keys.base.actors import Actor
from keys.base.errors import (
    DeliveryExpired,
    DuplicateRequest,
    InvalidState,
    KeyNotFound,
    KeyRevoked,
)
from keys.changes import audit_log, live_messages, outbox
from keys.changes.change import SYSTEM, within
from keys.credentials.tokens import Token
from keys.credentials.verification import Reason, Refused, Verified
from keys.lifecycle.create import PendingKey
from keys.rotation import rotations
from keys.rotation.events import MESSAGE_KIND
from keys.rotation.rotations import LONGEST, RotationView, Stage
from storage import reading, writing
from storage.tables import Account, OutboxRow, Secret, SecretUse
from tests.keys.conftest import ALICE, BOB, LEASE, Domain

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_numbers = count(1)


def begin(house: Domain, key_id: str, grace: timedelta = DAY, **more: Any) -> PendingKey:
    values: dict[str, Any] = {
        "recipient": ALICE,
        "grace": grace,
        "idempotency_key": f"rot_{next(_numbers)}",
        "delivery_deadline": LEASE,
    }
    with writing(house.engine, house.account) as session:
        return rotations.begin(within(house.service, session, ALICE), key_id, **(values | more))


def start(house: Domain, made: PendingKey) -> None:
    with writing(house.engine, house.account) as session:
        rotations.start(
            within(house.service, session, ALICE), made.delivery_id, timedelta(minutes=15)
        )


def rotate(house: Domain, key_id: str, grace: timedelta = DAY) -> tuple[str, Token]:
    """Rotates; gives the rotation's id and the new token."""
    made = begin(house, key_id, grace)
    start(house, made)
    return seen(house, key_id).id, made.token


def seen(house: Domain, key_id: str) -> RotationView:
    with reading(house.engine, house.account) as session:
        return rotations.all_of(session, key_id)[-1]


def sweep(house: Domain) -> int:
    with writing(house.engine, house.account) as session:
        return rotations.run_due(within(house.service, session, SYSTEM))


def works(house: Domain, token: Token) -> bool:
    return isinstance(house.verifier.verify(token.reveal()), Verified)


def use(house: Domain, token: Token, at: datetime) -> None:
    """Notes a use, as a gateway does."""
    with writing(house.engine) as session:
        secret = session.exec(select(Secret).where(Secret.public_id == token.public_id)).one()
        session.merge(SecretUse(secret_id=secret.id, last_used_at=at, last_used_from="10.1.0.0/16"))


def told(house: Domain, kind: str) -> list[str]:
    """Who is to be told of what happened."""
    with reading(house.engine) as session:
        found = session.exec(select(OutboxRow).where(OutboxRow.kind == kind))
        return sorted(notice.recipient for notice in found)


def test_the_key_stays_and_both_tokens_work_until_the_end(house: Domain) -> None:
    key, old = house.issue()
    made = begin(house, key.id)
    assert house.verifier.verify(made.token.reveal()) == Refused(Reason.PENDING, key.id)
    assert works(house, old)
    start(house, made)
    answer = house.verifier.verify(made.token.reveal())
    assert isinstance(answer, Verified)
    assert (answer.key_id, answer.name, answer.ends_at) == (key.id, key.name, None)
    before = house.verifier.verify(old.reveal())
    assert isinstance(before, Verified)
    assert before.ends_at == house.clock.now() + DAY
    house.clock.move(DAY - timedelta(microseconds=1))
    assert works(house, old)
    house.clock.move(timedelta(microseconds=1))
    assert house.verifier.verify(old.reveal()) == Refused(Reason.ENDED, key.id)
    assert works(house, made.token)
    assert seen(house, key.id).key.hint == made.token.hint


def test_without_grace_the_old_token_ends_at_once(house: Domain) -> None:
    key, old = house.issue()
    _, new = rotate(house, key.id, timedelta())
    assert (works(house, old), works(house, new)) == (False, True)
    assert seen(house, key.id).stage is Stage.ENDED
    assert sweep(house) == 0


def test_the_old_token_never_outlives_the_key(house: Domain) -> None:
    end = house.clock.now() + 2 * HOUR
    key, _ = house.issue(expires_at=end)
    rotate(house, key.id)
    assert seen(house, key.id).ends_at == end


def test_one_request_rotates_once_and_one_rotation_at_a_time(house: Domain) -> None:
    key, _ = house.issue()
    made = begin(house, key.id, idempotency_key="req_same")
    with pytest.raises(DuplicateRequest):
        begin(house, key.id, idempotency_key="req_same")
    with pytest.raises(InvalidState, match="on its way"):
        begin(house, key.id)
    start(house, made)
    with pytest.raises(InvalidState, match="two of its tokens work"):
        begin(house, key.id)
    house.clock.move(DAY)
    rotate(house, key.id)
    assert seen(house, key.id).stage is Stage.RUNNING


def test_what_cannot_be_rotated_says_why(house: Domain) -> None:
    with pytest.raises(KeyNotFound):
        begin(house, "key_none")
    pending = house.reserve("Pending")
    with pytest.raises(InvalidState, match="still being made"):
        begin(house, pending.key.id)
    expired, _ = house.issue("Expired", expires_at=house.clock.now() + HOUR)
    house.clock.move(HOUR)
    with pytest.raises(InvalidState, match="has expired"):
        begin(house, expired.id)
    revoked, _ = house.issue("Revoked")
    house.revoke(revoked.id)
    with pytest.raises(KeyRevoked):
        begin(house, revoked.id)


def test_a_token_that_did_not_arrive_leaves_everything_as_it_was(house: Domain) -> None:
    key, old = house.issue()
    made = begin(house, key.id)
    house.clock.move(LEASE)
    with reading(house.engine, house.account) as session:
        late = rotations.expired_pending(session, house.clock.now())
    assert late == [made.delivery_id]
    for expected in (True, False):
        given_up = house.write(
            lambda s: rotations.cancel(
                within(house.service, s, SYSTEM), made.delivery_id, "lost", tell=True
            )
        )
        assert given_up is expected
    with pytest.raises(DeliveryExpired):
        start(house, made)
    assert (works(house, old), works(house, made.token)) == (True, False)
    assert told(house, "rotation.abandoned") == [str(ALICE)]
    assert seen(house, key.id).key.hint == old.hint
    rotate(house, key.id)


def test_a_key_that_is_revoked_meanwhile_gets_no_new_token(house: Domain) -> None:
    key, old = house.issue()
    made = begin(house, key.id)
    house.revoke(key.id)
    with pytest.raises(DeliveryExpired):
        start(house, made)
    assert not works(house, old)
    assert not works(house, made.token)


def test_end_now_ends_once_and_both_are_told(house: Domain) -> None:
    key, old = house.issue(owner=BOB.id)
    rotation, new = rotate(house, key.id)
    house.clock.move(HOUR)

    def end() -> bool:
        changed: bool = house.write(
            lambda s: (
                rotations.end_now(
                    within(house.service, s, ALICE),
                    rotation,
                ).changed
            )
        )
        return changed

    assert [end(), end()] == [True, False]
    assert (works(house, old), works(house, new)) == (False, True)
    assert told(house, "rotation.ended") == sorted([str(BOB), outbox.TEAM])
    ended = seen(house, key.id)
    assert (ended.ends_at, ended.ended_by) == (house.clock.now(), ALICE)


def test_extending_stops_at_thirty_days_and_at_the_keys_own_end(house: Domain) -> None:
    key, old = house.issue()
    rotation, _ = rotate(house, key.id)

    def extend() -> None:
        house.write(
            lambda s: rotations.extend(
                within(house.service, s, BOB),
                rotation,
            )
        )

    begun = house.clock.now()
    extend()
    assert seen(house, key.id).ends_at == begun + 2 * DAY
    house.clock.move(DAY + HOUR)
    assert works(house, old)
    for _ in range(28):
        extend()
    assert seen(house, key.id).ends_at == begun + LONGEST
    with pytest.raises(InvalidState, match="30 days"):
        extend()
    house.clock.move(LONGEST)
    with pytest.raises(InvalidState, match="has ended"):
        extend()
    assert not works(house, old)
    short, _ = house.issue("Short", expires_at=house.clock.now() + 2 * HOUR)
    rotation, _ = rotate(house, short.id)
    with pytest.raises(InvalidState, match="the key itself expires"):
        extend()


def test_an_old_token_in_use_is_warned_of_an_hour_before_and_once(house: Domain) -> None:
    key, old = house.issue(owner=BOB.id)
    rotate(house, key.id)
    use(house, old, house.clock.now() + 20 * HOUR)
    house.clock.move(23 * HOUR - timedelta(seconds=1))
    assert sweep(house) == 0
    house.clock.move(timedelta(seconds=1))
    assert [sweep(house), sweep(house)] == [1, 0]
    assert told(house, "rotation.still_used") == sorted([str(BOB), outbox.TEAM])
    house.clock.move(HOUR)
    assert [sweep(house), sweep(house)] == [1, 0]
    assert told(house, "rotation.ended") == sorted([str(BOB), outbox.TEAM])


@pytest.mark.parametrize("used", [None, timedelta(seconds=-1)])
def test_an_old_token_that_rests_is_not_warned_of(house: Domain, used: timedelta | None) -> None:
    key, old = house.issue()
    if used is not None:
        use(house, old, house.clock.now() + used)
    rotate(house, key.id)
    house.clock.move(23 * HOUR)
    assert sweep(house) == 0
    assert told(house, "rotation.still_used") == []


def test_a_short_grace_is_warned_of_at_its_half(house: Domain) -> None:
    key, old = house.issue()
    rotate(house, key.id, HOUR)
    use(house, old, house.clock.now())
    assert sweep(house) == 0
    house.clock.move(HOUR / 2)
    assert sweep(house) == 1


def test_a_bot_that_was_down_tells_of_the_end_all_the_same(house: Domain) -> None:
    key, old = house.issue()
    rotate(house, key.id)
    house.clock.move(3 * DAY)
    assert not works(house, old)
    assert sweep(house) == 1
    assert told(house, "rotation.ended") == sorted([str(ALICE), outbox.TEAM])


def test_a_key_revoked_during_its_rotation_ends_it_silently(house: Domain) -> None:
    key, _ = house.issue()
    rotate(house, key.id, HOUR)
    house.revoke(key.id)
    house.clock.move(HOUR)
    sweep(house)
    assert seen(house, key.id).stage is Stage.ENDED
    assert told(house, "rotation.ended") == []


def test_the_message_follows_for_the_team_and_the_owner(house: Domain) -> None:
    key, _ = house.issue(owner=BOB.id)
    rotation, _ = rotate(house, key.id)
    now, found = house.clock.now(), []
    while one := house.write(lambda s: live_messages.claim(s, now, LEASE)):
        found.append(one)
    about = [one for one in found if one.kind == MESSAGE_KIND]
    assert {(one.subject, one.recipient) for one in about} == {
        (rotation, outbox.TEAM),
        (rotation, str(BOB)),
    }


def test_everything_is_in_the_record(house: Domain) -> None:
    key, _ = house.issue()
    rotation, _ = rotate(house, key.id)
    house.write(
        lambda s: rotations.extend(
            within(house.service, s, BOB),
            rotation,
        )
    )
    house.write(
        lambda s: rotations.end_now(
            within(house.service, s, BOB),
            rotation,
        )
    )
    with reading(house.engine, house.account) as session:
        history = audit_log.history(session, key.id)
        assert audit_log.verify_chain(session) is None
    kinds = [entry.kind for entry in history[::-1]]
    assert kinds[-4:] == ["rotation.asked", "key.rotated", "rotation.extended", "rotation.ended"]


def test_another_accounts_rotation_is_not_there(house: Domain) -> None:
    key, _ = house.issue()
    rotation, _ = rotate(house, key.id)
    other = Account(id="acc_other", workspace_id="T0OTHER", created_at=house.clock.now())
    house.write(lambda session: session.add(other))
    eve = Actor.person("U0EVE")
    for act in (rotations.end_now, rotations.extend):
        with pytest.raises(KeyNotFound), writing(house.engine, "acc_other") as session:
            act(within(house.service, session, eve), rotation)

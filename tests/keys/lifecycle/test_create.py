"""A key's life: reserve, activate or abandon, rename, revoke."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel, select

from keys.base import accounts
from keys.base.errors import (
    DeliveryExpired,
    DuplicateRequest,
    KeyNotFound,
    KeyRevoked,
    NameTaken,
)
from keys.base.models import State
from keys.changes import audit_log, outbox
from keys.changes.change import SYSTEM, change, within
from keys.credentials.verification import Reason, Refused, Verified
from keys.delivery import deliveries
from keys.lifecycle.create import activate_key, cancel_key, expired_pending
from keys.lifecycle.rename import rename_key
from keys.lifecycle.revoke import revoke_key
from storage import AccountSession, reading, writing
from storage.tables import Event, Secret
from tests.keys.conftest import ALICE, BOB, NOON, Domain


def test_a_key_works_once_its_token_was_delivered(house: Domain) -> None:
    made = house.reserve(scopes=("write", "read"))
    assert house.verifier.verify(made.token.reveal()) == Refused(Reason.PENDING, made.key.id)
    with writing(house.engine, house.account) as session:
        activate_key(within(house.service, session, ALICE), made.delivery_id, timedelta(minutes=15))
    answer = house.verifier.verify(made.token.reveal())
    assert isinstance(answer, Verified)
    assert answer.scopes == {"read", "write"}
    assert (answer.key_id, answer.owner) == (made.key.id, ALICE.id)


def test_an_abandoned_key_never_works_and_frees_its_name(house: Domain) -> None:
    made = house.reserve()
    with writing(house.engine, house.account) as session:
        done = cancel_key(within(house.service, session, SYSTEM), made.key.id, "no DM", tell=True)
    assert done.changed
    assert done.key.state is State.ABANDONED
    with pytest.raises(DeliveryExpired), writing(house.engine, house.account) as session:
        activate_key(within(house.service, session, ALICE), made.delivery_id, None)
    assert house.verifier.verify(made.token.reveal()) == Refused(Reason.ABANDONED, made.key.id)
    house.issue()


def test_reservations_that_nobody_came_back_to_are_found(house: Domain) -> None:
    made = house.reserve()
    with reading(house.engine, house.account) as session:
        assert expired_pending(session, house.clock.now()) == []
    house.clock.move(timedelta(minutes=1))
    with reading(house.engine, house.account) as session:
        assert expired_pending(session, house.clock.now()) == [made.key.id]


def test_asking_twice_makes_one_key(house: Domain) -> None:
    made = house.reserve(idempotency_key="the same")
    with pytest.raises(DuplicateRequest) as caught:
        house.reserve("Another name", idempotency_key="the same")
    assert caught.value.key_id == made.key.id


def test_a_name_is_taken_whatever_the_case_until_the_key_is_revoked(house: Domain) -> None:
    key, _ = house.issue("Zapier")
    with pytest.raises(NameTaken, match="already an active key called “Zapier”"):
        house.reserve("ZAPIER")
    house.revoke(key.id)
    house.issue("ZAPIER")


def test_the_database_itself_holds_names_apart(house: Domain) -> None:
    house.issue("Zapier")
    other, _ = house.issue("Other")
    with pytest.raises(DatabaseError, match=r"UNIQUE|unique"), writing(house.engine) as session:
        session.connection().execute(
            text("UPDATE keys SET name_folded = 'zapier' WHERE id = :id"), {"id": other.id}
        )


def test_renaming_keeps_the_token(house: Domain) -> None:
    key, token = house.issue("Zapier")
    assert house.rename(key.id, "Zapier, EU").changed
    assert not house.rename(key.id, "Zapier, EU").changed
    answer = house.verifier.verify(token.reveal())
    assert isinstance(answer, Verified)
    assert answer.name == "Zapier, EU"


def test_a_name_may_change_its_case_but_not_take_another_keys(house: Domain) -> None:
    key, _ = house.issue("Zapier")
    house.issue("GitHub")
    assert house.rename(key.id, "ZAPIER").changed
    with pytest.raises(NameTaken):
        house.rename(key.id, "github")


def test_revoking_works_once_and_for_good(house: Domain) -> None:
    key, token = house.issue()
    first, second = house.revoke(key.id, ALICE), house.revoke(key.id, BOB)
    assert (first.changed, second.changed) == (True, False)
    assert second.key.revoked_by == ALICE
    assert house.verifier.verify(token.reveal()) == Refused(Reason.REVOKED, key.id)
    with pytest.raises(KeyRevoked):
        house.rename(key.id, "Another")


def test_two_admins_at_the_same_moment_revoke_once(house: Domain) -> None:
    key, _ = house.issue()
    gate, outcomes = threading.Barrier(8), []

    def press() -> None:
        gate.wait()
        outcomes.append(house.revoke(key.id).changed)

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]
    with reading(house.engine, house.account) as session:
        due = session.exec(select(Event).where(Event.kind == "key.revoked")).all()
        assert len(due) == 1
        assert audit_log.verify_chain(session) is None


def test_a_pending_key_can_be_revoked_and_then_never_works(house: Domain) -> None:
    made = house.reserve()
    assert house.revoke(made.key.id).changed
    with pytest.raises(DeliveryExpired), writing(house.engine, house.account) as session:
        activate_key(within(house.service, session, ALICE), made.delivery_id, None)


def test_another_account_sees_and_changes_nothing(house: Domain) -> None:
    key, _ = house.issue()
    with writing(house.engine) as plain:
        other = accounts.connect(plain, "T0OTHER", "Other", NOON)
    assert other != house.account
    with writing(house.engine, other) as session:
        with pytest.raises(KeyNotFound):
            revoke_key(
                within(house.service, session, BOB),
                key.id,
            )
        with pytest.raises(KeyNotFound):
            rename_key(
                within(house.service, session, BOB),
                key.id,
                "Mine",
            )
        with pytest.raises(KeyNotFound):
            cancel_key(within(house.service, session, SYSTEM), key.id, "x", tell=False)


def test_a_change_its_record_and_its_notice_stand_or_fall_together(house: Domain) -> None:
    key, token = house.issue()

    class CrashError(Exception):
        pass

    with pytest.raises(CrashError), writing(house.engine, house.account) as session:
        revoke_key(
            within(house.service, session, ALICE),
            key.id,
        )
        raise CrashError
    assert isinstance(house.verifier.verify(token.reveal()), Verified)
    with reading(house.engine, house.account) as session:
        kinds = session.exec(select(Event.kind)).all()
    assert list(kinds) == ["key.reserved", "key.issued"]


def test_the_token_is_in_no_table(house: Domain) -> None:
    _, token = house.issue(note="a note")
    with reading(house.engine) as session:
        dump = "\n".join(
            str(row)
            for table in SQLModel.metadata.sorted_tables
            for row in session.connection().execute(select(table))  # type: ignore[call-overload]
        )
    assert token.public_id in dump
    assert token.secret not in dump
    assert token.reveal() not in dump


def test_the_outbox_gives_each_notice_to_one_and_again_after_the_lease(house: Domain) -> None:
    key, _ = house.issue()
    lease = timedelta(seconds=30)
    claim = lambda session: outbox.claim(session, house.clock.now(), lease)
    due = house.write(claim)
    assert (due.kind, due.recipient, due.attempts) == ("key.issued", "team", 0)
    assert due.data["key_id"] == key.id
    assert house.write(claim) is None
    house.clock.move(lease)
    again = house.write(claim)
    assert (again.id, again.attempts) == (due.id, 1)
    house.write(lambda session: outbox.retry(session, due.id, house.clock.now() + lease))
    assert house.write(claim) is None
    house.clock.move(lease)
    assert house.write(claim) is not None
    house.write(lambda session: outbox.close(session, due.id, house.clock.now(), "said"))
    house.clock.move(lease)
    assert house.write(claim) is None


def test_a_token_is_removed_when_its_time_has_come(house: Domain) -> None:
    made = house.reserve()

    def activate(session: AccountSession) -> None:
        deliveries.record_place(session, made.delivery_id, "D1", "1.2")
        activate_key(within(house.service, session, ALICE), made.delivery_id, timedelta(minutes=15))

    house.write(activate)
    lease = timedelta(seconds=30)
    claim = lambda s: deliveries.claim_due(s, house.clock.now(), lease)
    assert house.write(claim) is None
    house.clock.move(timedelta(minutes=15))
    due = house.write(claim)
    assert (due.channel_id, due.message, due.recipient) == ("D1", "1.2", ALICE)
    assert house.write(claim) is None
    with change(house.service, ALICE) as made_gone:
        assert deliveries.record_removed(made_gone, due.id)
        assert not deliveries.record_removed(made_gone, due.id)
    house.clock.move(timedelta(hours=1))
    assert house.write(claim) is None
    with reading(house.engine, house.account) as session:
        (handover,) = deliveries.handovers(session, made.key.id)
    assert handover.recipient == ALICE
    assert handover.removed_at is not None


def test_an_abandoned_keys_person_is_told_and_its_message_redrawn(house: Domain) -> None:
    made = house.reserve()
    place = lambda s: deliveries.record_place(s, made.delivery_id, "D1", "1.2")
    house.write(place)
    house.write(
        lambda s: cancel_key(
            within(house.service, s, SYSTEM), made.key.id, "interrupted", tell=True
        )
    )
    now, lease = house.clock.now(), timedelta(seconds=30)
    notice = house.write(lambda s: outbox.claim(s, now, lease))
    assert (notice.kind, notice.recipient) == ("key.abandoned", str(ALICE))
    due = house.write(lambda s: deliveries.claim_due(s, now, lease))
    assert due.key.state is State.ABANDONED


def test_the_record_cannot_be_edited_and_a_forged_one_is_noticed(house: Domain) -> None:
    key, _ = house.issue()
    house.rename(key.id, "Another")
    for verb in ("UPDATE events SET actor = 'person:U0EVE'", "DELETE FROM events"):
        with pytest.raises(DatabaseError, match="never edited"), writing(house.engine) as session:
            session.connection().execute(text(verb))
    with writing(house.engine, house.account) as session:
        trigger = {"sqlite": "events_no_update", "postgresql": "events_append_only ON events"}
        dropped = trigger[house.engine.dialect.name]
        session.connection().execute(text(f"DROP TRIGGER {dropped}"))
        session.connection().execute(text("UPDATE events SET data = '{}' WHERE seq = 2"))
        assert audit_log.verify_chain(session) == 2


def test_history_is_newest_first(house: Domain) -> None:
    key, _ = house.issue("Zapier")
    house.rename(key.id, "Another")
    house.revoke(key.id, BOB)
    with reading(house.engine, house.account) as session:
        entries = audit_log.history(session, key.id)
    kinds = [entry.kind for entry in entries]
    assert kinds == ["key.revoked", "key.renamed", "key.issued", "key.reserved"]
    assert entries[0].actor == BOB
    assert entries[1].data == {"from": "Zapier", "to": "Another"}


def test_only_digests_are_kept(house: Domain) -> None:
    house.issue()
    with reading(house.engine) as session:
        (secret,) = session.exec(select(Secret)).all()
    assert len(secret.digest) == 32

"""A key's life: reserve, activate or abandon, rename, revoke."""

from __future__ import annotations

import threading
from dataclasses import replace
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
from keys.credentials.verification import Reason, Refused, Verified
from keys.delivery import deliveries
from keys.lifecycle.create import activate_key, cancel_key, expired_pending
from keys.lifecycle.revoke import revoke_key
from storage import reading, writing
from storage.tables import Event, Secret
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, BOB, NOON, SYSTEM, Domain


def test_a_key_works_once_its_token_was_delivered(domain: Domain) -> None:
    made = domain.reserve(scopes=("write", "read"))
    assert domain.verifier.verify(made.token.reveal()) == Refused(Reason.PENDING, made.key.id)
    with domain.change(ALICE) as change:
        activate_key(change, made.delivery_id, timedelta(minutes=15))
    answer = domain.verifier.verify(made.token.reveal())
    assert isinstance(answer, Verified)
    assert answer.scopes == {"read", "write"}
    assert (answer.key_id, answer.owner) == (made.key.id, ALICE.id)


def test_an_abandoned_key_never_works_and_frees_its_name(domain: Domain) -> None:
    made = domain.reserve()
    with domain.change(SYSTEM) as change:
        cancel_key(change, made.key.id, "no DM", tell=True)
    with pytest.raises(DeliveryExpired), domain.change(ALICE) as change:
        activate_key(change, made.delivery_id, None)
    assert domain.verifier.verify(made.token.reveal()) == Refused(Reason.ABANDONED, made.key.id)
    domain.issue()


def test_reservations_that_nobody_came_back_to_are_found(domain: Domain) -> None:
    made = domain.reserve()
    with reading(domain.engine, domain.account) as session:
        assert expired_pending(session, domain.clock.now()) == []
    domain.clock.move(timedelta(minutes=1))
    with reading(domain.engine, domain.account) as session:
        assert expired_pending(session, domain.clock.now()) == [made.key.id]


def test_asking_twice_makes_one_key(domain: Domain) -> None:
    made = domain.reserve(idempotency_key="the same")
    with pytest.raises(DuplicateRequest) as caught:
        domain.reserve("Another name", idempotency_key="the same")
    assert caught.value.key_id == made.key.id


def test_a_name_is_taken_whatever_the_case_until_the_key_is_revoked(domain: Domain) -> None:
    key, _ = domain.issue("Zapier")
    with pytest.raises(NameTaken, match="already an active key called “Zapier”"):
        domain.reserve("ZAPIER")
    domain.revoke(key.id)
    domain.issue("ZAPIER")


def test_the_database_itself_holds_names_apart(domain: Domain) -> None:
    domain.issue("Zapier")
    other, _ = domain.issue("Other")
    with pytest.raises(DatabaseError, match=r"UNIQUE|unique"), writing(domain.engine) as session:
        session.connection().execute(
            text("UPDATE keys SET name_folded = 'zapier' WHERE id = :id"), {"id": other.id}
        )


def test_renaming_keeps_the_token(domain: Domain) -> None:
    key, token = domain.issue("Zapier")
    assert domain.rename(key.id, "Zapier, EU").changed
    assert not domain.rename(key.id, "Zapier, EU").changed
    answer = domain.verifier.verify(token.reveal())
    assert isinstance(answer, Verified)
    assert answer.name == "Zapier, EU"


def test_a_name_may_change_its_case_but_not_take_another_keys(domain: Domain) -> None:
    key, _ = domain.issue("Zapier")
    domain.issue("GitHub")
    assert domain.rename(key.id, "ZAPIER").changed
    with pytest.raises(NameTaken):
        domain.rename(key.id, "github")


def test_revoking_works_once_and_for_good(domain: Domain) -> None:
    key, token = domain.issue()
    first, second = domain.revoke(key.id, ALICE), domain.revoke(key.id, BOB)
    assert (first.changed, second.changed) == (True, False)
    assert second.value.revoked_by == ALICE
    assert domain.verifier.verify(token.reveal()) == Refused(Reason.REVOKED, key.id)
    with pytest.raises(KeyRevoked):
        domain.rename(key.id, "Another")


def test_two_admins_at_the_same_moment_revoke_once(domain: Domain) -> None:
    key, _ = domain.issue()
    gate, outcomes = threading.Barrier(8), []

    def press() -> None:
        gate.wait()
        outcomes.append(domain.revoke(key.id).changed)

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]
    with reading(domain.engine, domain.account) as session:
        due = session.exec(select(Event).where(Event.kind == "key.revoked")).all()
        assert len(due) == 1
        assert verify_chain(session) is None


def test_a_pending_key_can_be_revoked_and_then_never_works(domain: Domain) -> None:
    made = domain.reserve()
    assert domain.revoke(made.key.id).changed
    with pytest.raises(DeliveryExpired), domain.change(ALICE) as change:
        activate_key(change, made.delivery_id, None)


def test_another_account_sees_and_changes_nothing(domain: Domain) -> None:
    key, _ = domain.issue()
    with writing(domain.engine) as plain:
        other = accounts.connect(plain, "T0OTHER", "Other", NOON)
    assert other != domain.account
    theirs = replace(domain, services=replace(domain.services, account_id=other), account=other)
    with pytest.raises(KeyNotFound):
        theirs.revoke(key.id, BOB)
    with pytest.raises(KeyNotFound):
        theirs.rename(key.id, "Mine")
    with pytest.raises(KeyNotFound), theirs.change(SYSTEM) as change:
        cancel_key(change, key.id, "x", tell=False)


def test_a_change_its_record_and_its_notice_stand_or_fall_together(domain: Domain) -> None:
    key, token = domain.issue()

    class CrashError(Exception):
        pass

    with pytest.raises(CrashError), domain.change(ALICE) as change:
        revoke_key(change, key.id)
        raise CrashError
    assert isinstance(domain.verifier.verify(token.reveal()), Verified)
    with reading(domain.engine, domain.account) as session:
        kinds = session.exec(select(Event.kind)).all()
    assert list(kinds) == ["key.reserved", "key.issued"]


def test_the_token_is_in_no_table(domain: Domain) -> None:
    _, token = domain.issue(note="a note")
    with reading(domain.engine) as session:
        dump = "\n".join(
            str(row)
            for table in SQLModel.metadata.sorted_tables
            for row in session.connection().execute(select(table))  # type: ignore[call-overload]
        )
    assert token.public_id in dump
    assert token.secret not in dump
    assert token.reveal() not in dump


def test_the_outbox_gives_each_notice_to_one_and_again_after_the_lease(domain: Domain) -> None:
    key, _ = domain.issue()
    lease = timedelta(seconds=30)
    claim = lambda session: outbox.claim(session, domain.clock.now(), lease)
    due = domain.write(claim)
    assert (due.kind, due.recipient, due.attempts) == ("key.issued", "team", 0)
    assert due.data["key_id"] == key.id
    assert domain.write(claim) is None
    domain.clock.move(lease)
    again = domain.write(claim)
    assert (again.id, again.attempts) == (due.id, 1)
    domain.write(lambda session: outbox.retry(session, due.id, domain.clock.now() + lease))
    assert domain.write(claim) is None
    domain.clock.move(lease)
    assert domain.write(claim) is not None
    domain.write(lambda session: outbox.close(session, due.id, domain.clock.now(), "said"))
    domain.clock.move(lease)
    assert domain.write(claim) is None


def test_a_token_is_removed_when_its_time_has_come(domain: Domain) -> None:
    made = domain.reserve()

    with domain.change(ALICE) as change:
        deliveries.record_place(change.session, made.delivery_id, "D1", "1.2")
        activate_key(change, made.delivery_id, timedelta(minutes=15))
    lease = timedelta(seconds=30)
    claim = lambda s: deliveries.claim_due(s, domain.clock.now(), lease)
    assert domain.write(claim) is None
    domain.clock.move(timedelta(minutes=15))
    due = domain.write(claim)
    assert (due.channel_id, due.message, due.recipient) == ("D1", "1.2", ALICE)
    assert domain.write(claim) is None
    with domain.change(ALICE) as made_gone:
        assert deliveries.record_removed(made_gone, due.id)
        assert not deliveries.record_removed(made_gone, due.id)
    domain.clock.move(timedelta(hours=1))
    assert domain.write(claim) is None
    with reading(domain.engine, domain.account) as session:
        (handover,) = deliveries.handovers(session, made.key.id)
    assert handover.recipient == ALICE
    assert handover.removed_at is not None


def test_an_abandoned_keys_person_is_told_and_its_message_redrawn(domain: Domain) -> None:
    made = domain.reserve()
    place = lambda s: deliveries.record_place(s, made.delivery_id, "D1", "1.2")
    domain.write(place)
    with domain.change(SYSTEM) as change:
        cancel_key(change, made.key.id, "interrupted", tell=True)
    now, lease = domain.clock.now(), timedelta(seconds=30)
    notice = domain.write(lambda s: outbox.claim(s, now, lease))
    assert (notice.kind, notice.recipient) == ("key.abandoned", str(ALICE))
    due = domain.write(lambda s: deliveries.claim_due(s, now, lease))
    assert due.key.state is State.ABANDONED


def test_the_record_cannot_be_edited_and_a_forged_one_is_noticed(domain: Domain) -> None:
    key, _ = domain.issue()
    domain.rename(key.id, "Another")
    for verb in ("UPDATE events SET actor = 'person:U0EVE'", "DELETE FROM events"):
        with pytest.raises(DatabaseError, match="never edited"), writing(domain.engine) as session:
            session.connection().execute(text(verb))
    with writing(domain.engine, domain.account) as session:
        trigger = {"sqlite": "events_no_update", "postgresql": "events_append_only ON events"}
        dropped = trigger[domain.engine.dialect.name]
        session.connection().execute(text(f"DROP TRIGGER {dropped}"))
        session.connection().execute(text("UPDATE events SET data = '{}' WHERE seq = 2"))
        assert verify_chain(session) == 2


def test_history_is_newest_first(domain: Domain) -> None:
    key, _ = domain.issue("Zapier")
    domain.rename(key.id, "Another")
    domain.revoke(key.id, BOB)
    with reading(domain.engine, domain.account) as session:
        entries = audit_log.history(session, key.id)
    kinds = [entry.kind for entry in entries]
    assert kinds == ["key.revoked", "key.renamed", "key.issued", "key.reserved"]
    assert entries[0].actor == BOB
    assert entries[1].data == {"from": "Zapier", "to": "Another"}


def test_only_digests_are_kept(domain: Domain) -> None:
    domain.issue()
    with reading(domain.engine) as session:
        (secret,) = session.exec(select(Secret)).all()
    assert len(secret.digest) == 32

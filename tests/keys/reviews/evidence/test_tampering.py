"""Rows of an audit are changed by SQL alone: nothing that differs from the audit log is signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from keys.base.errors import DomainError
from keys.changes import audit_log
from keys.reviews.evidence import files
from storage import reading, writing
from storage.tables import Event, Review, ReviewKey
from tests.keys.conftest import NOON, Domain
from tests.keys.reviews.evidence.tampering import (
    STAGES,
    attack,
    column,
    exported,
    finished,
    opened,
    refusal,
)
from tests.keys.reviews.evidence.writing import TRUSTED
from tests.keys.reviews.reviewing import begin, sweep

LATER = NOON + timedelta(hours=5)
# What an attacker writes into each column, and what the refusal names.
IN_KEYS: dict[str, tuple[Any, str]] = {
    "position": (70, "its row at the start"),
    "owner": ("U0EVE", "key_id and owner are not those in at_start"),
    "doubts": ("owner_gone", "its row at the start"),
    "at_start": ("{}", "its row cannot be read"),
    "decision": ("rotated", "decision is “rotated”, in the audit log “kept”"),
    "decided_by": ("person:U0EVE", "decided_by is “person:U0EVE”, in the audit log “person:U0AL"),
    "decided_at": (LATER, "decided_at is “2026-11-23T17:00:00+00:00”, in the audit log “2026-11"),
    "reason": ("Eve needs it", "reason is “Eve needs it”, in the audit log “Billing needs it”"),
    "asked_at": (LATER, "asked_at is “2026-11-23 17:00:00+00:00”, in the audit log empty"),
}
IN_AUDITS: dict[str, tuple[Any, str]] = {
    "period": ("2030-01-07", "period is “2030-01-07”, in the audit log “2026-10-05”"),
    "started_by": ("person:U0EVE", "started_by is “person:U0EVE”, in the audit log “person:U0CARL"),
    "created_at": (LATER, "created_at is"),
    "deadline_at": (LATER, "deadline_at is “2026-11-23T17:00:00+00:00”, in the audit log “2026-12"),
    "total": (1, "total is “1”, in the audit log “6”"),
    "doubtful": ("{}", "doubtful is “{}”"),
    "begun_after": (1, "begun_after is “1”"),
    "ended_by": ("person:U0EVE", "ended_by is “person:U0EVE”"),
    "ended_at": (LATER, "ended_at is"),
    "record_hash": ("0" * 64, "record_hash is"),
    "ended_hash": ("0" * 64, "ended_hash is"),
}
# The evidence shows none of these, and what it shows does not depend on them.
NOT_SHOWN = {
    "seen", "reminders", "escalated_at", "revokes_at", "filed_at", "claimed_until", "id",
    "account_id", "audit_id",
}  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_each_column_that_is_changed_is_named_and_nothing_is_signed(
    domain: Domain, stage: str
) -> None:
    id_ = STAGES[stage](domain)
    assert (
        set(IN_KEYS) | {"key_id", "at_end"}
        == {
            c.name
            for c in ReviewKey.__table__.c  # type: ignore[attr-defined]
        }
        - NOT_SHOWN
    )
    assert (
        set(IN_AUDITS) | {"state"}
        == {
            c.name
            for c in Review.__table__.c  # type: ignore[attr-defined]
        }
        - NOT_SHOWN
    )
    with reading(domain.engine) as reader:
        found = select(ReviewKey.key_id).where(col(ReviewKey.reason) == "Billing needs it")
        kept = reader.exec(found).one()
    changes = [(ReviewKey, *one) for one in IN_KEYS.items()]
    changes += [(Review, *one) for one in IN_AUDITS.items()]  # type: ignore[arg-type]
    for table, name, (value, named) in changes:
        statement = update(table).values({column(table, name): value})
        if table is ReviewKey:
            statement = statement.where(col(ReviewKey.reason) == "Billing needs it")
        with attack(domain) as session:
            assert session.connection().execute(statement).rowcount == 1
            said = refusal(session, id_)
            assert named in said, (name, said)
            if table is ReviewKey:
                assert said.startswith(("Key “Kept “ü””", f"Key {kept}:")), said
    with attack(domain) as session:
        text_, _ = exported(session, id_)
    assert files.verify(files.read(text_), TRUSTED)


@pytest.mark.parametrize("stage", STAGES)
def test_a_snapshot_that_is_changed_with_care_is_found(domain: Domain, stage: str) -> None:
    id_ = STAGES[stage](domain)
    columns = ["at_start", "at_end"] if stage == "finished" else ["at_start"]
    for name in columns:
        with attack(domain) as session:
            place = column(ReviewKey, name)
            kept = col(ReviewKey.reason) == "Billing needs it"
            before = session.connection().execute(select(place).where(kept)).scalar_one()
            changed = json.dumps(json.loads(before) | {"note": "harmless"})
            session.connection().execute(update(ReviewKey).where(kept).values({place: changed}))
            when = name.replace("at_", "at the ")
            assert f"Key “Kept “ü”” ({json.loads(before)['id']}): its row {when} is not" in refusal(
                session, id_
            )


@pytest.mark.parametrize("stage", STAGES)
def test_rows_that_are_added_removed_or_moved_to_another_key_are_found(
    domain: Domain, stage: str
) -> None:
    id_ = STAGES[stage](domain)
    other, _ = domain.issue("Other")
    kept = col(ReviewKey.reason) == "Billing needs it"
    with attack(domain) as session:
        session.connection().execute(delete(ReviewKey).where(kept))
        assert "“audit.kept”, but the key is not in the audit" in refusal(session, id_)
    with attack(domain) as session:
        asked = delete(ReviewKey).where(col(ReviewKey.decision).in_(["", "unanswered"]))
        assert session.connection().execute(asked).rowcount
        assert "number of keys is" in refusal(session, id_)
    with attack(domain) as session:
        session.connection().execute(update(ReviewKey).where(kept).values(key_id=other.id))
        assert "key_id and owner are not those" in refusal(session, id_)
    with attack(domain) as session:
        row = session.connection().execute(select(ReviewKey.__table__).where(kept)).one()  # type: ignore[attr-defined]
        copy = dict(row._mapping) | {"key_id": other.id, "position": 6}
        session.connection().execute(insert(ReviewKey.__table__).values(copy))  # type: ignore[attr-defined]
        assert "number of keys is “7”, in the audit log “6”" in refusal(session, id_)


def test_an_open_audit_is_not_made_a_finished_one_nor_the_other_way_round(domain: Domain) -> None:
    id_ = opened(domain)
    with attack(domain) as session:
        session.connection().execute(update(Review).values(state="finished"))
        assert "state is “finished”, in the audit log “open”" in refusal(session, id_)
    domain.clock.move(timedelta(days=22))
    sweep(domain)
    with attack(domain) as session:
        session.connection().execute(update(Review).values(state="open"))
        assert "state is “open”, in the audit log “finished”" in refusal(session, id_)


def test_a_decision_that_was_made_is_not_taken_back(domain: Domain) -> None:
    id_ = opened(domain)
    for decision in ("kept", "rotated", "revoked"):
        with attack(domain) as session:
            nothing = {"decision": "", "decided_by": None, "decided_at": None, "reason": ""}
            taken = update(ReviewKey).where(col(ReviewKey.decision) == decision).values(nothing)
            assert session.connection().execute(taken).rowcount
            assert "decision is “open”, in the audit log" in refusal(session, id_)


def test_an_audit_log_that_was_changed_too_is_found(domain: Domain) -> None:
    id_ = finished(domain)
    kept = col(Event.kind) == "audit.kept"
    with reading(domain.engine) as session:
        event = session.exec(select(Event).where(kept).order_by(col(Event.seq))).first()
        assert event is not None
        seq, event.actor = event.seq, "person:U0EVE"
        forged = {"actor": event.actor, "hash": audit_log.hash_of(event)}
    first, broken = col(Event.seq) == seq, "of the audit log was changed, removed or added"
    for statement, named in (
        (update(Event).where(first).values(actor="person:U0EVE"), f"Entry {seq} {broken}"),
        (update(Event).where(first).values(data="{}"), f"Entry {seq} {broken}"),
        (update(Event).where(first).values(data="none"), f"Entry {seq} {broken}"),
        (update(Event).where(first).values(forged), f"Entry {seq} {broken}"),
        (delete(Event).where(first), f"Entry {seq} {broken}"),
        (delete(Event).where(col(Event.kind) == "audit.finished"), "state is “finished”"),
        (delete(Event).where(col(Event.kind) == "audit.started"), "0 entries of its start"),
    ):
        with attack(domain) as session:
            session.connection().execute(text("DELETE FROM notices"))
            session.connection().execute(statement)
            assert named in refusal(session, id_)


def test_a_key_that_has_not_expired_is_not_said_to_have(domain: Domain) -> None:
    expires_at = NOON + timedelta(days=90)
    domain.issue(expires_at=expires_at)
    id_ = begin(domain)
    expired = {"decision": "expired", "decided_by": "system:audit", "decided_at": expires_at}
    with writing(domain.engine) as session:
        session.connection().execute(update(ReviewKey).values(expired))
    domain.clock.move(timedelta(days=22))
    sweep(domain)
    with reading(domain.engine, domain.account) as session:
        assert "decision is “expired”, in the audit log “unanswered”" in refusal(session, id_)


@pytest.mark.parametrize("stage", STAGES)
@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_whatever_is_written_into_a_row_the_evidence_stays_or_is_refused(
    evidence_of: Callable[[str], tuple[Domain, str, tuple[str, str]]],
    stage: str,
    data: st.DataObject,
) -> None:
    domain, id_, genuine = evidence_of(stage)
    table = data.draw(st.sampled_from([Review, ReviewKey]))
    columns = [c.name for c in table.__table__.c]  # type: ignore[attr-defined]
    name, source = data.draw(st.sampled_from(columns)), data.draw(st.sampled_from(columns))
    row = data.draw(st.integers(0, 5)) if table is ReviewKey else 0
    value = data.draw(
        st.none()
        | st.text(max_size=12)
        | st.integers(-2, 10).map(str)
        | st.datetimes().map(str)
        | st.sampled_from(["kept", "revoked", "expired", "unanswered", "open", "finished", "{}"])
    )
    # The database guesses its type; or it is the value of another column.
    new = data.draw(st.sampled_from([text(":new").bindparams(new=value), column(table, source)]))
    statement = update(table).values({column(table, name): new})
    if table is ReviewKey:
        nth = select(ReviewKey.key_id).order_by(ReviewKey.key_id).offset(row).limit(1)
        statement = statement.where(col(ReviewKey.key_id) == nth.scalar_subquery())
    with attack(domain) as session:
        try:
            session.connection().execute(statement)
        except (DBAPIError, UnicodeEncodeError):
            return  # The database refuses it.
        try:
            assert exported(session, id_) == genuine
        except DomainError:
            return


@pytest.fixture
def evidence_of(domain: Domain) -> Callable[[str], tuple[Domain, str, tuple[str, str]]]:
    """The domain, an audit in this stage and its evidence; made once for all examples."""
    made: dict[str, tuple[Domain, str, tuple[str, str]]] = {}

    def get(stage: str) -> tuple[Domain, str, tuple[str, str]]:
        if stage not in made:
            id_ = STAGES[stage](domain)
            with reading(domain.engine, domain.account) as session:
                made[stage] = domain, id_, exported(session, id_)
        return made[stage]

    return get

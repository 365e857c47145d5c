"""Audits in each stage, and an attacker who writes to the database without its triggers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from keys.base.errors import EvidenceMismatch
from keys.reviews.evidence import export
from storage import AccountSession
from tests.keys.conftest import BOB, NOON, Domain
from tests.keys.reviews.evidence.writing import PEPPERS
from tests.keys.reviews.reviewing import ask_owner, begin, keep, look, sweep
from tests.keys.rotation.test_rotations import rotate

TRIGGERS = {
    "sqlite": [
        "audits_finished_no_update", "audits_finished_no_delete", "audits_finished_no_replace",
        "audit_keys_finished_no_insert", "audit_keys_finished_no_update",
        "audit_keys_finished_no_delete", "events_no_update", "events_no_delete",
    ],
    "postgresql": [
        "audits_finished ON audits", "audits_finished_no_delete ON audits",
        "audit_keys_finished ON audit_keys", "events_append_only ON events",
    ],
}  # fmt: skip


def opened(domain: Domain) -> str:
    """An open audit with keys that are kept, rotated, revoked, kept and revoked, and undecided."""
    kept, _ = domain.issue("Kept “ü”")
    turned, _ = domain.issue("Turned", owner=BOB.id)
    ended, _ = domain.issue("=Ended")
    both, _ = domain.issue("Both")
    domain.issue("Expiring", expires_at=NOON + timedelta(days=2))
    domain.issue("Nobody's", owner=None)
    id_ = begin(domain)
    ask_owner(domain, id_, turned.id)
    domain.clock.move(timedelta(hours=1))
    keep(domain, id_, kept.id, reason="Billing needs it")
    keep(domain, id_, both.id)
    rotate(domain, turned.id)
    domain.rename(turned.id, "Turned and renamed")
    domain.revoke(ended.id)
    domain.revoke(both.id, BOB)
    sweep(domain)
    return id_


def finished(domain: Domain) -> str:
    id_ = opened(domain)
    domain.clock.move(timedelta(days=22))
    assert look(domain, id_).ended_at is not None
    return id_


STAGES = {"open": opened, "finished": finished}


@contextmanager
def attack(domain: Domain) -> Iterator[AccountSession]:
    """A session without the triggers; whatever is done in it is taken back."""
    engine = domain.engine.execution_options(writes=True)
    with AccountSession(engine, domain.account) as session:
        for trigger in TRIGGERS[domain.engine.dialect.name]:
            session.connection().execute(text(f"DROP TRIGGER {trigger}"))
        yield session
        session.rollback()


def column(table: Any, name: str) -> Any:
    return table.__table__.c[name]


def exported(session: AccountSession, id_: str) -> tuple[str, str]:
    session.expire_all()
    return export.serialize(session, id_, PEPPERS), "".join(export.table(session, id_))


def refusal(session: AccountSession, id_: str) -> str:
    """The message of the refusal, which both kinds of evidence share."""
    session.expire_all()
    with pytest.raises(EvidenceMismatch) as signed:
        export.serialize(session, id_, PEPPERS)
    with pytest.raises(EvidenceMismatch) as tabular:
        "".join(export.table(session, id_))
    assert signed.value.differences == tabular.value.differences
    assert id_ in str(signed.value)
    return " ".join(signed.value.differences)

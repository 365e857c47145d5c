"""A finished audit and its keys are never edited: triggers refuse it, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError

from storage.tables import Review, ReviewKey
from tests.keys.conftest import NOON, Domain
from tests.keys.reviews.reviewing import begin, keep, look

AUDITS, KEYS = Review.__table__, ReviewKey.__table__  # type: ignore[attr-defined]
# What posting the evidence writes.
MOVING = ("filed_at", "claimed_until")


def finished(domain: Domain) -> str:
    key, _ = domain.issue()
    id_ = begin(domain)
    keep(domain, id_, key.id)
    assert look(domain, id_).ended_at is not None
    return id_


def refused(domain: Domain, statement: Any) -> None:
    with (
        pytest.raises(DBAPIError, match="a finished audit is never edited"),
        domain.engine.begin() as connection,
    ):
        connection.execute(statement)


def test_no_column_and_no_row_of_it_is_edited(domain: Domain) -> None:
    finished(domain)
    other, _ = domain.issue("Other")
    another = select(*(literal(other.id) if c.name == "key_id" else c for c in KEYS.c))
    statements: list[Any] = [
        *(update(AUDITS).values({c: c}) for c in AUDITS.c if c.name not in MOVING),
        *(update(KEYS).values({c: c}) for c in KEYS.c),
        delete(KEYS),
        delete(AUDITS),
        insert(KEYS).from_select(list(KEYS.c), another),
    ]
    statements += {
        "sqlite": [
            text("REPLACE INTO audits SELECT * FROM audits"),
            text("REPLACE INTO audit_keys SELECT * FROM audit_keys"),
        ],
        "postgresql": [text("TRUNCATE audits CASCADE"), text("TRUNCATE audit_keys")],
    }[domain.engine.dialect.name]
    for statement in statements:
        refused(domain, statement)


def test_posting_its_evidence_is_still_recorded(domain: Domain) -> None:
    finished(domain)
    with domain.engine.begin() as connection:
        for name in MOVING:
            moved = update(AUDITS).values({AUDITS.c[name]: NOON})
            assert connection.execute(moved).rowcount == 1


def test_an_open_audit_is_edited_but_its_keys_do_not_move_into_a_finished_one(
    domain: Domain,
) -> None:
    first = finished(domain)
    domain.issue("Another")
    second = begin(domain, "2027-01-04")
    of_second = update(KEYS).where(KEYS.c.audit_id == second)
    refused(domain, of_second.values(audit_id=first))
    with domain.engine.begin() as connection:
        assert connection.execute(of_second.values(reason="open")).rowcount == 2

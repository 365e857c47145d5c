"""The upgrade that adds a column to a sealed table: what was sealed before it is genuine still."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import column, select, table, text

from keys.access_requests.decisions import approve
from keys.base.actors import Actor
from keys.changes.authorization import Caller, Role
from keys.changes.operation import execute
from keys.integrity import verify
from keys.operations import Ask
from runtime.errors import Tampered
from storage import reading, upgrade
from storage.seal_upgrades import seal_existing
from storage.seals import ADDED_LATER, SEALED, plain
from storage.tables import AccessRequest
from tests.keys.conftest import ALICE, LEASE, Domain, open_test_application

# The columns that the seal of a request covered before, in its order.
BEFORE = (
    "id", "account_id", "submission", "requester", "name", "scopes", "reason", "state",
    "created_at", "closes_at", "decided_by", "decided_at", "decision_reason", "key_id", "attempts",
)  # fmt: skip


def of_the_version_before(folder: Path) -> tuple[Domain, str]:
    """Return a database without the column, with a request as that version sealed it."""
    domain = open_test_application(folder)
    asked = execute(
        domain.services, Caller(Actor.person("U0BOB"), frozenset({Role.MEMBER})),
        Ask(name="CI", scopes=("read",), reason="Builds", idempotency_key="s"), wait=0,
    ).value  # fmt: skip
    with reading(domain.engine) as session:
        columns: Any = select(*map(column, BEFORE)).select_from(table("access_requests"))
        row = session.connection().execute(columns).one()
    covered = f"access_requests{tuple(map(plain, row))!a}".encode("ascii")
    seal = domain.services.peppers.seal(covered)
    with domain.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("UPDATE access_requests SET seal = :seal"), {"seal": seal})
        connection.execute(text("ALTER TABLE access_requests DROP COLUMN last_day"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0011'"))
    return domain, asked.id


def test_the_column_is_the_last_that_is_covered() -> None:
    assert SEALED[AccessRequest].columns == (*BEFORE, ADDED_LATER["access_requests"])


def test_a_request_that_was_sealed_before_is_approved_after_the_upgrade(tmp_path: Path) -> None:
    domain, request = of_the_version_before(tmp_path)
    upgrade(domain.engine)
    assert verify.verify_small(domain.engine, domain.services.peppers, {}) == []
    with domain.change(ALICE) as change:
        assert approve(change, request, LEASE) is not None
    assert verify.verify_small(domain.engine, domain.services.peppers, {}) == []
    domain.close()


def test_a_day_written_by_hand_after_the_upgrade_is_noticed(tmp_path: Path) -> None:
    domain, request = of_the_version_before(tmp_path)
    upgrade(domain.engine)
    with domain.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("UPDATE access_requests SET last_day = '2190-01-31'"))
    with pytest.raises(Tampered), domain.change(ALICE) as change:
        approve(change, request, LEASE)
    domain.close()


def test_a_database_of_a_version_without_seals_is_sealed_before_the_column_is_there(
    tmp_path: Path,
) -> None:
    domain, request = of_the_version_before(tmp_path)
    with domain.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("UPDATE access_requests SET seal = NULL"))
        seal_existing(connection, domain.services.peppers)
    upgrade(domain.engine)
    with domain.change(ALICE) as change:
        assert approve(change, request, LEASE) is not None
    domain.close()

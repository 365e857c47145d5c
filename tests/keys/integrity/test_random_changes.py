"""Whatever is changed by hand: nothing that was refused works, and what decides is reported."""

# ruff: noqa: S608 - statements are made of the names of our own tables and columns
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from keys.changes.authorization import Caller, Role
from keys.changes.operation import execute
from keys.credentials.verification import Verified
from keys.lifecycle.update import limit_key, set_expiry
from keys.operations import Ask, Rotate
from storage.seals import SEALED
from storage.tables import Event
from storage.triggers import without_triggers
from tests.keys.conftest import ALICE, BOB, LEASE, NOON, Domain, open_application_at
from tests.keys.integrity.attacks import findings, rows
from tests.keys.transfer.test_import_keys import DRF, SEAM, THREE, UNKEY, imports

# Of the audit log the hash covers every column but these.
UNCOVERED = {"id", "request_id"}
DECIDES = {
    sealed.name: {*sealed.columns, "seal"} for table, sealed in SEALED.items() if table is not Event
}
FLAGS = {"pending", "imported", "created", "owned", "sent"}


@dataclass
class Installation:
    """An installation with something of everything, and every token that there is."""

    domain: Domain
    tokens: tuple[str, ...]
    columns: dict[str, list[str]]

    def working(self) -> set[str]:
        verify = self.domain.verifier.verify
        return {token for token in self.tokens if isinstance(verify(token), Verified)}


@pytest.fixture
def installation(database_url: str) -> Iterator[Installation]:
    domain = open_application_at(database_url)
    tokens = [domain.issue(f"Key {number}")[1] for number in range(2)]
    narrow, token = domain.issue("Narrow")
    with domain.change(ALICE) as change:
        limit_key(change, narrow.id, rate_limit="5/minute", networks=("192.0.2.0/24",))
    with domain.change(ALICE) as change:
        set_expiry(change, narrow.id, (NOON + timedelta(days=30)).date())
    gone, lost = domain.issue("Gone")
    domain.revoke(gone.id)
    pending = domain.reserve("Pending")
    admin = Caller(ALICE, frozenset({Role.ADMIN}))
    rotate = Rotate(
        key=narrow.id, recipient=ALICE, grace=timedelta(0), idempotency_key="r", deadline=LEASE
    )
    rotated = execute(domain.services, admin, rotate, wait=0).value
    ask = Ask(name="CI", scopes=("read",), reason="Builds", idempotency_key="s")
    execute(domain.services, Caller(BOB, frozenset({Role.MEMBER})), ask, wait=0)
    imports(domain, THREE)
    every = [*tokens, token, lost, pending.token, rotated.token]
    shape = inspect(domain.engine)
    columns = {
        name: [column["name"] for column in shape.get_columns(name)]
        for name in shape.get_table_names()
        if name != "alembic_version" and rows(domain.engine, name)
    }
    yield Installation(domain, (*(one.reveal() for one in every), UNKEY, SEAM, DRF), columns)
    domain.close()


def other(column: str, value: Any, draw: st.DataObject) -> Any:
    """Another value that the column can hold: most are of the kind that a person would choose."""
    match value:
        case bool():
            return not value
        case 0 | 1 if column in FLAGS:  # as SQLite has it
            return 1 - value
        case int():
            return draw.draw(st.integers(0, 2**31 - 1))
        case bytes() | memoryview():
            return draw.draw(st.binary(min_size=1, max_size=36))
        case str() if value[:2] == "20" and value[4:5] == "-":
            return draw.draw(st.sampled_from([f"{year}-01-01 00:00:00.0" for year in (2020, 2099)]))
        case str() | None:
            return draw.draw(
                st.sampled_from(["active", "open", "read write", "U0MALLORY", "", "x"])
            )
        case _:
            return value + draw.draw(st.sampled_from([1, -1])) * timedelta(days=400)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_a_change_opens_nothing_and_is_reported(
    installation: Installation, draw: st.DataObject
) -> None:
    engine = installation.domain.engine
    table = draw.draw(st.sampled_from(sorted(installation.columns)))
    column = draw.draw(st.sampled_from(installation.columns[table]))
    row = draw.draw(st.sampled_from(rows(engine, table)))
    value = other(column, row[column], draw)
    assume(value != row[column])
    worked = installation.working()
    key: list[str] = inspect(engine).get_pk_constraint(table)["constrained_columns"]
    where = " AND ".join(f"{name} = :k_{name}" for name in key)
    # What makes the row findable again if its own key was changed.
    now = {f"k_{name}": value if name == column else row[name] for name in key}
    was = {f"k_{name}": row[name] for name in key}
    statement = text(f"UPDATE {table} SET {column} = :value WHERE {where}")

    def put(value: Any, at: dict[str, Any]) -> None:
        writes = engine.execution_options(writes=True).begin()
        with writes as connection, without_triggers(connection, table):
            connection.execute(statement, {"value": value, **at})

    try:
        put(value, was)
    except DBAPIError:
        return  # the database itself does not take it
    try:
        assert installation.working() <= worked
        told = findings(engine)
        decides = DECIDES.get(table, set())
        if table == "events":
            decides = set(row) - UNCOVERED
        if column in decides:
            assert told, f"{table}.{column}"
        else:
            assert not told, f"{table}.{column}"
            assert installation.working() == worked
    finally:
        put(row[column], now)
    assert findings(engine) == []

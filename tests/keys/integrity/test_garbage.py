"""Whatever stands in a column of a row: the row is reported, and all others are verified."""

# ruff: noqa: S608 - statements are made of the names of our own tables and columns
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from keys.changes import audit_log
from keys.changes.authorization import Caller, Role
from keys.changes.operation import execute
from keys.credentials.peppers import Peppers
from keys.integrity import walk
from keys.integrity.operations import ReportTampering
from keys.operations import Ask, Rotate, StartOffboarding
from keys.search import search
from keys.transfer import export_keys
from storage import reading, writing
from storage.seal_upgrades import Position, seal_again
from storage.seals import SEALED
from storage.triggers import without_triggers
from tests.keys.conftest import ALICE, BOB, LEASE, NOON, Domain, open_test_application
from tests.keys.integrity.attacks import by_hand, findings, past_triggers, rows

BOTH = Peppers({1: b"p" * 32, 2: b"n" * 32})
COLUMNS = [
    (sealed.name, column) for sealed in SEALED.values() for column in (*sealed.columns, "seal")
] + [("events", column) for column in ("at", "kind", "actor", "data", "previous")]
NOT_UTF8 = "CAST(x'ff67' AS TEXT)"
GARBAGE = st.one_of(
    st.sampled_from(["garbage", "", "{", "2026-02-30 25:00:00", 7, 10**18, 1.5, NOT_UTF8, None]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=40),
    st.text("ab", min_size=36, max_size=36),
)


def fill(domain: Domain, name: str) -> None:
    """Have a row in each sealed table: a key, its rotation, a request and an offboarding."""
    admin, member = Caller(ALICE, frozenset({Role.ADMIN})), Caller(BOB, frozenset({Role.MEMBER}))
    key, _ = domain.issue(name)
    rotate = Rotate(key=key.id, recipient=ALICE, idempotency_key="r", deadline=LEASE)
    execute(domain.services, admin, rotate, wait=0)
    ask = Ask(name="CI", scopes=("read",), reason="Builds", idempotency_key="s")
    execute(domain.services, member, ask, wait=0)
    execute(domain.services, admin, StartOffboarding(person=ALICE.id), wait=0)


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    opened = open_test_application(tmp_path)
    fill(opened, "Spoilt")
    opened.issue("Other")
    yield opened
    opened.close()


@contextmanager
def spoilt(domain: Domain, table: str, column: str, value: object) -> Iterator[bool]:
    """Write into a table's first row past every constraint, as anyone with SQL can; put it back.

    Yields:
        Whether the row is another one now.
    """
    first = f"rowid = (SELECT min(rowid) FROM {table})"
    loose, before = create_engine(domain.engine.url), rows(domain.engine, table, first)

    def put(value: object) -> None:
        sql, values = (value, {}) if value == NOT_UTF8 else (":value", {"value": value})
        with loose.connect() as connection:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
            # The driver begins no transaction before DDL: the triggers would stay dropped.
            connection.exec_driver_sql("BEGIN")
            with without_triggers(connection, table):
                connection.execute(
                    text(f"UPDATE {table} SET {column} = {sql} WHERE {first}"), values
                )
            connection.commit()

    try:
        # It may not be empty, or not be there twice.
        with suppress(IntegrityError):
            put(value)
        yield rows(domain.engine, table, first) != before
    finally:
        put(before[0][column])
        loose.dispose()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.sampled_from(COLUMNS), garbage=GARBAGE)
@example(where=("keys", "seal"), garbage=7)
@example(where=("keys", "seal"), garbage="a" * 36)
@example(where=("keys", "note"), garbage=NOT_UTF8)
@example(where=("events", "at"), garbage=7)
@example(where=("events", "data"), garbage=b"\xff")
@example(where=("events", "seq"), garbage="garbage")
@example(where=("events", "key_id"), garbage=b"\xff")
def test_garbage_is_reported_and_the_rest_is_verified(
    domain: Domain, where: tuple[str, str], garbage: object
) -> None:
    other = rows(domain.engine, "keys", "name = 'Other' OR name = 'Changed'")[0]
    by_hand(domain.engine, "UPDATE keys SET name = 'Changed' WHERE id = :id", id=other["id"])
    before = findings(domain.engine)
    with spoilt(domain, *where, garbage) as is_spoilt:
        found = findings(domain.engine)
        assert set(before) <= set(found)
        assert (len(found) > len(before)) == is_spoilt
        assert ReportTampering(findings=tuple(found)).findings == tuple(found)
    assert findings(domain.engine) == before


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.sampled_from(COLUMNS), garbage=GARBAGE)
@example(where=("keys", "seal"), garbage=7)
@example(where=("keys", "note"), garbage=NOT_UTF8)
def test_garbage_does_not_keep_the_rest_from_being_sealed_again(
    domain: Domain, where: tuple[str, str], garbage: object
) -> None:
    with spoilt(domain, *where, garbage), writing(domain.engine) as session:
        total = sum(len(rows(domain.engine, sealed.name)) for sealed in SEALED.values())
        sealed, position = seal_again(session.connection(), BOTH, 1_000)
        # The row itself, and the secrets of a spoilt key, which their seals cover as well.
        assert position is None
        assert sealed >= total - 3
        session.rollback()


def test_rows_whose_ids_are_no_text_keep_no_batch_from_ending(domain: Domain) -> None:
    (row,) = rows(domain.engine, "access_requests")
    others = ", ".join(column for column in row if column not in ("id", "submission"))
    # One has an id in the midst of those that are genuine, the others behind them.
    for number, id_ in enumerate(["00ff", "ff67", "ff68", "fffe"]):
        by_hand(
            domain.engine,
            f"INSERT INTO access_requests (id, submission, {others}) "
            f"SELECT CAST(x'{id_}' AS TEXT), {number}, {others} FROM access_requests LIMIT 1",
        )
    with mock.patch.object(walk, "_AT_ONCE", 1):
        assert len({one.row for one in findings(domain.engine)}) == 4
    with writing(domain.engine) as session:
        position: Position | None = Position()
        sealed, batches = 0, 0
        while position and (batches := batches + 1) < 200:
            again, position = seal_again(session.connection(), BOTH, 1, position)
            sealed += again
        assert position is None
        assert sealed == sum(len(rows(domain.engine, one.name)) for one in SEALED.values()) - 4
        session.rollback()


# What says how far something is has constraints, and what links rows has foreign keys.
READ = [one for one in COLUMNS if one[1] not in ("state", "method", "id", "account_id", "key_id")]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.sampled_from(READ), garbage=GARBAGE)
@example(where=("keys", "creator"), garbage=b"\xff")
@example(where=("keys", "expires_at"), garbage="garbage")
@example(where=("events", "data"), garbage="{")
@example(where=("events", "actor"), garbage=b"\xff")
def test_garbage_in_one_row_does_not_take_the_others_from_lists_and_exports(
    domain: Domain, where: tuple[str, str], garbage: object
) -> None:
    with (
        spoilt(domain, *where, garbage),
        reading(domain.engine, domain.account) as session,
    ):
        listed = search.page(session).keys
        exported = list(export_keys.rows(session, NOON, revoked=True))
        assert {"Other"} <= {key.name for key in listed} & {row["name"] for row in exported}
        assert len(exported) == 2
        for key in listed:
            assert audit_log.history(session, key.id)


def test_a_spoilt_report_does_not_keep_the_next_one_from_being_recorded(domain: Domain) -> None:
    def report() -> bool:
        by_hand(domain.engine, "UPDATE keys SET note = 'Changed'")
        operation = ReportTampering(findings=tuple(findings(domain.engine)))
        return execute(domain.services, Caller.system("integrity"), operation, wait=0).value

    assert report()
    past_triggers(domain.engine, "UPDATE events SET data = '{' WHERE kind = 'tampering.found'")
    assert report()

"""PostgreSQL has times that Python cannot represent: such a row is reported, the others go on."""

# ruff: noqa: S608 - statements are made of the names of our own tables and columns
from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from keys.changes import audit_log
from keys.credentials.verification import Refused, Verified, evaluate
from keys.search import search
from keys.transfer import export_keys
from storage import reading
from storage.seals import SEALED
from storage.secret_lookup import Lookup
from storage.tables.types import UtcDateTime
from tests.databases import fresh_on
from tests.keys.conftest import NOON, Domain, open_application_at
from tests.keys.integrity.attacks import by_hand, findings, past_triggers, rows
from tests.keys.integrity.test_garbage import fill
from tests.postgresql import Postgresql

TIMES = ["infinity", "-infinity", "20000-01-01 12:00+00", "0044-03-15 12:00+00 BC"]
COLUMNS = [
    (sealed.name, column.name)
    for table, sealed in SEALED.items()
    for column in table.metadata.tables[sealed.name].columns
    if isinstance(column.type, UtcDateTime)
]
DECIDES_NOTHING = {
    ("deliveries", "claimed_until"),
    ("offboarding_keys", "claimed_until"),
    ("rotations", "warned_at"),
}


@pytest.fixture
def domain(postgresql: Postgresql) -> Iterator[Domain]:
    with fresh_on(postgresql) as url:
        opened = open_application_at(url)
        fill(opened, "First")
        yield opened
        opened.close()


@pytest.mark.parametrize("time", TIMES)
def test_no_time_of_one_key_keeps_the_others_from_working(domain: Domain, time: str) -> None:
    key, token = domain.issue("Spoilt")
    other, good = domain.issue("Other")
    for table, column, where in (
        ("keys", "expires_at", "id"),
        ("secrets", "ends_at", "key_id"),
        ("secrets", "created_at", "key_id"),
        ("keys", "created_at", "id"),
    ):
        change = f"UPDATE {table} SET {column} = '{time}' WHERE {where} = :key"
        by_hand(domain.engine, change, key=key.id)
        with closing(Lookup(domain.engine)) as lookup:
            found = lookup.read([token.public_id, good.public_id])
        peppers = domain.services.peppers
        answer = evaluate(token, found[token.public_id], peppers, NOON)
        assert isinstance(answer, Refused)
        answer = evaluate(good, found[good.public_id], peppers, NOON)
        assert isinstance(answer, Verified)
        assert answer.key_id == other.id


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_time_is_reported_and_the_rest_is_verified(
    domain: Domain, table: str, column: str, time: str
) -> None:
    domain.issue("Other")
    first = f"ctid = (SELECT min(ctid) FROM {table})"
    past_triggers(domain.engine, f"UPDATE {table} SET {column} = '{time}' WHERE {first}")
    reported = {one.table for one in findings(domain.engine)}
    if (table, column) in DECIDES_NOTHING:
        assert reported == set()
    elif rows(domain.engine, table):
        assert table in reported
    with reading(domain.engine, domain.account) as session:
        exported = list(export_keys.rows(session, NOON, revoked=True))
    with reading(domain.engine, domain.account) as session:
        listed = search.page(session).keys
        histories = [audit_log.history(session, key.id) for key in listed]
    assert {"Other"} <= {key.name for key in listed} & {row["name"] for row in exported}
    assert all(histories)

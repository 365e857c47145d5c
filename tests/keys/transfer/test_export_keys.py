"""Exporting: everything about keys but what opens anything, safely and some at a time."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from sqlmodel import select

from keys.changes import audit_log
from keys.changes.authorization import Caller, Role
from keys.changes.operation import execute
from keys.transfer import export_keys
from keys.transfer.export_keys import COLUMNS, cell
from keys.transfer.formats import Form
from keys.transfer.operations import Export
from storage import reading, writing
from storage.tables import Event, Key, Secret
from tests.keys.conftest import ALICE, NOON, Domain


def export(house: Domain, form: Form, *, revoked: bool = False) -> str:
    with reading(house.engine, house.account) as session:
        rows = export_keys.rows(session, house.clock.now(), revoked=revoked)
        return "".join(export_keys.serialize(form, rows))


def as_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_everything_but_what_opens_anything(house: Domain) -> None:
    key, token = house.issue("Büro, “außen”", note="Two\nlines", scopes=("read", "write"))
    with reading(house.engine) as session:
        digest = session.exec(select(Secret)).one().digest
    for form in Form:
        text = export(house, form)
        for secret in (token.secret, token.public_id, digest.hex(), repr(digest)):
            assert secret not in text
    (row,) = json.loads(export(house, Form.JSON))
    assert tuple(row) == COLUMNS
    assert (row["id"], row["name"], row["note"]) == (key.id, key.name, "Two\nlines")
    assert (row["scopes"], row["owner"], row["state"]) == (["read", "write"], "U0ALICE", "active")
    assert (row["created_at"], row["expires_at"]) == (NOON.isoformat(), None)
    (line,) = as_csv(export(house, Form.CSV))
    assert line["name"] == key.name
    assert line["scopes"] == "read write"
    assert line["expires_at"] == ""


def test_revoked_keys_only_where_asked_for(house: Domain) -> None:
    first, _ = house.issue("Zebra")
    house.issue("Ant")
    house.issue("Expired", expires_at=NOON + timedelta(hours=1))
    house.reserve("Pending")
    house.revoke(first.id)
    house.clock.move(timedelta(hours=2))
    names = [(row["name"], row["state"]) for row in json.loads(export(house, Form.JSON))]
    assert names == [("Ant", "active"), ("Expired", "expired")]
    every = as_csv(export(house, Form.CSV, revoked=True))
    assert [row["name"] for row in every] == ["Ant", "Expired", "Zebra"]
    assert every[2]["revoked_by"] == "person:U0ALICE"


def test_no_keys(house: Domain) -> None:
    assert as_csv(export(house, Form.CSV)) == []
    assert export(house, Form.CSV).startswith('"id","name"')
    assert json.loads(export(house, Form.JSON)) == []


def test_other_teams_keys_stay_out(house: Domain) -> None:
    house.issue("Ours")
    with writing(house.engine, "acc_other") as session:
        rows = export_keys.rows(session, NOON, revoked=True)
        assert list(rows) == []


def test_many_pages(house: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_keys, "_AT_ONCE", 3)
    names = [f"Integration {n:02}" for n in range(10)]
    for name in names:
        house.issue(name)
    assert [row["name"] for row in json.loads(export(house, Form.JSON))] == names


def test_all_from_one_state(house: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_keys, "_AT_ONCE", 1)
    for name in "abc":
        house.issue(name)
    with reading(house.engine, house.account) as session:
        rows = export_keys.rows(session, NOON, revoked=False)
        seen = [next(rows)["name"]]
        with reading(house.engine) as other:
            key = other.exec(select(Key).where(Key.name == "b")).one()
        house.rename(key.id, "z")
        house.issue("bb")
        seen += [row["name"] for row in rows]
    assert seen == ["a", "b", "c"]


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@x", '=HYPERLINK("http://x","y")', "＝1", "＋1", "－1", "＠x"],
)
def test_no_cell_is_a_formula(house: Domain, name: str) -> None:
    house.issue(name)
    (line,) = as_csv(export(house, Form.CSV))
    assert line["name"] == f"'{name}"
    assert json.loads(export(house, Form.JSON))[0]["name"] == name


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), ("\tx", "'\tx"), ("\rx", "'\rx"), ("\nx", "'\nx"), (["a", "b"], "a b"),
     (["=a"], "'=a"), ("a=b", "a=b"), (" =x", " =x"), (5, "5")],
)  # fmt: skip
def test_cells(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_it_is_on_record_who_exported_how_many(house: Domain) -> None:
    house.issue("Zebra")
    gone, _ = house.issue("Ant")
    house.revoke(gone.id)
    admin = Caller(ALICE, frozenset({Role.ADMIN}))
    for revoked, number in ((False, 1), (True, 2)):
        operation = Export(form=Form.CSV, revoked=revoked)
        assert execute(house.service, admin, operation).value == number
    with reading(house.engine, house.account) as session:
        events = session.exec(select(Event).where(Event.kind == "keys.exported")).all()
        assert {event.actor for event in events} == {str(ALICE)}
        assert [json.loads(event.data) for event in events] == [
            {"count": 1, "form": "csv", "revoked": False},
            {"count": 2, "form": "csv", "revoked": True},
        ]
        assert audit_log.verify_chain(session) is None

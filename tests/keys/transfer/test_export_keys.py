"""Exporting: everything about keys but what opens anything, safely and some at a time."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from sqlmodel import select

from keys.changes.authorization import Caller, Role
from keys.changes.operation import execute
from keys.transfer import export_keys
from keys.transfer.export_keys import COLUMNS, cell
from keys.transfer.formats import Form
from keys.transfer.operations import Export
from storage import reading, writing
from storage.tables import Event, Key, Secret
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, NOON, Domain


def export(domain: Domain, form: Form, *, revoked: bool = False) -> str:
    with reading(domain.engine, domain.account) as session:
        rows = export_keys.rows(session, domain.clock.now(), revoked=revoked)
        return "".join(export_keys.serialize(form, rows))


def as_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_everything_but_what_opens_anything(domain: Domain) -> None:
    key, token = domain.issue("Büro, “außen”", note="Two\nlines", scopes=("read", "write"))
    with reading(domain.engine) as session:
        digest = session.exec(select(Secret)).one().digest
    for form in Form:
        text = export(domain, form)
        for secret in (token.secret, token.public_id, digest.hex(), repr(digest)):
            assert secret not in text
    (row,) = json.loads(export(domain, Form.JSON))
    assert tuple(row) == COLUMNS
    assert (row["id"], row["name"], row["note"]) == (key.id, key.name, "Two\nlines")
    assert (row["scopes"], row["owner"], row["state"]) == (["read", "write"], "U0ALICE", "active")
    assert (row["created_at"], row["expires_at"]) == (NOON.isoformat(), None)
    (line,) = as_csv(export(domain, Form.CSV))
    assert line["name"] == key.name
    assert line["scopes"] == "read write"
    assert line["expires_at"] == ""


def test_revoked_keys_only_where_asked_for(domain: Domain) -> None:
    first, _ = domain.issue("Zebra")
    domain.issue("Ant")
    domain.issue("Expired", expires_at=NOON + timedelta(hours=1))
    domain.reserve("Pending")
    domain.revoke(first.id)
    domain.clock.move(timedelta(hours=2))
    names = [(row["name"], row["state"]) for row in json.loads(export(domain, Form.JSON))]
    assert names == [("Ant", "active"), ("Expired", "expired")]
    every = as_csv(export(domain, Form.CSV, revoked=True))
    assert [row["name"] for row in every] == ["Ant", "Expired", "Zebra"]
    assert every[2]["revoked_by"] == "person:U0ALICE"


def test_no_keys(domain: Domain) -> None:
    assert as_csv(export(domain, Form.CSV)) == []
    assert export(domain, Form.CSV).startswith('"id","name"')
    assert json.loads(export(domain, Form.JSON)) == []


def test_other_teams_keys_stay_out(domain: Domain) -> None:
    domain.issue("Ours")
    with writing(domain.engine, "acc_other") as session:
        rows = export_keys.rows(session, NOON, revoked=True)
        assert list(rows) == []


def test_many_pages(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_keys, "_AT_ONCE", 3)
    names = [f"Integration {n:02}" for n in range(10)]
    for name in names:
        domain.issue(name)
    assert [row["name"] for row in json.loads(export(domain, Form.JSON))] == names


def test_all_from_one_state(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_keys, "_AT_ONCE", 1)
    for name in "abc":
        domain.issue(name)
    with reading(domain.engine, domain.account) as session:
        rows = export_keys.rows(session, NOON, revoked=False)
        seen = [next(rows)["name"]]
        with reading(domain.engine) as other:
            key = other.exec(select(Key).where(Key.name == "b")).one()
        domain.rename(key.id, "z")
        domain.issue("bb")
        seen += [row["name"] for row in rows]
    assert seen == ["a", "b", "c"]


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@x", '=HYPERLINK("http://x","y")', "＝1", "＋1", "－1", "＠x"],
)
def test_no_cell_is_a_formula(domain: Domain, name: str) -> None:
    domain.issue(name)
    (line,) = as_csv(export(domain, Form.CSV))
    assert line["name"] == f"'{name}"
    assert json.loads(export(domain, Form.JSON))[0]["name"] == name


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), ("\tx", "'\tx"), ("\rx", r"\rx"), ("\x1b[2Jx", r"\x1b[2Jx"),
     ("a\u202e\ud800", r"a\u202e\ud800"), ("\nx", "'\nx"), (["a", "b"], "a b"),
     (["=a"], "'=a"), ("a=b", "a=b"), (" =x", " =x"), (5, "5")],
)  # fmt: skip
def test_cells(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_it_is_on_record_who_exported_how_many(domain: Domain) -> None:
    domain.issue("Zebra")
    gone, _ = domain.issue("Ant")
    domain.revoke(gone.id)
    admin = Caller(ALICE, frozenset({Role.ADMIN}))
    for revoked, number in ((False, 1), (True, 2)):
        operation = Export(form=Form.CSV, revoked=revoked)
        assert execute(domain.services, admin, operation).value == number
    with reading(domain.engine, domain.account) as session:
        events = session.exec(select(Event).where(Event.kind == "keys.exported")).all()
        assert {event.actor for event in events} == {str(ALICE)}
        assert [json.loads(event.data) for event in events] == [
            {"count": 1, "form": "csv", "revoked": False},
            {"count": 2, "form": "csv", "revoked": True},
        ]
        assert verify_chain(session) is None

"""Tokens that an earlier version stored in texts are found, on each database."""

from __future__ import annotations

from sqlmodel import Session, col, update

from keys.credentials.tokens import make
from keys.leaks import stored_tokens as module
from keys.leaks.stored_tokens import StoredToken, stored_tokens
from storage import writing
from storage.tables import Key
from tests.keys.conftest import NOON, Domain


def found(domain: Domain) -> list[StoredToken]:
    with Session(domain.engine) as session:
        return list(stored_tokens(session, NOON))


def plant(domain: Domain, key_id: str, **texts: str) -> None:
    with writing(domain.engine) as session:
        session.execute(update(Key).where(col(Key.id) == key_id).values(**texts))


def test_ordinary_texts_have_none(domain: Domain) -> None:
    key, _ = domain.issue("Zapier", note="see https://example.com/a_b_c?x=" + "d" * 42)
    domain.revoke(key.id)
    assert found(domain) == []


def test_a_token_that_works_is_found_with_its_key_in_each_column(domain: Domain) -> None:
    key, token = domain.issue("Zapier")
    other, _ = domain.issue("Billing")
    plant(domain, other.id, name=token.reveal(), note=f"“{token.reveal()}”")
    (stored,) = found(domain)
    assert stored == StoredToken("keys", ("name", "note"), other.id, (key.id,), (key.id,))
    assert token.secret[:8] not in repr(stored)


def test_the_audit_log_and_the_outbox_are_searched(domain: Domain) -> None:
    key, token = domain.issue("Zapier")
    text = f"it was {token.reveal()}"
    # As a version did that did not refuse it.
    plant(domain, key.id, name=text)
    domain.revoke(key.id)
    assert {stored.table: stored.columns for stored in found(domain)} == {
        "events": ("data",), "keys": ("name",), "notices": ("data",),
    }  # fmt: skip
    assert all((stored.works, stored.known) == ((), (key.id,)) for stored in found(domain))


def test_a_token_of_another_system_or_a_damaged_one_has_no_key(domain: Domain) -> None:
    key, _ = domain.issue("Zapier")
    token = make("acme_live").reveal()
    for text in (token, token[:-1] + "!"):
        plant(domain, key.id, note=text)
        (stored,) = found(domain)
        assert (stored.columns, stored.works, stored.known) == (("note",), (), ())


def test_the_work_is_bounded(domain: Domain) -> None:
    ids = sorted(domain.issue(f"Key {number}")[0].id for number in range(4))
    for key_id in ids:
        plant(domain, key_id, note=make("ak").reveal())
    with Session(domain.engine) as session:
        limited = list(stored_tokens(session, NOON, rows_max=2))
        assert sorted(stored.row for stored in limited) == ids[2:]
        assert len(list(stored_tokens(session, NOON, found_max=1))) == 1


def test_the_columns_of_texts_are_all_among_them() -> None:
    searched = module.searched_columns()
    for name in (
        "keys.name", "keys.note", "keys.revoked_reason", "keys.search", "events.data",
        "notices.data", "live_messages.data", "access_requests.reason", "access_requests.name",
        "access_requests.decision_reason", "audit_keys.reason", "audit_keys.at_start",
        "homes.shown", "accounts.name", "offboarding_keys.problem",
    ):  # fmt: skip
        assert name in searched, searched

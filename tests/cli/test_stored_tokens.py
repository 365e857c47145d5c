"""The doctor finds tokens that an earlier version stored, and says which key to rotate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, update

from cli.doctor import stored_tokens
from cli.doctor.findings import CheckStatus, Finding
from keys.credentials.tokens import Token, make
from storage import writing
from storage.tables import Key
from tests.keys.conftest import Domain, open_test_application


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    opened = open_test_application(tmp_path)
    yield opened
    opened.close()


def findings(domain: Domain, *tokens: Token) -> list[Finding]:
    found = list(stored_tokens.check_stored_tokens(domain.engine))
    assert not any(token.secret[:10] in repr(found) for token in tokens)
    return found


def plant(domain: Domain, key_id: str, note: str) -> None:
    with writing(domain.engine) as session:
        session.execute(update(Key).where(col(Key.id) == key_id).values(note=note))


def test_without_a_token_all_is_well(domain: Domain) -> None:
    domain.issue("Zapier", note="For invoices")
    assert findings(domain) == [Finding(CheckStatus.FINE, "No stored text contains a token.")]


def test_one_that_works_is_bad_until_its_key_is_revoked(domain: Domain) -> None:
    key, token = domain.issue("Zapier")
    other, _ = domain.issue("Billing")
    plant(domain, other.id, f"it is {token.reveal()}")
    (found,) = findings(domain, token)
    assert found.status is CheckStatus.BAD
    assert found.what == f"A stored text contains a token that works: keys {other.id} (note)."
    assert found.remedy.startswith(f"Rotate or revoke {key.id}: ")
    domain.revoke(key.id)
    (found,) = findings(domain, token)
    assert found.status is CheckStatus.NOTE
    assert f"of {key.id} that does not work" in found.what


def test_one_that_works_is_not_hidden_by_many_others(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_tokens, "SHOWN_MAX", 3)
    others = [make("acme_live") for _ in range(5)]
    for number, other in enumerate(others):
        plant(domain, domain.issue(f"Key {number}")[0].id, other.reveal())
    key, token = domain.issue("Zapier")
    plant(domain, key.id, token.reveal())
    first, *rest, last = findings(domain, token, *others)
    assert (first.status, len(rest)) == (CheckStatus.BAD, 2)
    assert all("looks like a token" in found.what for found in rest)
    assert last.what == "Other stored texts with tokens: 3, 0 with one that works."

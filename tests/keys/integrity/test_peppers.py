"""Seals and peppers: how their keys are derived, and what happens when the pepper is replaced."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from keys.base.errors import PepperError
from keys.credentials.peppers import Hmac, Peppers, check_peppers, derive
from keys.credentials.verification import Reason, Refused, Verified
from storage import seals, writing
from storage.seal_upgrades import Position, seal_again
from storage.tables import Key
from tests.keys.conftest import NOON, Domain, open_application_at
from tests.keys.integrity.attacks import by_hand, findings, rows
from tests.keys.stored_verifier import StoredVerifier

OLD, NEW = b"p" * 32, b"n" * 32
BOTH, NEWEST = Peppers({1: OLD, 2: NEW}), Peppers({2: NEW})


@pytest.fixture
def domain(database_url: str) -> Iterator[Domain]:
    opened = open_application_at(database_url)
    yield opened
    opened.close()


@given(pepper=st.binary(min_size=32, max_size=64), purpose=st.binary(max_size=40))
def test_keys_are_derived_as_the_standard_says(pepper: bytes, purpose: bytes) -> None:
    assert derive(pepper, purpose) == HKDF(SHA256(), 32, salt=None, info=purpose).derive(pepper)


def test_a_seal_is_of_one_content_and_one_pepper() -> None:
    seal = BOTH.seal(b"content")
    assert BOTH.is_genuine(b"content", seal)
    assert NEWEST.is_genuine(b"content", seal)
    others = (None, b"", seal[:-1], seal + b"\0", b"\0\0\0\1" + seal[4:], b"\0\0\0\3" + seal[4:])
    assert not any(BOTH.is_genuine(b"content", other) for other in others)
    assert not BOTH.is_genuine(b"another", seal)
    assert not Peppers({1: OLD}).is_genuine(b"content", seal)
    # It is no digest of a token under the pepper itself.
    assert seal[4:] != BOTH.digest_bytes(b"content", 2)


def test_all_rows_are_sealed_with_the_new_pepper_while_everything_runs(domain: Domain) -> None:
    tokens = [domain.issue(f"Key {number}")[1].reveal() for number in range(5)]
    spoilt, _ = domain.issue("Spoilt")
    by_hand(domain.engine, "UPDATE keys SET scopes = 'read write' WHERE id = :id", id=spoilt.id)
    with writing(domain.engine) as session:
        check_peppers(session, domain.services.peppers, NOON)
    domain.services = replace(domain.services, peppers=BOTH)
    done: list[int] = []
    position: Position | None = Position()
    while position:
        with writing(domain.engine) as session:
            sealed, position = seal_again(session.connection(), BOTH, 7, position)
            done.append(sealed)
        if len(done) == 2:
            domain.rename(domain.issue("Meanwhile")[0].id, "Renamed meanwhile")
    assert max(done) == 7
    assert {one.key_id for one in findings(domain.engine, peppers=NEWEST)} == {spoilt.id}
    with closing(StoredVerifier(domain.engine, BOTH, domain.clock)) as verifier:
        assert all(isinstance(verifier.verify(token), Verified) for token in tokens)
    versions = {bytes(row["seal"])[:4] for row in rows(domain.engine, "events")}
    assert versions == {b"\0\0\0\2"}


def test_rows_that_are_not_genuine_do_not_keep_others_from_being_sealed(domain: Domain) -> None:
    first = [domain.issue(f"Spoilt {number}")[0].id for number in range(6)]
    key, token = domain.issue("The last one")
    by_hand(domain.engine, f"UPDATE keys SET name = 'Spoilt' WHERE id <> '{key.id}'")  # noqa: S608
    domain.services = replace(domain.services, peppers=BOTH)
    position: Position | None = Position()
    while position:
        with writing(domain.engine) as session:
            # Fewer rows at once than are spoilt.
            _, position = seal_again(session.connection(), BOTH, 2, position)
    assert {one.key_id for one in findings(domain.engine, peppers=NEWEST)} == set(first)
    with closing(StoredVerifier(domain.engine, NEWEST, domain.clock)) as verifier:
        # The token's own digest still needs the former pepper.
        assert verifier.verify(token.reveal()) == Refused(Reason.PEPPER)
    with closing(StoredVerifier(domain.engine, BOTH, domain.clock)) as verifier:
        assert isinstance(verifier.verify(token.reveal()), Verified)


def test_a_pepper_is_not_taken_away_while_rows_are_sealed_with_it(domain: Domain) -> None:
    key, _ = domain.issue()
    domain.revoke(key.id)
    with writing(domain.engine) as session:
        check_peppers(session, BOTH, NOON)
    with writing(domain.engine) as session, pytest.raises(PepperError, match=r"sealed .*version 1"):
        check_peppers(session, NEWEST, NOON)
    with writing(domain.engine) as session:
        assert seal_again(session.connection(), BOTH, 100)[1] is None
    with writing(domain.engine) as session:
        check_peppers(session, NEWEST, NOON)


def test_without_a_sealer_nothing_that_decides_is_written(domain: Domain) -> None:
    domain.issue()
    unbound = domain.engine.execution_options(apikeys_sealer=None)
    with pytest.raises(RuntimeError, match=r"storage\.seals\.bind"), writing(unbound) as session:
        key = session.get(Key, rows(domain.engine, "keys")[0]["id"])
        assert key is not None
        key.name = "Changed"
        session.flush()
    assert seals.SEALED[Key].columns[0] == "id"


@given(key=st.binary(max_size=200), content=st.binary(max_size=500))
def test_our_hmac_is_the_librarys(key: bytes, content: bytes) -> None:
    made = Hmac(key)
    expected = hmac.digest(key, content, hashlib.sha256)
    # Twice: the first must leave nothing behind.
    assert [made(content), made(content)] == [expected, expected]

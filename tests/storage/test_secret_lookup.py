"""What the driver reads is what SQLAlchemy reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select

from storage import StorageUnavailable, open_engine, reading, secret_lookup, upgrade, writing
from storage.seals import content_of, plain
from storage.secret_lookup import Lookup, SecretRow, WouldBlock
from storage.tables import Event, Key, Secret
from tests.databases import fresh_on
from tests.keys.conftest import NOON, Domain, open_application_at
from tests.postgresql import Postgresql


@pytest.fixture
def domain(database_url: str) -> Iterator[Domain]:
    opened = open_application_at(database_url)
    yield opened
    opened.close()


def _expected(domain: Domain) -> dict[str, SecretRow]:
    with reading(domain.engine) as session:
        pairs = session.exec(select(Secret, Key).join(Key, col(Key.id) == col(Secret.key_id)))
        return {
            secret.public_id: SecretRow._make(
                plain(value)
                for value in (
                    secret.id, secret.account_id, secret.key_id, secret.public_id, secret.digest,
                    secret.pepper_version, secret.hint, secret.created_at, secret.ends_at,
                    secret.pending, secret.imported, secret.algorithm, secret.revision,
                    key.id, key.account_id, key.state, key.name, key.owner, key.scopes,
                    key.expires_at, key.rate_limit, key.networks, key.revision,
                    secret.seal, _recorded(session, key.id), key.state == "revoked",
                )
            )
            for secret, key in pairs
        }  # fmt: skip


def _recorded(session: Session, key_id: str) -> int:
    newest = session.exec(select(func.max(Event.revision)).where(Event.key_id == key_id)).one()
    assert newest is not None
    return newest


def test_it_reads_what_is_there(domain: Domain) -> None:
    domain.issue("Büro, “außen” \U0001f511", owner=None)
    domain.issue("Dated", expires_at=NOON + timedelta(days=3, microseconds=1))
    domain.reserve("Pending")
    key, token = domain.issue("Revoked")
    domain.revoke(key.id)
    with writing(domain.engine) as session:
        secret = session.exec(select(Secret).where(Secret.public_id == token.public_id)).one()
        secret.ends_at = NOON
        session.add(secret)
    expected = _expected(domain)
    with reading(domain.engine) as session:
        contents = {
            each.public_id: content_of(session, each) for each in session.exec(select(Secret))
        }
    with closing(Lookup(domain.engine)) as lookup:
        found = lookup.read([*expected, "unknown00000"])
        assert found == expected
        assert {name: row.content for name, row in found.items()} == contents
        assert lookup.read(["unknown00000"]) == {}


def test_a_glance_reads_the_same_or_says_that_it_would_wait(domain: Domain) -> None:
    domain.issue()
    ((public_id, row),) = _expected(domain).items()
    with closing(Lookup(domain.engine)) as lookup:
        if domain.engine.dialect.name == "sqlite":
            assert lookup.try_read_now(public_id) == row
            assert lookup.try_read_now("unknown00000") is None
        else:
            with pytest.raises(WouldBlock):
                lookup.try_read_now(public_id)


def test_each_read_sees_what_was_committed_before(domain: Domain) -> None:
    key, token = domain.issue()
    with closing(Lookup(domain.engine)) as lookup:
        assert lookup.read([token.public_id])[token.public_id].state == "active"
        domain.revoke(key.id)
        assert lookup.read([token.public_id])[token.public_id].state == "revoked"


def _import(domain: Domain, digest: bytes) -> Secret:
    """Makes a key whose secret has this digest of another system's making."""
    _, token = domain.issue(f"Imported {digest.hex()[:8]}")
    with writing(domain.engine) as session:
        secret = session.exec(select(Secret).where(Secret.public_id == token.public_id)).one()
        secret.imported, secret.algorithm, secret.digest = True, "sha256", digest
        session.add(secret)
    return secret


def test_imported_secrets_are_read_by_their_digests(domain: Domain) -> None:
    _, ours = domain.issue("Ours")
    own = domain.services.peppers.digest(ours, 1)
    with closing(Lookup(domain.engine)) as lookup:
        assert not lookup.any_imported()
        assert lookup.read_imported([own, b"x" * 32]) == {}
        one, two = _import(domain, b"1" * 32), _import(domain, b"2" * 64)
        expected = _expected(domain)
        found = lookup.read_imported([b"1" * 32, b"2" * 64, own, b"x" * 32])
        assert found == {each.digest: expected[each.public_id] for each in (one, two)}
        assert lookup.any_imported()
        if domain.engine.dialect.name == "sqlite":
            assert lookup.try_read_imported_now([b"1" * 32, own]) == {b"1" * 32: found[b"1" * 32]}
            assert lookup.try_any_imported_now()
        else:
            for try_now in (
                lambda: lookup.try_read_imported_now([own]),
                lookup.try_any_imported_now,
            ):
                with pytest.raises(WouldBlock):
                    try_now()


def test_imported_secrets_are_read_through_their_index(tmp_path: Path) -> None:
    domain = open_application_at(f"sqlite:///{tmp_path / 'keys.db'}")
    with closing(Lookup(domain.engine)) as lookup:
        seen: list[str] = []
        for query, values in (
            (f"{secret_lookup._SELECT_IMPORTED}IN (?, ?)", (b"1", b"2")),
            (secret_lookup._ANY_IMPORTED.format("?"), (b"",)),
        ):
            seen.append(str(lookup._at_once(f"EXPLAIN QUERY PLAN {query}", values)))
    assert all("imported_digests" in plan for plan in seen), seen
    domain.close()


def test_a_file_whose_name_means_something_in_an_address(tmp_path: Path) -> None:
    domain = open_application_at(f"sqlite:///{tmp_path / '100% of a #c.db'}")
    _, token = domain.issue()
    with closing(Lookup(domain.engine)) as lookup:
        assert list(lookup.read([token.public_id])) == [token.public_id]
        assert lookup.try_read_now(token.public_id) is not None
    domain.close()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'keys.db'}")
    (tmp_path / "keys.db").unlink()
    with closing(Lookup(engine)) as lookup:
        with pytest.raises(StorageUnavailable):
            lookup.read(["a"])
        with pytest.raises(WouldBlock):
            lookup.try_read_now("a")
    engine.dispose()


def test_a_server_that_was_restarted_is_found_again() -> None:
    with Postgresql() as server:
        engine = open_engine(server.url())
        upgrade(engine)
        with closing(Lookup(engine)) as lookup:
            assert lookup.read(["a"]) == {}
            server.stop()
            with pytest.raises(StorageUnavailable):
                lookup.read(["a"])
            server.start()
            assert lookup.read(["a"]) == {}
            server.stop()
            server.start()
            # The connection is from before the restart, which only a query tells.
            assert lookup.read(["a"]) == {}
        engine.dispose()


def test_postgresql_plans_a_read_once_and_reads_no_table_from_end_to_end(
    postgresql: Postgresql,
) -> None:
    with fresh_on(postgresql) as url:
        domain = open_application_at(url)
        tokens = [domain.issue(f"Program {number}")[1].public_id for number in range(12)]
        with closing(Lookup(domain.engine)) as lookup:
            for token in tokens:
                lookup.read([token])
                lookup.read_imported([token.encode()])
            connection = lookup._mine.connection
            plans = connection.execute(
                "SELECT generic_plans > 5, custom_plans FROM pg_prepared_statements "
                "WHERE statement LIKE '%FROM secrets JOIN keys%'"
            ).fetchall()
            assert plans == [(True, 0)] * 2
            for condition, value in (
                (secret_lookup._BY_PUBLIC_ID, tokens[0]),
                (secret_lookup._BY_IMPORTED_DIGEST, b"1"),
            ):
                query = f"EXPLAIN {secret_lookup._JOINED['postgresql']}{condition}= ANY(%s)"
                explained = str(connection.execute(query, ([value],)).fetchall())
                assert "Index" in explained
                assert "Seq Scan" not in explained
        domain.close()

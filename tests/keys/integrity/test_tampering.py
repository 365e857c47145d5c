"""What a writer to the database tries by SQL alone: it is refused, and it is reported."""

# ruff: noqa: S608 - statements are made of the names of our own tables and columns
from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from keys.access_requests.decisions import approve
from keys.base.policy import DeliveryWay
from keys.changes.authorization import Caller, Role
from keys.changes.operation import execute
from keys.credentials.tokens import Token
from keys.credentials.verification import Reason, Refused, Verified
from keys.delivery.completion import complete
from keys.integrity import findings as found
from keys.integrity import verify
from keys.integrity.anchor import Anchor, AnchorFile
from keys.integrity.follow import follow
from keys.lifecycle.create import create_pending_key
from keys.lifecycle.update import limit_key, set_expiry
from keys.operations import Ask, Reveal
from keys.rotation.operations import Rotate
from keys.search import search
from keys.transfer import export_keys
from runtime.errors import Tampered
from storage import reading, writing
from storage.tables import AccessRequest
from tests.keys.conftest import ALICE, BOB, LEASE, NOON, Domain, open_application_at
from tests.keys.integrity.attacks import (
    by_hand,
    findings,
    forged,
    past_triggers,
    put_back,
    rows,
)

PLANTED = "Ab3dEf6h.kJ8sLq0ZxTnVb2Yc4RfWmPg7HdUe5KiO"


@pytest.fixture
def domain(database_url: str) -> Iterator[Domain]:
    opened = open_application_at(database_url)
    yield opened
    opened.close()


def works(domain: Domain, token: Token) -> bool:
    return isinstance(domain.verifier.verify(token.reveal()), Verified)


def limited(domain: Domain, name: str = "Limited") -> tuple[str, Token]:
    """A key of one scope, from one network, at a rate, until a day."""
    key, token = domain.issue(name)
    with domain.change(ALICE) as change:
        limit_key(change, key.id, rate_limit="5/minute", networks=("192.0.2.0/24",))
    with domain.change(ALICE) as change:
        set_expiry(change, key.id, (NOON + timedelta(days=30)).date())
    return key.id, token


CHANGES = {
    "more scopes": "UPDATE keys SET scopes = 'read write' WHERE id = :id",
    "no networks": "UPDATE keys SET networks = '' WHERE id = :id",
    "other networks": "UPDATE keys SET networks = '0.0.0.0/0' WHERE id = :id",
    "no rate limit": "UPDATE keys SET rate_limit = '' WHERE id = :id",
    "no expiry": "UPDATE keys SET expires_at = NULL WHERE id = :id",
    "a later expiry": "UPDATE keys SET expires_at = '2099-01-01 00:00:00.000000' WHERE id = :id",
    "another owner": "UPDATE keys SET owner = 'U0MALLORY' WHERE id = :id",
    "another name": "UPDATE keys SET name = 'Harmless' WHERE id = :id",
    "another revision": "UPDATE keys SET revision = revision + 1 WHERE id = :id",
    "a secret without an end": "UPDATE secrets SET hint = 'ak_…' WHERE key_id = :id",
    "a secret without a seal": "UPDATE secrets SET seal = NULL WHERE key_id = :id",
    "a secret of another revision": "UPDATE secrets SET revision = 0 WHERE key_id = :id",
}


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
def test_a_changed_row_is_refused_and_reported_and_others_are_not(
    domain: Domain, statement: str
) -> None:
    id_, token = limited(domain)
    _, other = domain.issue("Other")
    assert works(domain, token)
    assert findings(domain.engine) == []
    assert by_hand(domain.engine, statement, id=id_) == 1
    assert domain.verifier.verify(token.reveal()) == Refused(Reason.SEAL, id_)
    assert {one.key_id for one in findings(domain.engine)} == {id_}
    assert works(domain, other)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE keys SET creator = 'person:U0MALLORY' WHERE id = :id",
        "UPDATE keys SET backup_owner = 'U0MALLORY' WHERE id = :id",
        "UPDATE keys SET note = 'Harmless' WHERE id = :id",
        "UPDATE keys SET seal = NULL WHERE id = :id",
        "UPDATE keys SET seal = (SELECT seal FROM keys WHERE id <> :id) WHERE id = :id",
    ],
)
def test_what_decides_about_no_request_is_reported_and_not_written_on(
    domain: Domain, statement: str
) -> None:
    id_, token = limited(domain)
    domain.issue("Other")
    by_hand(domain.engine, statement, id=id_)
    assert [(one.table, one.key_id) for one in findings(domain.engine)] == [("keys", id_)]
    with pytest.raises(Tampered):
        domain.rename(id_, "Another name")
    assert works(domain, token)
    domain.revoke(id_)
    assert not works(domain, token)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("seal", ["NULL", "borrowed"])
def test_a_planted_digest_opens_nothing(domain: Domain, algorithm: str, seal: str) -> None:
    key, _ = domain.issue()
    sealed = {
        "NULL": "NULL",
        "borrowed": "(SELECT seal FROM secrets LIMIT 1)",
    }[seal]
    planted = by_hand(
        domain.engine,
        "INSERT INTO secrets (id, account_id, key_id, public_id, digest, pepper_version, hint, "
        "created_at, pending, imported, algorithm, revision, seal) SELECT 'sec_planted', "
        "account_id, id, 'imp_planted00000', :digest, 1, 'x', created_at, false, true, "
        f":algorithm, revision, {sealed} FROM keys WHERE id = :id",
        digest=hashlib.new(algorithm, PLANTED.encode()).digest(),
        algorithm=algorithm,
        id=key.id,
    )
    assert planted == 1
    assert isinstance(domain.verifier.verify(PLANTED), Refused)
    assert {one.row for one in findings(domain.engine)} == {"sec_planted"}


def test_a_secret_pointed_at_another_key_opens_nothing(domain: Domain) -> None:
    weak, token = domain.issue("Weak")
    strong, other = domain.issue("Strong", scopes=("read", "write"))
    gone, lost = domain.issue("Gone")
    domain.revoke(gone.id)
    for key_id, moved in ((weak.id, token), (gone.id, lost)):
        by_hand(
            domain.engine, "UPDATE secrets SET key_id = :to WHERE key_id = :from_",
            to=strong.id, from_=key_id,
        )  # fmt: skip
        assert not works(domain, moved)
    assert works(domain, other)
    assert {one.what for one in findings(domain.engine)} >= {found.CHANGED, found.NO_SECRETS}


def test_a_revoked_key_is_not_revived(domain: Domain) -> None:
    key, token = domain.issue()
    domain.revoke(key.id)
    by_hand(
        domain.engine,
        "UPDATE keys SET state = 'active', revoked_at = NULL, revoked_by = NULL WHERE id = :id",
        id=key.id,
    )
    assert domain.verifier.verify(token.reveal()) == Refused(Reason.SEAL, key.id)
    assert {one.what for one in findings(domain.engine)} == {found.CHANGED}


def test_rows_put_back_as_they_were_are_refused_while_the_record_holds_more(
    domain: Domain,
) -> None:
    id_, token = limited(domain)
    before = rows(domain.engine, "keys"), rows(domain.engine, "secrets")
    with domain.change(ALICE) as change:
        limit_key(change, id_, rate_limit="1/minute", networks=())
    narrowed = rows(domain.engine, "keys"), rows(domain.engine, "secrets")
    domain.revoke(id_)
    for keys, secrets in (before, narrowed):
        put_back(domain.engine, "keys", keys)
        put_back(domain.engine, "secrets", secrets)
        assert domain.verifier.verify(token.reveal()) == Refused(Reason.RECORD, id_)
        assert [one.what for one in findings(domain.engine)] == [found.PUT_BACK]
    # Without the revision of the last entry, the revocation itself is still there.
    past_triggers(domain.engine, "UPDATE events SET revision = NULL WHERE kind = 'key.revoked'")
    assert domain.verifier.verify(token.reveal()) == Refused(Reason.RECORD, id_)
    assert {one.what for one in findings(domain.engine)} == {found.ENDED_BEFORE, found.BROKEN}


def test_what_was_put_back_is_not_made_genuine_by_later_changes_but_can_be_revoked(
    domain: Domain,
) -> None:
    id_, token = limited(domain, "Narrowed")
    before = rows(domain.engine, "keys"), rows(domain.engine, "secrets")
    with domain.change(ALICE) as change:
        limit_key(change, id_, rate_limit="1/minute", networks=("198.51.100.0/24",))
    put_back(domain.engine, "keys", before[0])
    put_back(domain.engine, "secrets", before[1])
    for name in ("Later", "Later still"):
        with pytest.raises(Tampered):
            domain.rename(id_, name)
        assert domain.verifier.verify(token.reveal()) == Refused(Reason.RECORD, id_)
    admin = Caller(ALICE, frozenset({Role.ADMIN}))
    rotate = Rotate(
        key=id_, recipient=ALICE, grace=timedelta(0), idempotency_key="r", deadline=LEASE
    )
    with pytest.raises(Tampered):
        execute(domain.services, admin, rotate, wait=0)
    assert [one.what for one in findings(domain.engine)] == [found.PUT_BACK]
    domain.revoke(id_)
    assert not works(domain, token)
    assert {one.key_id for one in findings(domain.engine)} == {id_}


def test_one_of_a_keys_secrets_put_back_as_it_was_is_refused(domain: Domain) -> None:
    key, old = domain.issue()
    before = rows(domain.engine, "secrets")
    admin = Caller(ALICE, frozenset({Role.ADMIN}))
    rotate = Rotate(
        key=key.id, recipient=ALICE, grace=timedelta(0), idempotency_key="r", deadline=LEASE
    )
    rotated = execute(domain.services, admin, rotate, wait=0).value
    with domain.change(ALICE) as change:
        complete(change, rotated.delivery_id, timedelta(minutes=15))
    assert not works(domain, old)
    assert works(domain, rotated.token)
    put_back(domain.engine, "secrets", before)
    assert domain.verifier.verify(old.reveal()) == Refused(Reason.SEAL, key.id)
    assert works(domain, rotated.token)
    assert [one.what for one in findings(domain.engine)] == [found.CHANGED]


def test_a_record_that_was_put_back_too_is_noticed_by_its_anchor(
    domain: Domain, tmp_path: Path
) -> None:
    anchors = AnchorFile(tmp_path / "anchor.json")
    key, token = domain.issue()
    keys, secrets = rows(domain.engine, "keys"), rows(domain.engine, "secrets")
    newest = max(one["seq"] for one in rows(domain.engine, "events"))
    domain.revoke(key.id)
    with reading(domain.engine) as session:
        assert follow(session, anchors, domain.account) == []
    past_triggers(domain.engine, "DELETE FROM notices", f"DELETE FROM events WHERE seq > {newest}")
    put_back(domain.engine, "keys", keys)
    put_back(domain.engine, "secrets", secrets)
    # Nothing inside the database tells it from the truth …
    assert works(domain, token)
    assert findings(domain.engine) == []
    # … but what has been seen of it outside.
    for attempt in range(2):
        with reading(domain.engine) as session:
            (told,) = follow(session, anchors, domain.account)
        assert (told.account_id, told.what) == (domain.account, found.SHORTER)
        assert findings(domain.engine, anchors.read()) == [told]
        # Writing on does not hide it.
        domain.issue(f"Later {attempt}")


def test_an_anchor_never_goes_back(tmp_path: Path) -> None:
    anchors = AnchorFile(tmp_path / "home" / "anchor.json")
    anchors.advance("acc_1", Anchor(7, "aa"))
    anchors.advance("acc_2", Anchor(1, "bb"))
    anchors.advance("acc_1", Anchor(6, "cc"))
    anchors.advance("acc_1", Anchor(7, "dd"))
    assert anchors.read() == {"acc_1": Anchor(7, "aa"), "acc_2": Anchor(1, "bb")}
    assert (tmp_path / "home" / "anchor.json").stat().st_mode & 0o077 == 0
    anchors.accept({"acc_1": Anchor(2, "ee")})
    assert anchors.read() == {"acc_1": Anchor(2, "ee"), "acc_2": Anchor(1, "bb")}


RECORDS = {
    "edited": ["UPDATE events SET actor = 'person:U0MALLORY' WHERE seq = 2"],
    "data edited": ["UPDATE events SET data = '{}' WHERE seq = 2"],
    "revision edited": ["UPDATE events SET revision = 9 WHERE seq = 2"],
    "removed": ["DELETE FROM notices", "DELETE FROM events WHERE seq = 2"],
    "the first removed": ["DELETE FROM events WHERE seq = 1"],
    "moved": [
        "UPDATE events SET seq = 99 WHERE seq = 1",
        "UPDATE events SET seq = 1 WHERE seq = 2",
        "UPDATE events SET seq = 2 WHERE seq = 99",
    ],
}


@pytest.mark.parametrize("statements", RECORDS.values(), ids=RECORDS)
@pytest.mark.parametrize("rehashed", [False, True], ids=["as it is", "with hashes that fit"])
def test_an_edited_record_is_noticed(domain: Domain, statements: list[str], rehashed: bool) -> None:
    domain.issue("One")
    domain.issue("Two")
    assert findings(domain.engine) == []
    past_triggers(domain.engine, *statements)
    if rehashed:
        kept = sorted(rows(domain.engine, "events"), key=lambda row: row["seq"])
        for row in forged(kept):
            past_triggers(
                domain.engine,
                f"UPDATE events SET seq = {row['seq']}, previous = '{row['previous']}', "
                f"hash = '{row['hash']}' WHERE id = {row['id']}",
            )
    assert found.BROKEN in {one.what for one in findings(domain.engine)}


def test_no_token_goes_to_a_person_whom_the_record_does_not_name(domain: Domain) -> None:
    with domain.change(ALICE) as change:
        made = create_pending_key(change, domain.request("Shown"), ALICE, LEASE, DeliveryWay.REVEAL)
    by_hand(domain.engine, "UPDATE deliveries SET recipient = :to", to=str(BOB))
    with pytest.raises(Tampered, match="apikeys db verify"):
        execute(
            domain.services, Caller(BOB, frozenset()), Reveal(delivery=made.delivery_id), wait=0
        )
    assert [one.table for one in findings(domain.engine)] == ["deliveries"]


@pytest.mark.parametrize("column", ["requester", "name", "scopes", "reason", "last_day"])
def test_a_request_that_was_changed_is_not_approved(domain: Domain, column: str) -> None:
    asked = execute(
        domain.services, Caller(BOB, frozenset({Role.MEMBER})),
        Ask(name="CI", scopes=("read",), reason="Builds", idempotency_key="sub_1"), wait=0,
    ).value  # fmt: skip
    by_hand(domain.engine, f"UPDATE access_requests SET {column} = 'write'")
    with pytest.raises(Tampered), domain.change(ALICE) as change:
        approve(change, asked.id, LEASE)
    assert [one.table for one in findings(domain.engine)] == ["access_requests"]


@pytest.mark.parametrize("before", [None, "", "2190-01-31"])
@pytest.mark.parametrize("after", ["NULL", "''", "'2190-01-31'", "'2190-02-01'"])
def test_a_day_that_was_added_removed_or_changed_is_noticed(
    domain: Domain, before: str | None, after: str
) -> None:
    asked = execute(
        domain.services, Caller(BOB, frozenset({Role.MEMBER})),
        Ask(name="CI", scopes=("read",), reason="Builds", idempotency_key="sub_1"), wait=0,
    ).value  # fmt: skip
    with writing(domain.engine, domain.account) as session:
        session.get_one(AccessRequest, asked.id).last_day = before
    assert findings(domain.engine) == []
    by_hand(domain.engine, f"UPDATE access_requests SET last_day = {after}")
    same = after == ("NULL" if before is None else f"'{before}'")
    assert len(findings(domain.engine)) == (0 if same else 1)


def test_what_was_changed_is_not_made_genuine_by_the_next_change_but_can_be_revoked(
    domain: Domain,
) -> None:
    id_, token = limited(domain)
    by_hand(domain.engine, CHANGES["more scopes"], id=id_)
    with pytest.raises(Tampered):
        domain.rename(id_, "Another name")
    assert not works(domain, token)
    domain.revoke(id_)
    assert not works(domain, token)
    assert {one.key_id for one in findings(domain.engine)} == {id_}


def test_a_program_of_the_version_before_fails_with_a_sentence(domain: Domain) -> None:
    domain.issue()
    (row,) = rows(domain.engine, "events", "seq = 1")
    row |= {"seq": 3, "seal": None, "id": None}
    columns = ", ".join(name for name in row if name != "id")
    values = ", ".join(f":{name}" for name in row if name != "id")
    with pytest.raises(DBAPIError, match="program of an older version, so upgrade it"):
        by_hand(domain.engine, f"INSERT INTO events ({columns}) VALUES ({values})", **row)


def test_a_row_with_garbage_takes_nothing_else_away(domain: Domain) -> None:
    if domain.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL stores no such text")
    spoilt, _ = domain.issue("Spoilt")
    other, token = domain.issue("Other")
    for column in ("created_at", "expires_at", "revoked_at"):
        by_hand(domain.engine, f"UPDATE keys SET {column} = 'garbage' WHERE id = :id", id=spoilt.id)
    with reading(domain.engine, domain.account) as session:
        assert [key.id for key in search.page(session).keys] == [other.id, spoilt.id]
        exported = list(export_keys.rows(session, NOON, revoked=True))
    assert {row["name"] for row in exported} == {"Spoilt", "Other"}
    assert works(domain, token)
    assert {one.key_id for one in findings(domain.engine)} == {spoilt.id}


def test_only_a_small_database_is_verified_by_the_way(domain: Domain) -> None:
    domain.issue()
    count = verify.count(domain.engine)
    peppers = domain.services.peppers
    assert verify.verify_small(domain.engine, peppers, {}, most=count) == []
    assert verify.verify_small(domain.engine, peppers, {}, most=count - 1) is None

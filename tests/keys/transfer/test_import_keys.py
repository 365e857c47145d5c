"""Importing keys by their hashes: what is added, what is not, and that they then are keys."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from keys.base import accounts
from keys.base.actors import Actor
from keys.base.errors import PepperError
from keys.base.models import State
from keys.changes.authorization import Caller
from keys.changes.operation import execute
from keys.credentials.algorithms import Algorithm
from keys.credentials.digests import SIZES, candidates, foreign_key, matches, plain_digest
from keys.credentials.peppers import Peppers, check_peppers
from keys.credentials.verification import Reason, Refused, Verified
from keys.rotation.start import begin_rotation, start_rotation
from keys.search import search
from keys.transfer import import_keys
from keys.transfer.events import KeysImported
from keys.transfer.import_files import read
from keys.transfer.import_keys import Plan, Upgrade
from keys.transfer.import_rows import Defaults, ImportRow, check
from keys.transfer.operations import Import
from storage import reading, writing
from storage.tables import Event, Key, OutboxRow, Secret
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, LEASE, NOON, Domain, open_application_at
from tests.keys.stored_verifier import StoredVerifier

ME = Actor.operator("root@host")
OPERATOR = Caller.operator("root@host")
# Of each system's form; the digests are made as each system makes them.
UNKEY = "sk_live_3ZYh9LqX8RzmTt5vW2nKpA"
SEAM = "mycompany_BRTRKFsL_51FwqftsmMDHHbJAMEXXHCgG"
DRF = "Ab3dEf6h.kJ8sLq0ZxTnVb2Yc4RfWmPg7HdUe5KiO"


def sha256_base64(key: str) -> str:
    return base64.b64encode(hashlib.sha256(key.encode()).digest()).decode()


def csv_of(*lines: str) -> str:
    return "\n".join(("name,hash,algorithm,scopes,external_id", *lines))


THREE = csv_of(
    f"Zapier,{sha256_base64(UNKEY)},unkey,read,key_1",
    f"Seam,{hashlib.sha256(SEAM.rpartition('_')[2].encode()).hexdigest()},seam,read write,key_2",
    f'Django,sha512$${hashlib.sha512(DRF.encode()).hexdigest()},drf,"read,write",key_3',
)


def imports(domain: Domain, text: str, *, strict: bool = True, **defaults: object) -> Plan:
    checked = check(read(text), Defaults(**defaults), domain.clock.now())  # type: ignore[arg-type]
    assert not checked.problems, checked.problems
    with domain.change(ME) as change:
        return import_keys.carry_out(change, checked.entries, all_or_nothing=strict)


def key_named(domain: Domain, name: str) -> Key:
    with reading(domain.engine) as session:
        return session.exec(select(Key).where(Key.name == name)).one()


def secret_of(session: Session, name: str) -> Secret:
    return session.exec(select(Secret).join(Key).where(Key.name == name)).one()


def test_keys_of_three_systems_work_as_they_are(domain: Domain) -> None:
    assert domain.verifier.verify(UNKEY) == Refused(Reason.MALFORMED)
    made = imports(domain, THREE)
    assert len(made.fresh) == 3
    for key, name, scopes in ((UNKEY, "Zapier", 1), (SEAM, "Seam", 2), (DRF, "Django", 2)):
        answer = domain.verifier.verify(key)
        assert isinstance(answer, Verified)
        assert (answer.name, len(answer.scopes)) == (name, scopes)
        assert domain.verifier.verify(key[:-1]) == Refused(Reason.MALFORMED)


def test_what_an_imported_key_is(domain: Domain) -> None:
    digest = hashlib.sha256(UNKEY.encode()).hexdigest()
    imports(
        domain,
        "name,hash,hint,owner,scopes,created_at,expires_at,note,external_id\n"
        f"Zapier,{digest},sk_live_3ZYh,U0BOB,read,2024-01-31T10:00:00Z,2027-01-31,Why,key_1\n",
    )
    with reading(domain.engine, domain.account) as session:
        (key,) = search.page(session, "KEY_1").keys
    assert (key.name, key.hint, key.owner, key.note) == ("Zapier", "sk_live_3ZYh…", "U0BOB", "Why")
    assert key.created_at == datetime(2024, 1, 31, 10, tzinfo=UTC)
    assert key.expires_at == datetime(2027, 2, 1, tzinfo=UTC)
    assert key.creator == ME
    domain.clock.move(key.expires_at - NOON)
    assert domain.verifier.verify(UNKEY) == Refused(Reason.EXPIRED, key.id)


def test_the_same_file_again_adds_nothing(domain: Domain) -> None:
    imports(domain, THREE)
    key = key_named(domain, "Zapier")
    domain.rename(key.id, "Zapier, production")
    domain.revoke(key_named(domain, "Seam").id)
    with writing(domain.engine) as session:
        secret = secret_of(session, "Zapier, production")
        import_keys.upgrade(session, {secret.id: Upgrade(b"n" * 32, 1)})
    again = imports(domain, THREE)
    assert (again.fresh, again.problems) == ([], [])
    assert again.known == ["line 2", "line 3", "line 4"]
    assert isinstance(domain.verifier.verify(SEAM), Refused)


def test_without_external_ids_it_adds_nothing_either(domain: Domain) -> None:
    text = f"name,hash\nZapier,{hashlib.sha256(UNKEY.encode()).hexdigest()}\n"
    assert len(imports(domain, text, scopes=("read",)).fresh) == 1
    assert imports(domain, text, scopes=("read",)).known == ["line 2"]
    both = Peppers({1: b"p" * 32, 2: b"q" * 32})
    domain.services = replace(domain.services, peppers=both)
    assert imports(domain, text, scopes=("read",)).known == ["line 2"]


def test_a_taken_name_gets_a_number(domain: Domain) -> None:
    domain.issue("Zapier")
    wanted = ("zapier", "Zapier", "", "", "x" * 80, "x" * 80)
    lines = [f"{name},{hashlib.sha256(bytes([n])).hexdigest()}" for n, name in enumerate(wanted)]
    made = imports(domain, "\n".join(("name,hash", *lines)), scopes=("read",))
    names = [each.name for each in made.fresh]
    expected = ["zapier (2)", "Zapier (3)", "Imported key", "Imported key (2)", "x" * 80]
    assert names[:5] == expected
    assert names[5] == "x" * 76 + " (2)"
    assert [each.name for each in made.renamed] == [*expected[:2], expected[3], names[5]]


def test_all_or_nothing_and_what_fits(domain: Domain) -> None:
    imports(domain, THREE)
    fresh = csv_of(
        f"Other,{hashlib.sha256(b'1').hexdigest()},,read,key_9",
        f"Zapier,{hashlib.sha256(b'2').hexdigest()},,read,key_1",
        f"Django,{hashlib.sha512(DRF.encode()).hexdigest()},,read,key_8",
    )
    refused = imports(domain, fresh)
    assert [each.where for each in refused.problems] == ["line 3", "line 4"]
    assert "another hash" in refused.problems[0].why
    assert "“key_3”" in refused.problems[1].why
    assert isinstance(domain.verifier.verify("1"), Refused)
    done = imports(domain, fresh, strict=False)
    assert [each.name for each in done.fresh] == ["Other"]
    assert isinstance(domain.verifier.verify("1"), Verified)


def test_a_hash_belongs_to_one_workspace(domain: Domain) -> None:
    imports(domain, THREE)
    with writing(domain.engine) as plain:
        other = accounts.connect(plain, "T0OTHER", "Other", NOON)
    with writing(domain.engine, other) as session:
        entries = check(read(THREE), Defaults(), NOON).entries
        made = import_keys.plan(domain.services, session, entries)
    assert [each.where for each in made.problems] == ["line 2", "line 3", "line 4"]
    assert all("another workspace" in each.why for each in made.problems)


def test_it_is_on_record_and_the_team_is_told(domain: Domain) -> None:
    domain.issue("Before")
    imports(domain, THREE)
    with reading(domain.engine, domain.account) as session:
        assert verify_chain(session) is None
        events = session.exec(select(Event).where(Event.actor == str(ME)).order_by(Event.seq)).all()  # type: ignore[arg-type]
        assert [event.kind for event in events] == ["key.imported"] * 3 + ["keys.imported"]
        assert json.loads(events[0].data) == {
            "name": "Zapier",
            "owner": None,
            "scopes": ["read"],
            "algorithm": "sha256",
            "external_id": "key_1",
        }
        (notice,) = session.exec(select(OutboxRow).where(OutboxRow.kind == "keys.imported"))
        assert json.loads(notice.data) == {"count": 3}
    domain.issue("After")
    with reading(domain.engine, domain.account) as session:
        assert verify_chain(session) is None


def rows_of(text: str) -> list[ImportRow]:
    return check(read(text), Defaults(), NOON).entries


def count_rows(domain: Domain) -> dict[str, int]:
    """How many rows there are of what an import writes."""
    tables = (Key, Secret, Event, OutboxRow)
    with reading(domain.engine) as session:
        return {table.__name__: len(session.exec(select(table)).all()) for table in tables}


@pytest.mark.parametrize("broken", ["keys.changes.audit_log.append", "keys.changes.outbox.add"])
def test_an_import_that_cannot_be_announced_adds_nothing(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    woken: list[str] = []
    services = replace(domain.services, wake=lambda: woken.append("woken"))
    operation = Import(rows=rows_of(THREE), all_or_nothing=True)

    def fail(session: Session, *_: object) -> None:
        assert len(session.exec(select(Key)).all()) == 3, "the keys are added before"
        raise RuntimeError("the power went")

    before = count_rows(domain)
    with monkeypatch.context() as patched:
        patched.setattr(broken, fail)
        with pytest.raises(RuntimeError, match="the power went"):
            execute(services, OPERATOR, operation)
    assert (count_rows(domain), woken) == (before, [])
    assert isinstance(domain.verifier.verify(UNKEY), Refused)
    assert len(execute(services, OPERATOR, operation).value.fresh) == 3
    after = {"Key": 3, "Secret": 3, "Event": 4, "OutboxRow": 1}
    assert count_rows(domain) == {name: before[name] + more for name, more in after.items()}
    assert woken == ["woken"]


def test_an_import_that_adds_nothing_is_not_announced(domain: Domain) -> None:
    imports(domain, THREE)
    before = count_rows(domain)
    operation = Import(rows=rows_of(THREE), all_or_nothing=True)
    assert not execute(domain.services, OPERATOR, operation).changed
    assert count_rows(domain) == before


def test_what_others_hear_of_is_not_recorded_in_bulk(domain: Domain) -> None:
    refused = pytest.raises(ValueError, match=r"keys\.imported does more than add to the audit log")
    with domain.change(ME) as change, refused:
        change.record_all([KeysImported([None], ME)])


def test_the_others_digest_is_gone_after_an_upgrade(domain: Domain) -> None:
    imports(domain, THREE)
    peppers = domain.services.peppers
    with writing(domain.engine) as session:
        ids = {name: secret_of(session, name).id for name in ("Zapier", "Seam", "Django")}
        keys = {ids["Zapier"]: UNKEY, ids["Seam"]: SEAM, ids["Django"]: DRF}
        made = {id_: Upgrade(peppers.digest_bytes(key.encode(), 1), 1) for id_, key in keys.items()}
        assert import_keys.upgrade(session, made) == 3
    with writing(domain.engine) as session:
        late = {id_: Upgrade(b"another gateway's" + bytes(15), 1) for id_ in made}
        assert import_keys.upgrade(session, late) == 0
        for secret in session.exec(select(Secret)):
            assert (secret.algorithm, secret.pepper_version) == ("hmac", 1)
            assert secret.digest == made[secret.id].digest
    for key in keys.values():
        assert isinstance(domain.verifier.verify(key), Verified)


def test_no_secret_of_ours_is_ever_upgraded_so(domain: Domain) -> None:
    _, token = domain.issue()
    with writing(domain.engine) as session:
        (secret,) = session.exec(select(Secret)).all()
        assert import_keys.upgrade(session, {secret.id: Upgrade(bytes(32), 1)}) == 0
    assert isinstance(domain.verifier.verify(token.reveal()), Verified)


def test_revoked_it_works_no_more(domain: Domain) -> None:
    imports(domain, THREE)
    key = key_named(domain, "Zapier")
    domain.revoke(key.id)
    assert domain.verifier.verify(UNKEY) == Refused(Reason.REVOKED, key.id)


def test_rotated_it_gets_a_token_of_ours(domain: Domain) -> None:
    imports(domain, THREE)
    key = key_named(domain, "Zapier")
    hour = timedelta(hours=1)
    with domain.change(ALICE) as change:
        made = begin_rotation(
            change, key.id, recipient=ALICE, grace=hour,
            idempotency_key="req_rotation", delivery_deadline=LEASE,
        )  # fmt: skip
    with domain.change(ALICE) as change:
        start_rotation(change, made.delivery_id, None)
    assert isinstance(domain.verifier.verify(UNKEY), Verified)
    assert isinstance(domain.verifier.verify(made.token.reveal()), Verified)
    domain.clock.move(hour)
    assert domain.verifier.verify(UNKEY) == Refused(Reason.ENDED, key.id)
    assert isinstance(domain.verifier.verify(made.token.reveal()), Verified)
    assert imports(domain, THREE).known == ["line 2", "line 3", "line 4"]


def test_what_is_kept_of_others_digests_needs_the_pepper_too(domain: Domain) -> None:
    imports(domain, THREE)
    with writing(domain.engine) as session, pytest.raises(PepperError, match="version 1"):
        check_peppers(session, Peppers({7: b"z" * 32}), NOON)
    both = Peppers({1: b"p" * 32, 7: b"z" * 32})
    with closing(StoredVerifier(domain.engine, both, domain.clock)) as verifier:
        assert isinstance(verifier.verify(UNKEY), Verified)


def test_no_digest_of_another_system_is_kept_as_it_was(domain: Domain) -> None:
    imports(domain, THREE)
    with reading(domain.engine) as session:
        kept = {secret.digest for secret in session.exec(select(Secret))}
    bare = {plain_digest(name, key.encode()) for name in SIZES for key in (UNKEY, SEAM, DRF)}
    assert len(kept) == 3
    assert not kept & bare


def test_a_token_of_ours_is_found_by_no_digest(domain: Domain) -> None:
    """The digest of a token is of all but its checksum, so that much must not open anything."""
    _, token = domain.issue()
    imports(domain, THREE)
    assert domain.verifier.verify(token.signed_part) == Refused(Reason.MALFORMED)


def test_no_token_of_ours_names_an_imported_secret(domain: Domain) -> None:
    imports(domain, THREE)
    with reading(domain.engine) as session:
        ids = [secret.public_id for secret in session.exec(select(Secret))]
    assert all(len(each) == 16 and each.startswith("imp_") for each in ids)


@pytest.mark.slow
def test_a_hundred_thousand_are_added_in_few_statements(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A tenth of them here, with everything that more would do more often."""
    domain = open_application_at(f"sqlite:///{tmp_path_factory.mktemp('many') / 'keys.db'}")
    lines = [
        f"Key,{hashlib.sha256(str(n).encode()).hexdigest()},,read,ext_{n}" for n in range(10_000)
    ]
    assert len(imports(domain, csv_of(*lines)).fresh) == 10_000
    assert isinstance(domain.verifier.verify("9999"), Verified)
    with reading(domain.engine, domain.account) as session:
        assert verify_chain(session) is None
        assert search.page(session).total == 10_000
    assert len(imports(domain, csv_of(*lines)).known) == 10_000
    domain.close()


# Digests alone


@pytest.fixture
def peppers() -> Peppers:
    return Peppers({1: b"p" * 32, 3: b"q" * 32})


def test_each_algorithm_makes_what_its_system_makes() -> None:
    long = b"51FwqftsmMDHHbJAMEXXHCgG"
    assert plain_digest(Algorithm.SHA256, b"abc").hex() == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert plain_digest(Algorithm.SHA256_LAST, SEAM.encode()) == hashlib.sha256(long).digest()
    assert plain_digest(Algorithm.SHA512, b"abc") == hashlib.sha512(b"abc").digest()
    assert {name: len(plain_digest(name, b"x")) for name in SIZES} == SIZES
    with pytest.raises(ValueError, match="pepper"):
        plain_digest(Algorithm.HMAC, b"x")


def test_candidates_are_all_digests_and_the_strongest_first(peppers: Peppers) -> None:
    key = b"a_b"
    found = candidates(key, peppers)
    assert found[:2] == [peppers.digest_bytes(key, 3), peppers.digest_bytes(key, 1)]
    plain = {name: plain_digest(name, key) for name in SIZES}
    assert found[2:] == [
        peppers.imported_digest(name, plain[name], version) for version in (3, 1) for name in plain
    ]


def test_a_digest_matches_only_as_it_was_made(peppers: Peppers) -> None:
    key = b"a_b"
    for name in SIZES:
        kept = peppers.imported_digest(name, plain_digest(name, key), 3)
        assert matches(name, 3, kept, key, peppers)
        assert not matches(name, 1, kept, key, peppers)
        assert not matches(name, 2, kept, key, peppers)
        assert not matches(name, 3, kept, b"other_c", peppers)
        # As another system has it, or under the name of another algorithm, it opens nothing.
        assert not matches(name, 3, plain_digest(name, key), key, peppers)
        assert not any(matches(other, 3, kept, key, peppers) for other in SIZES if other != name)
    assert matches("hmac", 3, peppers.digest_bytes(key, 3), key, peppers)
    assert not matches("hmac", 1, peppers.digest_bytes(key, 3), key, peppers)
    assert not matches("hmac", 2, b"", key, peppers)
    assert not matches("md5", 3, b"", key, peppers)


@pytest.mark.parametrize("text", ["", "a b", "a\tb", "ä", "a\x00", "a\x7f", "x" * 201])
def test_what_can_be_no_imported_key(text: str) -> None:
    assert foreign_key(text) is None


def test_what_can_be_one() -> None:
    assert foreign_key("x" * 200) == b"x" * 200
    assert foreign_key("a.b-c_d~!{}") == b"a.b-c_d~!{}"


def test_what_the_audit_log_does_not_know_refuses(domain: Domain) -> None:
    imports(domain, THREE)
    key = key_named(domain, "Zapier")
    assert key.state == State.ACTIVE
    with writing(domain.engine) as session:
        secret = secret_of(session, "Zapier")
        secret.pending = True
        session.add(secret)
    assert domain.verifier.verify(UNKEY) == Refused(Reason.RECORD, key.id)

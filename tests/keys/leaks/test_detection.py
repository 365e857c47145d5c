"""Tokens in texts: found wherever they stand, known only by the whole secret, noted once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from keys.base.errors import NotAllowed
from keys.base.models import State
from keys.base.policy import Leaked, Policy
from keys.changes import audit_log
from keys.changes.authorization import Caller, Role
from keys.changes.operation import execute
from keys.credentials import tokens as token_form
from keys.credentials.tokens import ALPHABET, PREFIX_MAX, Token, make, parse
from keys.leaks import detection
from keys.leaks.events import MESSAGE_KIND, MessageLocation
from keys.leaks.operations import REASON, LeakedToken, RecordLeaks
from storage import reading
from storage.tables import Account, Event, LiveMessageRow, OutboxRow
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, Domain
from tests.keys.rotation.test_rotations import rotate

LOCATION = MessageLocation("C0GENERAL", "1790000000.000100", "U0BOB")
OTHER = MessageLocation("C0GENERAL", "1790000000.000200", "U0BOB")


def look(
    domain: Domain,
    *texts: str,
    location: MessageLocation = LOCATION,
    revoke: bool = False,
    account: str = "",
) -> list[LeakedToken]:
    services = replace(
        domain.services,
        account_id=account or domain.account,
        policy=Policy(leaked=Leaked.REVOKE if revoke else Leaked.ASK),
    )
    operation = RecordLeaks(tokens=tuple(detection.tokens_in(texts)), location=location)
    return execute(services, Caller.system("leaks"), operation, wait=0).value


def count(domain: Domain, table: type, kind: str) -> int:
    with reading(domain.engine) as session:
        return len(session.exec(select(table).where(col(table.kind) == kind)).all())  # type: ignore[attr-defined]


def untouched(domain: Domain) -> bool:
    return not count(domain, Event, "token.seen") and not count(
        domain, LiveMessageRow, MESSAGE_KIND
    )


# --- finding -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "use {} for it",
        "```\n{}\n```",
        "`{}`",
        "Authorization: Bearer {}",
        "https://x.test/?key={}&a=b",
        "KEY={}.",
        '{{"key":"{}"}}',
        "my_{}",
        "key{}",
        "{}_and_more",
        "ключ{}",
    ],
)
def test_a_token_is_found_whatever_stands_around_it(around: str) -> None:
    token = make("ak")
    assert detection.tokens_in([around.format(token.reveal())]) == [token]


def test_each_is_found_once_in_its_order_and_of_any_prefix() -> None:
    tokens = [make("ak"), make("acme_live"), make("old")]
    texts = [token.reveal() for token in tokens]
    assert detection.tokens_in([" ".join(texts), texts[0], "\n".join(texts)]) == tokens
    assert (
        len(detection.tokens_in(make("ak").reveal() for _ in range(detection.MOST + 5)))
        == detection.MOST
    )


def test_what_is_damaged_is_no_token() -> None:
    text = make("ak").reveal()
    swapped = text[:-1] + ("A" if text[-1] != "A" else "B")
    for damaged in (text[:-1], text + "x", swapped, text.upper(), text.replace("_", "-"), text[3:]):
        assert detection.tokens_in([damaged]) == []


@given(st.text(alphabet=f"{ALPHABET}_ \n", max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    assert all(found.reveal() in text for found in detection.tokens_in([text]))


@pytest.mark.parametrize("filler", ["a", "_", "a_", "ak_", "_" + "a" * 12, "_" + "a" * 12 + "_"])
def test_the_longest_message_is_no_burden(filler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def counted(text: str) -> Token:
        tried.append(text)
        return parse(text)

    monkeypatch.setattr(token_form, "parse", counted)
    token = make("ak")
    assert detection.tokens_in([(filler * 40_000)[:40_000] + " " + token.reveal()]) == [token]
    assert len(tried) <= PREFIX_MAX


# --- noting --------------------------------------------------------------------------------------


def test_a_working_token_is_noted_once_for_each_message(domain: Domain) -> None:
    key, token = domain.issue()
    (found,) = look(domain, token.reveal())
    assert (found.key.id, found.worked) == (key.id, True)
    assert look(domain, f"edited: {token.reveal()}") == []
    assert len(look(domain, token.reveal(), location=OTHER)) == 1
    assert count(domain, LiveMessageRow, MESSAGE_KIND) == 2
    assert count(domain, Event, "token.seen") == 2
    with reading(domain.engine, domain.account) as session:
        (entry, *_) = audit_log.history(session, key.id)
        assert verify_chain(session) is None
        kept = [row.data for row in session.exec(select(Event))]
        kept += [row.data + row.subject for row in session.exec(select(LiveMessageRow))]
        kept += [row.data for row in session.exec(select(OutboxRow))]
    assert (entry.kind, str(entry.actor)) == ("token.seen", "system:leaks")
    assert token.secret not in json.dumps(kept)


def test_a_renamed_key_is_no_other_sighting(domain: Domain) -> None:
    key, token = domain.issue()
    look(domain, token.reveal())
    domain.rename(key.id, "Renamed")
    assert look(domain, token.reveal()) == []


def test_several_in_one_message_are_each_noted(domain: Domain) -> None:
    (first, one), (second, two) = domain.issue("First"), domain.issue("Second")
    found = look(domain, f"{one.reveal()} and {two.reveal()}", one.reveal())
    assert [sighting.key.id for sighting in found] == [first.id, second.id]


def test_nothing_but_the_whole_secret_counts(domain: Domain) -> None:
    _, token = domain.issue()
    guess = Token(token.prefix, token.public_id, make("ak").secret)
    other = Token("xx", token.public_id, token.secret)
    assert look(domain, guess.reveal(), other.reveal(), make("ak").reveal(), token.hint) == []
    assert untouched(domain)


def test_another_accounts_token_is_none_of_ours(domain: Domain) -> None:
    _, token = domain.issue()
    other = Account(id="acc_other", workspace_id="T0OTHER", created_at=domain.clock.now())
    domain.write(lambda session: session.add(other))
    assert look(domain, token.reveal(), account="acc_other", revoke=True) == []
    assert untouched(domain)


@pytest.mark.parametrize("revoke", [True, False])
def test_what_does_not_work_raises_no_alarm(domain: Domain, revoke: bool) -> None:
    key, revoked = domain.issue("Revoked")
    domain.revoke(key.id)
    replaced, expired = domain.issue("Old", expires_at=domain.clock.now() + timedelta(days=1))
    rotate(domain, replaced.id, grace=timedelta(hours=1))
    pending = domain.reserve("Pending").token
    domain.clock.move(timedelta(days=1))
    told = count(domain, OutboxRow, "key.revoked")
    found = look(domain, *(t.reveal() for t in (revoked, expired, pending)), revoke=revoke)
    assert [sighting.worked for sighting in found] == [False] * 3
    assert count(domain, LiveMessageRow, MESSAGE_KIND) == 0
    assert count(domain, OutboxRow, "key.revoked") == told
    assert look(domain, revoked.reveal(), expired.reveal()) == []


@pytest.mark.parametrize("revoke", [True, False])
def test_a_token_that_would_work_again_raises_an_alarm(domain: Domain, revoke: bool) -> None:
    _, token = domain.issue("Expired", expires_at=domain.clock.now() + timedelta(days=1))
    domain.clock.move(timedelta(days=3))
    (found,) = look(domain, token.reveal(), revoke=revoke)
    assert (found.worked, found.alarming) == (False, True)
    assert found.key.state is (State.REVOKED if revoke else State.ACTIVE)
    assert count(domain, LiveMessageRow, MESSAGE_KIND) == 1
    assert (count(domain, OutboxRow, "key.revoked") > 0) == revoke


def test_a_replaced_token_does_not_end_its_key(domain: Domain) -> None:
    key, old = domain.issue()
    _, new = rotate(domain, key.id, grace=timedelta(hours=1))
    domain.clock.move(timedelta(hours=2))
    (found,) = look(domain, old.reveal(), revoke=True)
    assert (found.worked, found.key.state) == (False, State.ACTIVE)
    (found,) = look(domain, new.reveal(), revoke=True)
    assert (found.worked, found.key.state) == (True, State.REVOKED)


def test_revoked_at_once_and_only_once(domain: Domain) -> None:
    key, token = domain.issue()
    (found,) = look(domain, token.reveal(), revoke=True)
    assert (found.worked, found.key.state) == (True, State.REVOKED)
    assert found.key.revoked_reason == REASON
    assert look(domain, token.reveal(), revoke=True) == []
    assert count(domain, Event, "key.revoked") == 1
    assert count(domain, LiveMessageRow, MESSAGE_KIND) == 1
    with reading(domain.engine, domain.account) as session:
        kinds = [entry.kind for entry in audit_log.history(session, key.id)]
    assert kinds[:2] == ["key.revoked", "token.seen"]


def test_two_tokens_of_one_key_both_worked_and_revoke_it_once(domain: Domain) -> None:
    key, old = domain.issue()
    _, new = rotate(domain, key.id, grace=timedelta(hours=1))
    found = look(domain, old.reveal(), new.reveal(), revoke=True)
    assert [(one.worked, one.key.state) for one in found] == [(True, State.REVOKED)] * 2
    assert count(domain, LiveMessageRow, MESSAGE_KIND) == 2
    assert count(domain, Event, "key.revoked") == 1


def test_the_program_alone_records_leaks(domain: Domain) -> None:
    _, token = domain.issue()
    operation = RecordLeaks(tokens=(token,), location=LOCATION)
    for role in (Role.ADMIN, Role.MEMBER, Role.OPERATOR):
        with pytest.raises(NotAllowed):
            execute(domain.services, Caller(ALICE, frozenset({role})), operation)
    assert untouched(domain)
    assert token.secret not in repr(operation)


def test_noting_and_revoking_stand_or_fall_together(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = domain.issue()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr("keys.leaks.operations.revoke_key", broken)
        with pytest.raises(RuntimeError, match="the power went"):
            look(domain, token.reveal(), revoke=True)
    assert untouched(domain)
    assert len(look(domain, token.reveal(), revoke=True)) == 1


def test_how_it_stands_is_told_anew(domain: Domain) -> None:
    key, _ = domain.issue(expires_at=domain.clock.now() + timedelta(days=9))
    with reading(domain.engine) as session:
        secret = session.exec(
            select(detection.Secret.id).where(detection.Secret.key_id == key.id)  # type: ignore[attr-defined]
        ).one()

    def token_status(account: str = "") -> detection.TokenStatus:
        with reading(domain.engine, account or domain.account) as session:
            now = domain.clock.now()
            return detection.token_status(session, secret, now)

    assert (token_status().works, token_status().hint) == (True, key.hint)
    assert token_status("acc_other") == detection.TokenStatus("", works=False, ends_at=None)
    rotate(domain, key.id, grace=timedelta(hours=1))
    assert token_status().ends_at == domain.clock.now() + timedelta(hours=1)
    domain.clock.move(timedelta(hours=1))
    assert not token_status().works

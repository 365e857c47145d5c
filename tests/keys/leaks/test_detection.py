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
from keys.leaks.events import MESSAGE_KIND, Place
from keys.leaks.operations import REASON, LeakedToken, RecordLeaks
from storage import reading
from storage.tables import Account, Event, LiveMessageRow, OutboxRow
from tests.keys.conftest import ALICE, Domain
from tests.keys.rotation.test_rotations import rotate

PLACE = Place("C0GENERAL", "1790000000.000100", "U0BOB")
OTHER = Place("C0GENERAL", "1790000000.000200", "U0BOB")


def look(
    house: Domain, *texts: str, place: Place = PLACE, revoke: bool = False, account: str = ""
) -> list[LeakedToken]:
    services = replace(
        house.service,
        account_id=account or house.account,
        policy=Policy(leaked=Leaked.REVOKE if revoke else Leaked.ASK),
    )
    operation = RecordLeaks(tokens=tuple(detection.tokens_in(texts)), place=place)
    return execute(services, Caller.system("leaks"), operation, wait=0).value


def count(house: Domain, table: type, kind: str) -> int:
    with reading(house.engine) as session:
        return len(session.exec(select(table).where(col(table.kind) == kind)).all())  # type: ignore[attr-defined]


def untouched(house: Domain) -> bool:
    return not count(house, Event, "token.seen") and not count(house, LiveMessageRow, MESSAGE_KIND)


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


def test_a_working_token_is_noted_once_for_each_message(house: Domain) -> None:
    key, token = house.issue()
    (found,) = look(house, token.reveal())
    assert (found.key.id, found.worked) == (key.id, True)
    assert look(house, f"edited: {token.reveal()}") == []
    assert len(look(house, token.reveal(), place=OTHER)) == 1
    assert count(house, LiveMessageRow, MESSAGE_KIND) == 2
    assert count(house, Event, "token.seen") == 2
    with reading(house.engine, house.account) as session:
        (entry, *_) = audit_log.history(session, key.id)
        assert audit_log.verify_chain(session) is None
        kept = [row.data for row in session.exec(select(Event))]
        kept += [row.data + row.subject for row in session.exec(select(LiveMessageRow))]
        kept += [row.data for row in session.exec(select(OutboxRow))]
    assert (entry.kind, str(entry.actor)) == ("token.seen", "system:leaks")
    assert token.secret not in json.dumps(kept)


def test_a_renamed_key_is_no_other_sighting(house: Domain) -> None:
    key, token = house.issue()
    look(house, token.reveal())
    house.rename(key.id, "Renamed")
    assert look(house, token.reveal()) == []


def test_several_in_one_message_are_each_noted(house: Domain) -> None:
    (first, one), (second, two) = house.issue("First"), house.issue("Second")
    found = look(house, f"{one.reveal()} and {two.reveal()}", one.reveal())
    assert [sighting.key.id for sighting in found] == [first.id, second.id]


def test_nothing_but_the_whole_secret_counts(house: Domain) -> None:
    _, token = house.issue()
    guess = Token(token.prefix, token.public_id, make("ak").secret)
    other = Token("xx", token.public_id, token.secret)
    assert look(house, guess.reveal(), other.reveal(), make("ak").reveal(), token.hint) == []
    assert untouched(house)


def test_another_accounts_token_is_none_of_ours(house: Domain) -> None:
    _, token = house.issue()
    other = Account(id="acc_other", workspace_id="T0OTHER", created_at=house.clock.now())
    house.write(lambda session: session.add(other))
    assert look(house, token.reveal(), account="acc_other", revoke=True) == []
    assert untouched(house)


@pytest.mark.parametrize("revoke", [True, False])
def test_what_does_not_work_raises_no_alarm(house: Domain, revoke: bool) -> None:
    key, revoked = house.issue("Revoked")
    house.revoke(key.id)
    _, expired = house.issue("Expired", expires_at=house.clock.now() + timedelta(days=1))
    pending = house.reserve("Pending").token
    house.clock.move(timedelta(days=1))
    told = count(house, OutboxRow, "key.revoked")
    found = look(house, *(t.reveal() for t in (revoked, expired, pending)), revoke=revoke)
    assert [sighting.worked for sighting in found] == [False] * 3
    assert count(house, LiveMessageRow, MESSAGE_KIND) == 0
    assert count(house, OutboxRow, "key.revoked") == told
    assert look(house, revoked.reveal(), expired.reveal()) == []


def test_a_replaced_token_does_not_end_its_key(house: Domain) -> None:
    key, old = house.issue()
    _, new = rotate(house, key.id, grace=timedelta(hours=1))
    house.clock.move(timedelta(hours=2))
    (found,) = look(house, old.reveal(), revoke=True)
    assert (found.worked, found.key.state) == (False, State.ACTIVE)
    (found,) = look(house, new.reveal(), revoke=True)
    assert (found.worked, found.key.state) == (True, State.REVOKED)


def test_revoked_at_once_and_only_once(house: Domain) -> None:
    key, token = house.issue()
    (found,) = look(house, token.reveal(), revoke=True)
    assert (found.worked, found.key.state) == (True, State.REVOKED)
    assert found.key.revoked_reason == REASON
    assert look(house, token.reveal(), revoke=True) == []
    assert count(house, Event, "key.revoked") == 1
    assert count(house, LiveMessageRow, MESSAGE_KIND) == 1
    with reading(house.engine, house.account) as session:
        kinds = [entry.kind for entry in audit_log.history(session, key.id)]
    assert kinds[:2] == ["key.revoked", "token.seen"]


def test_two_tokens_of_one_key_both_worked_and_revoke_it_once(house: Domain) -> None:
    key, old = house.issue()
    _, new = rotate(house, key.id, grace=timedelta(hours=1))
    found = look(house, old.reveal(), new.reveal(), revoke=True)
    assert [(one.worked, one.key.state) for one in found] == [(True, State.REVOKED)] * 2
    assert count(house, LiveMessageRow, MESSAGE_KIND) == 2
    assert count(house, Event, "key.revoked") == 1


def test_the_program_alone_records_leaks(house: Domain) -> None:
    _, token = house.issue()
    operation = RecordLeaks(tokens=(token,), place=PLACE)
    for role in (Role.ADMIN, Role.MEMBER, Role.OPERATOR):
        with pytest.raises(NotAllowed):
            execute(house.service, Caller(ALICE, frozenset({role})), operation)
    assert untouched(house)
    assert token.secret not in repr(operation)


def test_noting_and_revoking_stand_or_fall_together(
    house: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = house.issue()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr("keys.leaks.operations.revoke_key", broken)
        with pytest.raises(RuntimeError, match="the power went"):
            look(house, token.reveal(), revoke=True)
    assert untouched(house)
    assert len(look(house, token.reveal(), revoke=True)) == 1


def test_how_it_stands_is_told_anew(house: Domain) -> None:
    key, _ = house.issue(expires_at=house.clock.now() + timedelta(days=9))
    with reading(house.engine) as session:
        secret = session.exec(
            select(detection.Secret.id).where(detection.Secret.key_id == key.id)  # type: ignore[attr-defined]
        ).one()

    def standing(account: str = "") -> detection.TokenStatus:
        with reading(house.engine, account or house.account) as session:
            now = house.clock.now()
            return detection.standing(session, secret, now)

    assert (standing().works, standing().hint) == (True, key.hint)
    assert standing("acc_other") == detection.TokenStatus("", works=False, ends_at=None)
    rotate(house, key.id, grace=timedelta(hours=1))
    assert standing().ends_at == house.clock.now() + timedelta(hours=1)
    house.clock.move(timedelta(hours=1))
    assert not standing().works

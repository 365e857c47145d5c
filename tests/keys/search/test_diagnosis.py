"""What is wrong with a token: every case has its name, and nothing is told to whoever guesses."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keys.changes.change import SYSTEM, within
from keys.credentials.tokens import Token, make
from keys.lifecycle.create import cancel_key
from keys.rotation.start import begin_rotation, cancel_rotation
from keys.search import diagnosis
from keys.search.diagnosis import CopyError, Diagnosis, DiagnosisResult
from storage import reading, writing
from storage.tables import Account
from tests.keys.conftest import ALICE, LEASE, Domain
from tests.keys.rotation.test_rotations import rotate


def look(house: Domain, text: str, account: str = "") -> Diagnosis:
    with reading(house.engine, account or house.account) as session:
        return diagnosis.diagnose(house.service, session, text)


def test_a_good_token_is_fine(house: Domain) -> None:
    key, token = house.issue()
    found = look(house, token.reveal())
    assert (found.case, found.slips, found.hint) == (DiagnosisResult.FINE, (), token.hint)
    assert found.key is not None
    assert found.key.id == key.id


@pytest.mark.parametrize(
    ("spoil", "slip"),
    [
        ("  {} ", CopyError.SURROUNDED),
        ('"{}"', CopyError.SURROUNDED),
        ("“{}”", CopyError.SURROUNDED),
        ("`{}`", CopyError.SURROUNDED),
        ("Bearer {}", CopyError.HEADER),
        ("Authorization: Bearer {}", CopyError.HEADER),
        ('X-API-Key: "{}"', CopyError.HEADER),
    ],
)
def test_how_it_was_copied_is_put_right_first(house: Domain, spoil: str, slip: CopyError) -> None:
    _, token = house.issue()
    found = look(house, spoil.format(token.reveal()))
    assert (found.case, found.slips) == (DiagnosisResult.FINE, (slip,))


def test_a_broken_line_is_joined(house: Domain) -> None:
    text = house.issue()[1].reveal()
    found = look(house, f"{text[:30]}\n{text[30:]}")
    assert (found.case, found.slips) == (DiagnosisResult.FINE, (CopyError.BROKEN,))
    assert look(house, f"{text}\n").slips == ()


@pytest.mark.parametrize("text", ["", "  ", '""', "Bearer "])
def test_nothing_is_nothing(house: Domain, text: str) -> None:
    assert look(house, text).case is DiagnosisResult.EMPTY


def test_what_is_no_token_of_ours(house: Domain) -> None:
    _, token = house.issue()
    text = token.reveal()
    assert look(house, "sk_live_something").case is DiagnosisResult.FOREIGN
    assert look(house, text[:-20]).case is DiagnosisResult.CUT
    assert look(house, text[:20]).case is DiagnosisResult.CUT
    swapped = text[:-1] + ("A" if text[-1] != "A" else "B")
    assert look(house, swapped).case is DiagnosisResult.MISTYPED
    assert look(house, text + "x").case is DiagnosisResult.MISTYPED
    assert look(house, make("other").reveal()).case is DiagnosisResult.OTHER_PREFIX
    assert look(house, make("ak").reveal()).case is DiagnosisResult.UNKNOWN


def test_a_guess_at_the_secret_learns_nothing(house: Domain) -> None:
    _, token = house.issue()
    guess = Token(token.prefix, token.public_id, make("ak").secret)
    found = look(house, guess.reveal())
    assert (found.case, found.key) == (DiagnosisResult.WRONG_SECRET, None)


def test_another_accounts_token_is_only_that(house: Domain) -> None:
    _, token = house.issue()
    other = Account(id="acc_other", workspace_id="T0OTHER", created_at=house.clock.now())
    house.write(lambda session: session.add(other))
    assert look(house, token.reveal(), "acc_other") == Diagnosis(DiagnosisResult.OTHER_ACCOUNT)


def test_revoked_expired_and_on_its_way(house: Domain) -> None:
    key, token = house.issue("Revoked")
    house.revoke(key.id)
    found = look(house, token.reveal())
    assert found.case is DiagnosisResult.REVOKED
    assert found.key is not None
    assert found.key.revoked_by == ALICE
    _, dated = house.issue("Dated", expires_at=house.clock.now() + timedelta(days=1))
    pending = house.reserve("Pending")
    assert look(house, pending.token.reveal()).case is DiagnosisResult.ON_ITS_WAY
    house.write(
        lambda s: cancel_key(within(house.service, s, SYSTEM), pending.key.id, "lost", tell=False)
    )
    assert look(house, pending.token.reveal()).case is DiagnosisResult.NEVER_CAME
    house.clock.move(timedelta(days=1))
    assert look(house, dated.reveal()).case is DiagnosisResult.EXPIRED


def test_replaced_in_a_rotation(house: Domain) -> None:
    key, old = house.issue()
    _, new = rotate(house, key.id, timedelta(hours=1))
    before = look(house, old.reveal())
    assert (before.case, before.ends_at) == (
        DiagnosisResult.FINE, house.clock.now() + timedelta(hours=1),
    )  # fmt: skip
    house.clock.move(timedelta(hours=1))
    after = look(house, old.reveal())
    assert (after.case, after.ended_at) == (DiagnosisResult.REPLACED, house.clock.now())
    assert after.key is not None
    assert after.key.hint == new.hint
    assert look(house, new.reveal()).case is DiagnosisResult.FINE


def test_the_new_token_of_a_rotation_that_did_not_arrive(house: Domain) -> None:
    key, _ = house.issue()
    with writing(house.engine, house.account) as session:
        made = begin_rotation(
            within(house.service, session, ALICE),
            key.id,
            recipient=ALICE,
            grace=timedelta(),
            idempotency_key="r",
            delivery_deadline=LEASE,
        )
    assert look(house, made.token.reveal()).case is DiagnosisResult.ON_ITS_WAY
    house.write(
        lambda s: cancel_rotation(
            within(house.service, s, SYSTEM), made.delivery_id, "lost", tell=False
        )
    )
    assert look(house, made.token.reveal()).case is DiagnosisResult.NEVER_CAME

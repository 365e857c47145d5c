"""What is wrong with a token: every case has its name, and nothing is told to whoever guesses."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from keys.credentials.tokens import Token, make
from keys.lifecycle.create import cancel_key
from keys.rotation.start import begin_rotation, cancel_rotation
from keys.search import diagnosis
from keys.search.diagnosis import CopyError, Diagnosis, DiagnosisResult
from storage import reading
from storage.tables import Account
from tests.keys.conftest import ALICE, LEASE, SYSTEM, Domain
from tests.keys.rotation.test_rotations import rotate
from tests.keys.transfer.test_import_keys import imports


def look(domain: Domain, text: str, account: str = "", owner: str | None = None) -> Diagnosis:
    with reading(domain.engine, account or domain.account) as session:
        return diagnosis.diagnose(domain.services, session, text, owner)


def test_a_good_token_is_fine(domain: Domain) -> None:
    key, token = domain.issue()
    found = look(domain, token.reveal())
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
def test_how_it_was_copied_is_put_right_first(domain: Domain, spoil: str, slip: CopyError) -> None:
    _, token = domain.issue()
    found = look(domain, spoil.format(token.reveal()))
    assert (found.case, found.slips) == (DiagnosisResult.FINE, (slip,))


def test_a_broken_line_is_joined(domain: Domain) -> None:
    text = domain.issue()[1].reveal()
    found = look(domain, f"{text[:30]}\n{text[30:]}")
    assert (found.case, found.slips) == (DiagnosisResult.FINE, (CopyError.BROKEN,))
    assert look(domain, f"{text}\n").slips == ()


@pytest.mark.parametrize("text", ["", "  ", '""', "Bearer "])
def test_nothing_is_nothing(domain: Domain, text: str) -> None:
    assert look(domain, text).case is DiagnosisResult.EMPTY


def test_what_is_no_token_of_ours(domain: Domain) -> None:
    _, token = domain.issue()
    text = token.reveal()
    assert look(domain, "sk_live_something").case is DiagnosisResult.FOREIGN
    assert look(domain, text[:-20]).case is DiagnosisResult.CUT
    assert look(domain, text[:20]).case is DiagnosisResult.CUT
    swapped = text[:-1] + ("A" if text[-1] != "A" else "B")
    assert look(domain, swapped).case is DiagnosisResult.MISTYPED
    assert look(domain, text + "x").case is DiagnosisResult.MISTYPED
    assert look(domain, make("other").reveal()).case is DiagnosisResult.OTHER_PREFIX
    assert look(domain, make("ak").reveal()).case is DiagnosisResult.UNKNOWN


def test_a_guess_at_the_secret_learns_nothing(domain: Domain) -> None:
    _, token = domain.issue()
    guess = Token(token.prefix, token.public_id, make("ak").secret)
    found = look(domain, guess.reveal())
    assert (found.case, found.key) == (DiagnosisResult.WRONG_SECRET, None)


def test_another_accounts_token_is_only_that(domain: Domain) -> None:
    _, token = domain.issue()
    other = Account(id="acc_other", workspace_id="T0OTHER", created_at=domain.clock.now())
    domain.write(lambda session: session.add(other))
    assert look(domain, token.reveal(), "acc_other") == Diagnosis(DiagnosisResult.OTHER_ACCOUNT)


def test_revoked_expired_and_on_its_way(domain: Domain) -> None:
    key, token = domain.issue("Revoked")
    domain.revoke(key.id)
    found = look(domain, token.reveal())
    assert found.case is DiagnosisResult.REVOKED
    assert found.key is not None
    assert found.key.revoked_by == ALICE
    _, dated = domain.issue("Dated", expires_at=domain.clock.now() + timedelta(days=1))
    pending = domain.reserve("Pending")
    assert look(domain, pending.token.reveal()).case is DiagnosisResult.ON_ITS_WAY
    with domain.change(SYSTEM) as change:
        cancel_key(change, pending.key.id, "lost", tell=False)
    assert look(domain, pending.token.reveal()).case is DiagnosisResult.NEVER_CAME
    domain.clock.move(timedelta(days=1))
    assert look(domain, dated.reveal()).case is DiagnosisResult.EXPIRED


def test_replaced_in_a_rotation(domain: Domain) -> None:
    key, old = domain.issue()
    _, new = rotate(domain, key.id, timedelta(hours=1))
    before = look(domain, old.reveal())
    assert (before.case, before.ends_at) == (
        DiagnosisResult.FINE, domain.clock.now() + timedelta(hours=1),
    )  # fmt: skip
    domain.clock.move(timedelta(hours=1))
    after = look(domain, old.reveal())
    assert (after.case, after.ended_at) == (DiagnosisResult.REPLACED, domain.clock.now())
    assert after.key is not None
    assert after.key.hint == new.hint
    assert look(domain, new.reveal()).case is DiagnosisResult.FINE


def test_the_new_token_of_a_rotation_that_did_not_arrive(domain: Domain) -> None:
    key, _ = domain.issue()
    with domain.change(ALICE) as change:
        made = begin_rotation(
            change,
            key.id,
            recipient=ALICE,
            grace=timedelta(),
            idempotency_key="r",
            delivery_deadline=LEASE,
        )
    assert look(domain, made.token.reveal()).case is DiagnosisResult.ON_ITS_WAY
    with domain.change(SYSTEM) as change:
        cancel_rotation(change, made.delivery_id, "lost", tell=False)
    assert look(domain, made.token.reveal()).case is DiagnosisResult.NEVER_CAME


def test_an_owner_learns_of_their_own_keys_and_nothing_of_others(domain: Domain) -> None:
    mine, own = domain.issue("Mine", owner="U0BOB")
    _, lent = domain.issue("Lent", owner="U0ALICE", backup_owner="U0BOB")
    revoked, ended = domain.issue("Revoked", owner="U0ALICE")
    domain.revoke(revoked.id)
    _, alien = domain.issue("Alien", owner="U0ALICE")
    _, unowned = domain.issue("Unowned", owner=None)
    pending = domain.reserve("Pending", owner="U0ALICE")
    guess = Token(own.prefix, own.public_id, make("ak").secret)
    for token in (own, lent):
        assert look(domain, token.reveal(), owner="U0BOB").case is DiagnosisResult.FINE
    domain.revoke(mine.id)
    assert look(domain, own.reveal(), owner="U0BOB").case is DiagnosisResult.REVOKED
    # The same, word for word: unknown, wrong, another owner's, revoked, on its way, elsewhere.
    others = (ended, alien, unowned, pending.token, guess, make("ak"), make("other"))
    texts = [*(token.reveal() for token in others), "sk_live_something"]
    assert {look(domain, text, owner="U0BOB") for text in texts} == {
        Diagnosis(DiagnosisResult.NOT_YOURS)
    }
    assert look(domain, alien.reveal()[:-20], owner="U0BOB").case is DiagnosisResult.CUT


@pytest.mark.parametrize("text", ["sk_live_0123456789abcdef", "ak_an_imported_one_of_old_times"])
def test_an_imported_token_of_another_is_as_if_there_were_none(domain: Domain, text: str) -> None:
    before = look(domain, text, owner="U0BOB")
    digest = hashlib.sha256(text.encode()).hexdigest()
    imports(domain, f"name,hash,owner,scopes\nLegacy,{digest},U0ALICE,read\n")
    assert look(domain, text).case is DiagnosisResult.FINE
    assert look(domain, text, owner="U0ALICE").case is DiagnosisResult.FINE
    assert look(domain, text, owner="U0BOB") == before

"""Editing: one change, one entry that says what was before, and nobody's change is overwritten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from keys.base.actors import Actor
from keys.base.errors import (
    EditConflict,
    InvalidExpiry,
    InvalidState,
    KeyRevoked,
)
from keys.base.models import KeyView
from keys.base.policy import Policy
from keys.changes import audit_log
from keys.changes.authorization import Caller, Role
from keys.changes.operation import Operation, Outcome, execute
from keys.credentials.verification import Reason, Refused, Verified
from keys.lifecycle import update
from keys.lifecycle.update import KeyUpdate
from keys.operations import SetExpiry, Transfer, Update
from storage import reading
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, BOB, NOON, Domain

TODAY = NOON.date()


def like(**changes: Any) -> KeyUpdate:
    """The values of a key as it was issued, but for these."""
    issued: dict[str, Any] = {
        "scopes": ("read",), "owner": ALICE.id, "backup_owner": None, "note": "", "networks": (),
        "rate_limit": "", "last_day": None,
    }  # fmt: skip
    return KeyUpdate(**(issued | changes))


def edit(
    domain: Domain,
    key_id: str,
    wanted: KeyUpdate,
    policy: Policy | None = None,
    seen: int | None = None,
    actor: Actor = ALICE,
) -> Outcome[KeyView]:
    with domain.services.reading() as session:
        version = update.version(session, key_id) if seen is None else seen
    operation = Update(key=key_id, version=version, **dict(wanted))
    return done(domain, operation, policy, actor)


def done(
    domain: Domain,
    operation: Operation[KeyView],
    policy: Policy | None = None,
    actor: Actor = ALICE,
) -> Outcome[KeyView]:
    """What came of it, under the rules of this team."""
    services = replace(domain.services, policy=policy or Policy())
    return execute(services, Caller(actor, frozenset({Role.ADMIN})), operation)


def test_everything_changes_at_once_and_the_record_says_from_what(domain: Domain) -> None:
    key, token = domain.issue()
    wanted = like(
        scopes=("read", "write"), owner=BOB.id, backup_owner=ALICE.id, note=" For invoices ",
        networks=("10.1.0.0/16",), rate_limit="5 per minute", last_day=TODAY + timedelta(days=30),
    )  # fmt: skip
    outcome = edit(domain, key.id, wanted)
    assert outcome.changed
    assert outcome.propagation is not None
    after = outcome.value
    assert (after.scopes, after.owner, after.backup_owner) == (("read", "write"), BOB.id, ALICE.id)
    assert (after.note, after.networks, after.rate_limit) == (
        "For invoices", ("10.1.0.0/16",), "5/minute",
    )  # fmt: skip
    assert after.expires_at == datetime(2026, 12, 24, tzinfo=UTC)
    with reading(domain.engine, domain.account) as session:
        entry = audit_log.history(session, key.id)[0]
        assert verify_chain(session) is None
    assert entry.kind == "key.edited"
    assert entry.data["from"]["owner"] == ALICE.id
    assert entry.data["to"]["note"] == "For invoices"
    answer = domain.verifier.verify(token.reveal())
    assert isinstance(answer, Verified)
    assert answer.scopes == {"read", "write"}


def test_what_is_so_already_is_no_change(domain: Domain) -> None:
    key, _ = domain.issue()
    outcome = edit(domain, key.id, like())
    assert (outcome.changed, outcome.propagation) == (False, None)


def test_nobody_overwrites_what_somebody_else_has_changed(domain: Domain) -> None:
    key, _ = domain.issue()
    with reading(domain.engine, domain.account) as session:
        seen = update.version(session, key.id)
    edit(domain, key.id, like(note="by Bob"), actor=BOB)
    with pytest.raises(EditConflict) as caught:
        edit(domain, key.id, like(note="by Alice"), seen=seen)
    assert caught.value.actor == BOB


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"scopes": ()}, ValidationError, "at least one"),
        ({"scopes": ("all",)}, ValidationError, "no scope"),
        ({"note": "x" * 501}, ValidationError, "500"),
        ({"networks": ("10.1.2.3/16",)}, ValidationError, "10.1.0.0/16"),
        ({"rate_limit": "often"}, ValidationError, "100/minute"),
        ({"last_day": TODAY - timedelta(days=1)}, InvalidExpiry, "is in the past"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(
    domain: Domain, change: dict[str, Any], error: type[Exception], words: str
) -> None:
    key, _ = domain.issue()
    with pytest.raises(error, match=words):
        edit(domain, key.id, like(owner=BOB.id, **change))
    assert not edit(domain, key.id, like()).changed


def test_a_backup_owner_is_somebody_else(domain: Domain) -> None:
    key, _ = domain.issue()
    edit(domain, key.id, like(backup_owner=BOB.id))
    outcome = edit(domain, key.id, like(owner=BOB.id, backup_owner=BOB.id))
    assert (outcome.value.owner, outcome.value.backup_owner) == (BOB.id, None)


def test_the_teams_longest_life_holds_for_new_dates_alone(domain: Domain) -> None:
    key, _ = domain.issue(expires_at=NOON + timedelta(days=400))
    strict = Policy(expiry_max_days=90)
    last_day = strict.last_day(NOON + timedelta(days=400))
    assert edit(domain, key.id, like(note="n", last_day=last_day), strict).changed
    for refused in (None, TODAY + timedelta(days=91)):
        with pytest.raises(InvalidExpiry, match="2027-02-21"):
            edit(domain, key.id, like(last_day=refused), strict)
    edit(domain, key.id, like(last_day=TODAY + timedelta(days=90)), strict)


def test_the_last_day_ends_at_midnight_where_the_team_is(domain: Domain) -> None:
    berlin = Policy(timezone=ZoneInfo("Europe/Berlin"))
    key, token = domain.issue()
    outcome = edit(domain, key.id, like(last_day=date(2027, 3, 28)), berlin)
    # Summer time begins on that day.
    assert outcome.value.expires_at == datetime(2027, 3, 28, 22, tzinfo=UTC)
    assert berlin.last_day(outcome.value.expires_at) == date(2027, 3, 28)
    domain.clock.move(outcome.value.expires_at - NOON)
    assert domain.verifier.verify(token.reveal()) == Refused(Reason.EXPIRED, key.id)
    extension = SetExpiry(key=key.id, last_day=date(2027, 3, 29))
    assert done(domain, extension, berlin).changed
    assert isinstance(domain.verifier.verify(token.reveal()), Verified)


def test_a_revoked_key_and_one_that_is_being_made_stay_as_they_are(domain: Domain) -> None:
    revoked, _ = domain.issue()
    domain.revoke(revoked.id)
    with pytest.raises(KeyRevoked):
        edit(domain, revoked.id, like())
    pending = domain.reserve("Pending")
    with pytest.raises(InvalidState):
        edit(domain, pending.key.id, like())


def test_handing_over_makes_a_backup_the_owner(domain: Domain) -> None:
    key, _ = domain.issue()
    edit(domain, key.id, like(backup_owner=BOB.id))

    transfer = Transfer(key=key.id, before=ALICE.id, after=BOB.id)
    first, second = done(domain, transfer), done(domain, transfer)
    assert (first.changed, second.changed) == (True, False)
    assert (first.value.owner, first.value.backup_owner) == (BOB.id, None)

"""Who gets a new message about a change: nobody about their own act, and each person one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import col, select

from keys.base.actors import Actor
from keys.changes.authorization import Caller, Role
from keys.changes.operation import Operation, execute
from keys.offboarding.start import start_offboarding
from keys.operations import (
    AcceptExpiry,
    Ask,
    Deny,
    Limit,
    Rename,
    Revoke,
    SetExpiry,
    Transfer,
    Withdraw,
)
from storage import reading
from storage.tables import Event, OutboxRow
from tests.keys.conftest import ALICE, BOB, NOON, Domain

CARL = Actor.person("U0CARL")
TEAM, ALICE_DM, BOB_DM, CARL_DM = "team", str(ALICE), str(BOB), str(CARL)


def told(domain: Domain, act: Callable[[], object], kind: str) -> list[str]:
    """Who got a new message about the newest event of a kind, which the act has caused."""
    with reading(domain.engine) as session:
        before = set(session.exec(select(OutboxRow.id)))
    act()
    with reading(domain.engine) as session:
        rows = session.exec(
            select(OutboxRow).join(Event, col(Event.id) == col(OutboxRow.event_id))
        ).all()
        return sorted(row.recipient for row in rows if row.id not in before and row.kind == kind)


def does(domain: Domain, operation: Operation[Any], who: Actor = ALICE) -> Callable[[], object]:
    caller = Caller(who, frozenset({Role.ADMIN, Role.MEMBER}))
    return lambda: execute(domain.services, caller, operation, wait=0)


def test_the_owner_learns_of_each_change_that_an_admin_makes(domain: Domain) -> None:
    key, _ = domain.issue("Zapier", owner=BOB.id)
    for kind, operation in {
        "key.renamed": Rename(key=key.id, name="Zapier, production"),
        "key.edited": SetExpiry(key=key.id, last_day=NOON.date().replace(month=12)),
        "expiry.accepted": AcceptExpiry(key=key.id),
        "key.limited": Limit(key=key.id, rate_limit="9/minute", networks=()),
        "key.revoked": Revoke(key=key.id, reason="leaked"),
    }.items():
        assert told(domain, does(domain, operation), kind) == [BOB_DM, TEAM], kind


def test_nobody_is_told_of_their_own_act_and_each_person_once(domain: Domain) -> None:
    # Alice owns the key, and was sent its token as well.
    key, _ = domain.issue("Zapier", owner=ALICE.id, backup_owner=BOB.id)
    assert told(domain, does(domain, Rename(key=key.id, name="Billing")), "key.renamed") == [
        BOB_DM, TEAM,
    ]  # fmt: skip
    assert told(domain, does(domain, Revoke(key=key.id), CARL), "key.revoked") == [
        ALICE_DM, BOB_DM, TEAM,
    ]  # fmt: skip


def test_whoever_was_sent_the_token_learns_that_it_is_refused(domain: Domain) -> None:
    key, _ = domain.issue("Zapier", owner=BOB.id)
    assert told(domain, does(domain, Revoke(key=key.id), CARL), "key.revoked") == [
        ALICE_DM, BOB_DM, TEAM,
    ]  # fmt: skip


def test_the_new_owner_and_the_one_before_learn_of_it(domain: Domain) -> None:
    key, _ = domain.issue("Zapier", owner=BOB.id)
    moved = Transfer(key=key.id, before=BOB.id, after=CARL.id)
    assert told(domain, does(domain, moved), "key.edited") == [BOB_DM, CARL_DM, TEAM]
    quiet = Transfer(key=key.id, before=CARL.id, after=BOB.id, announce=False)
    assert told(domain, does(domain, quiet), "key.edited") == [BOB_DM, CARL_DM]


def test_a_person_who_leaves_gets_no_message(domain: Domain) -> None:
    key, _ = domain.issue("Zapier", owner=BOB.id)
    with domain.change(ALICE) as change:
        start_offboarding(change, BOB.id)
    assert told(domain, does(domain, Revoke(key=key.id)), "key.revoked") == [TEAM]


def test_a_decision_reaches_the_requester_unless_it_is_theirs(domain: Domain) -> None:
    def ask(number: int) -> str:
        asked = Ask(
            name=f"Nr {number}, x", scopes=("read",), reason="r", idempotency_key=f"i{number}"
        )
        caller = Caller(BOB, frozenset({Role.MEMBER}))
        return execute(domain.services, caller, asked, wait=0).value.id

    denied = Deny(request=ask(1), reason="no")
    assert told(domain, does(domain, denied), "request.denied") == [BOB_DM]
    withdrawn = Withdraw(request=ask(2))
    assert told(domain, does(domain, withdrawn, BOB), "request.closed") == []

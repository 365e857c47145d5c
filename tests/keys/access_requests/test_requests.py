"""A request is decided once, by somebody else, and is open again if its token did not arrive."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from keys.access_requests import queries
from keys.access_requests.ask import MADE_MOST, OPEN_FOR, OPEN_MOST, PERIOD
from keys.access_requests.decisions import close_overdue
from keys.access_requests.operations import Approve, ApproveWithChanges, Ask, Deny, Withdraw
from keys.access_requests.queries import RequestView
from keys.access_requests.terms import Risk, Terms
from keys.base import accounts
from keys.base.actors import Actor
from keys.base.errors import (
    DuplicateRequest,
    InvalidExpiry,
    InvalidScopes,
    InvalidState,
    KeyNotFound,
    NameEmpty,
    NameTaken,
    NotAllowed,
    ReasonMissing,
)
from keys.base.models import RequestStage as Stage
from keys.base.models import State
from keys.base.policy import DeliveryWay, Policy
from keys.changes import audit_log
from keys.changes.authorization import Caller, Role
from keys.changes.operation import execute
from keys.credentials.verification import Verified
from keys.lifecycle.create import PendingKey, activate_key, cancel_key
from keys.search import search
from storage import reading, writing
from storage.tables import AccessRequest, Delivery, Event, LiveMessageRow, OutboxRow
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, BOB, LEASE, SYSTEM, Domain

CAROL = Actor.person("U0CAROL")
_numbers = count(1)


def admin(actor: Actor) -> Caller:
    return Caller(actor, frozenset({Role.ADMIN}))


def ask(domain: Domain, name: str = "Zapier, production", **changes: Any) -> RequestView:
    values: dict[str, Any] = {
        "name": name,
        "scopes": ("read",),
        "reason": "For invoices",
        "idempotency_key": f"sub_{next(_numbers)}",
    }
    carol = Caller(CAROL, frozenset({Role.MEMBER}))
    return execute(domain.services, carol, Ask(**(values | changes))).value


def approve(domain: Domain, request: RequestView, actor: Actor = ALICE) -> PendingKey | None:
    operation = Approve(request=request.id, deadline=LEASE)
    return execute(domain.services, admin(actor), operation).value


def approved(domain: Domain, request: RequestView) -> PendingKey:
    made = approve(domain, request)
    assert made is not None
    return made


def deny(domain: Domain, request: RequestView, actor: Actor = ALICE, why: str = "") -> bool:
    return execute(domain.services, admin(actor), Deny(request=request.id, reason=why)).changed


def withdraw(domain: Domain, request: RequestView, actor: Actor = CAROL) -> bool:
    return execute(domain.services, Caller(actor), Withdraw(request=request.id)).changed


def seen(domain: Domain, request: RequestView) -> RequestView:
    with reading(domain.engine, domain.account) as session:
        return queries.get(session, request.id, domain.services.policy, domain.clock.now())


def deliver(domain: Domain, made: PendingKey) -> None:
    with domain.change(ALICE) as change:
        activate_key(change, made.delivery_id, None)


def kinds(domain: Domain, key_id: str) -> list[str]:
    with reading(domain.engine, domain.account) as session:
        assert verify_chain(session) is None
        return [entry.kind for entry in audit_log.history(session, key_id)][::-1]


def test_the_requester_owns_the_key_and_gets_its_token(domain: Domain) -> None:
    request = ask(domain)
    made = approved(domain, request)
    assert seen(domain, request).stage is Stage.DELIVERING
    assert (made.key.owner, made.key.creator, made.key.note) == (CAROL.id, ALICE, "For invoices")
    deliver(domain, made)
    after = seen(domain, request)
    assert (after.stage, after.decided_by, after.key_id) == (Stage.GRANTED, ALICE, made.key.id)
    assert isinstance(domain.verifier.verify(made.token.reveal()), Verified)
    assert kinds(domain, made.key.id) == [
        "key.reserved", "request.approved", "key.issued", "request.granted",
    ]  # fmt: skip


def test_two_admins_decide_once(domain: Domain) -> None:
    request = ask(domain)
    approved(domain, request)
    assert approve(domain, request, BOB) is None
    assert deny(domain, request, BOB) is False
    assert seen(domain, request).stage is Stage.DELIVERING


def test_a_denied_request_stays_denied(domain: Domain) -> None:
    request = ask(domain)
    assert deny(domain, request, why="Use the one that you have")
    assert deny(domain, request, BOB) is False
    assert approve(domain, request) is None
    after = seen(domain, request)
    assert (after.stage, after.decision_reason) == (Stage.DENIED, "Use the one that you have")


@pytest.mark.parametrize("act", [approve, deny])
def test_nobody_decides_their_own(
    domain: Domain, act: Callable[[Domain, RequestView, Actor], object]
) -> None:
    request = ask(domain)
    with pytest.raises(NotAllowed, match="your own request"):
        act(domain, request, CAROL)
    assert seen(domain, request).stage is Stage.OPEN


def test_an_approved_key_is_delivered_and_expires_as_was_asked(domain: Domain) -> None:
    policy = Policy(expiry_days=30, expiry_max_days=90, delivery=DeliveryWay.REVEAL)
    domain.services = replace(domain.services, policy=policy)
    day = domain.clock.now().date() + timedelta(days=60)
    for last_day in (None, day + timedelta(days=31), day - timedelta(days=61)):
        with pytest.raises(InvalidExpiry):
            ask(domain, last_day=last_day)
    made = approved(domain, ask(domain, last_day=day))
    assert made.key.expires_at == policy.last_moment(day)
    with reading(domain.engine, domain.account) as session:
        delivery = session.get_one(Delivery, made.delivery_id)
        assert (delivery.method, delivery.recipient) == (DeliveryWay.REVEAL, str(CAROL))


def before_days(domain: Domain, request: RequestView) -> None:
    """Make a request one of the version before, which asked for no day."""
    with writing(domain.engine, domain.account) as session:
        row = session.get_one(AccessRequest, request.id)
        row.last_day = None
        session.add(row)


def test_a_request_of_the_version_before_gets_the_teams_default(domain: Domain) -> None:
    policy = Policy(expiry_days=30)
    request = ask(domain)
    before_days(domain, request)
    domain.services = replace(domain.services, policy=policy)
    day = domain.clock.now().date() + timedelta(days=30)
    assert seen(domain, request).terms == Terms(("read",), day)
    assert approved(domain, request).key.expires_at == policy.last_moment(day)


def change_and_approve(
    domain: Domain, request: RequestView, actor: Actor = ALICE, **changes: Any
) -> PendingKey | None:
    given = {"scopes": ("read",), "last_day": None} | changes
    operation = ApproveWithChanges(request=request.id, deadline=LEASE, **given)
    return execute(domain.services, admin(actor), operation).value


def test_the_approver_changes_scopes_and_date_and_the_request_keeps_what_was_asked(
    domain: Domain,
) -> None:
    request = ask(domain, scopes=("read", "write"))
    assert request.terms.risks == (Risk.WRITE, Risk.NO_EXPIRY)
    day = domain.clock.now().date() + timedelta(days=7)
    made = change_and_approve(domain, request, last_day=day)
    assert made is not None
    assert made.key.scopes == ("read",)
    assert made.key.expires_at == domain.services.policy.last_moment(day)
    after = seen(domain, request)
    assert (after.terms, after.granted, after.changed) == (
        Terms(("read", "write"), None), Terms(("read",), day), True,
    )  # fmt: skip
    assert after.granted is not None
    assert after.granted.risks == ()
    given = {"scopes": ["read"], "last_day": day.isoformat()}
    assert entries(domain)[-1][3].items() >= given.items()
    # The token did not arrive: what was asked for is open again.
    cancel(domain, made)
    assert (seen(domain, request).granted, seen(domain, request).changed) == (None, False)
    assert approved(domain, request).key.scopes == ("read", "write")
    assert change_and_approve(domain, request) is None


def test_a_change_follows_the_teams_policy_and_nobody_approves_their_own(domain: Domain) -> None:
    request = ask(domain)
    domain.services = replace(domain.services, policy=Policy(expiry_max_days=30))
    with pytest.raises(InvalidExpiry):
        approve(domain, request)
    with pytest.raises(InvalidExpiry):
        change_and_approve(domain, request)
    with pytest.raises(NotAllowed, match="your own request"):
        change_and_approve(domain, request, CAROL)
    assert seen(domain, request).stage is Stage.OPEN


def test_the_team_is_told_of_the_approval_by_the_requests_message_alone(domain: Domain) -> None:
    deliver(domain, approved(domain, ask(domain)))
    domain.issue("Made without asking")
    with reading(domain.engine, domain.account) as session:
        rows = session.exec(select(OutboxRow).where(OutboxRow.recipient == "team")).all()
    assert [json.loads(row.data)["name"] for row in rows] == ["Made without asking"]


def test_a_token_that_did_not_arrive_opens_the_request_again(domain: Domain) -> None:
    request = ask(domain)
    made = approved(domain, request)
    cancel(domain, made)
    after = seen(domain, request)
    assert (after.stage, after.key_id, after.decided_by) == (Stage.OPEN, None, None)
    again = approved(domain, request)
    assert again.key.id != made.key.id
    deliver(domain, again)
    assert seen(domain, request).stage is Stage.GRANTED


def entries(domain: Domain) -> list[tuple[str, Actor, str | None, dict[str, Any]]]:
    """What the audit log has of requests."""
    with reading(domain.engine, domain.account) as session:
        assert verify_chain(session) is None
        rows = session.exec(select(Event).order_by(col(Event.seq))).all()
        return [
            (row.kind, Actor.read(row.actor), row.key_id, json.loads(row.data))
            for row in rows
            if row.kind.startswith("request.")
        ]


def cancel(domain: Domain, made: PendingKey) -> None:
    with domain.change(SYSTEM) as change:
        cancel_key(change, made.key.id, "lost", tell=False)


def test_every_step_is_in_the_audit_log_with_who_took_it(domain: Domain) -> None:
    request = ask(domain)
    first = approved(domain, request)
    cancel(domain, first)
    second = approved(domain, request)
    deliver(domain, second)
    facts = {"request": request.id, "name": request.name, "requester": CAROL.id}
    given = {"scopes": ["read"], "last_day": None}
    assert entries(domain) == [
        ("request.made", CAROL, None,
            {"request": request.id, "name": request.name, "scopes": ["read"], "last_day": None}),
        ("request.approved", ALICE, first.key.id, facts | given),
        ("request.reopened", Actor.system("issuing"), first.key.id, facts),
        ("request.approved", ALICE, second.key.id, facts | given),
        ("request.granted", ALICE, second.key.id, facts),
    ]  # fmt: skip


def test_each_end_is_in_the_audit_log_with_its_reason(domain: Domain) -> None:
    deny(domain, ask(domain, "Denied"), why="Use the one that you have")
    withdraw(domain, ask(domain, "Withdrawn"))
    made = approved(domain, ask(domain, "Revoked"))
    domain.revoke(made.key.id, BOB)
    ends = [(kind, actor, key, data["reason"]) for kind, actor, key, data in entries(domain)
            if kind in ("request.denied", "request.closed")]  # fmt: skip
    assert ends == [
        ("request.denied", ALICE, None, "Use the one that you have"),
        ("request.closed", CAROL, None, "withdrawn"),
        ("request.denied", BOB, made.key.id, "the key was revoked"),
    ]


def due(domain: Domain, request: RequestView) -> dict[str, bool]:
    """The messages about a request, by recipient, and whether each has to be rendered now."""
    with reading(domain.engine, domain.account) as session:
        rows = session.exec(select(LiveMessageRow).where(LiveMessageRow.subject == request.id))
        return {row.recipient: row.due_at == domain.clock.now() for row in rows}


def test_team_and_requester_have_a_message_that_each_step_redraws(domain: Domain) -> None:
    made: list[PendingKey] = []
    steps: list[Callable[[RequestView], object]] = [
        lambda request: made.append(approved(domain, request)),
        lambda _: cancel(domain, made[-1]),
        lambda request: made.append(approved(domain, request)),
        lambda _: deliver(domain, made[-1]),
    ]
    request = ask(domain)
    both = {"team": True, str(CAROL): True}
    assert due(domain, request) == both
    for step in steps:
        domain.clock.move(timedelta(seconds=1))
        assert not any(due(domain, request).values())
        step(request)
        assert due(domain, request) == both


def test_a_request_of_another_account_does_not_exist(domain: Domain) -> None:
    request = ask(domain)
    with writing(domain.engine) as session:
        other = accounts.of_many(session, "T0FAR", "Far", domain.clock.now())
    far = replace(domain.services, account_id=other)
    for operation in (Deny(request=request.id), Approve(request=request.id, deadline=LEASE)):
        with pytest.raises(KeyNotFound, match="no such request"):
            execute(far, admin(ALICE), operation)
    with pytest.raises(NotAllowed):
        execute(far, Caller(CAROL), Withdraw(request=request.id))


def test_an_admin_who_revokes_it_meanwhile_has_decided(domain: Domain) -> None:
    request = ask(domain)
    made = approved(domain, request)
    domain.revoke(made.key.id, BOB)
    after = seen(domain, request)
    assert (after.stage, after.decided_by) == (Stage.DENIED, BOB)


def test_old_requests_close_by_themselves(domain: Domain) -> None:
    request = ask(domain)

    def late() -> bool:
        with reading(domain.engine, domain.account) as session:
            return queries.has_overdue(session, domain.clock.now())

    domain.clock.move(OPEN_FOR - timedelta(seconds=1))
    assert not late()
    domain.clock.move(timedelta(seconds=1))
    assert late()
    timer = Actor.system("timer")
    for number in (1, 0):
        with domain.change(timer) as made:
            assert close_overdue(made) == number
    after = seen(domain, request)
    assert (after.stage, after.decided_by) == (Stage.CLOSED, timer)
    assert "14 days" in after.decision_reason
    assert approve(domain, request) is None


def test_the_requester_alone_withdraws_a_request(domain: Domain) -> None:
    request = ask(domain)
    for caller in (Caller(ALICE), admin(ALICE), Caller.operator("op@host")):
        with pytest.raises(NotAllowed, match="another person"):
            execute(domain.services, caller, Withdraw(request=request.id))
    assert [withdraw(domain, request), withdraw(domain, request)] == [True, False]
    assert approve(domain, request) is None


def test_what_cannot_be_asked_is_refused(domain: Domain) -> None:
    domain.issue("Taken")
    with pytest.raises(NameTaken):
        ask(domain, "taken")
    with pytest.raises(ValidationError) as refused:
        ask(domain, " ", reason="  ", scopes=())
    causes = {str(found["loc"][0]): type(found["ctx"]["error"]) for found in refused.value.errors()}
    assert causes == {"name": NameEmpty, "scopes": InvalidScopes, "reason": ReasonMissing}
    ask(domain, idempotency_key="sub_same")
    with pytest.raises(DuplicateRequest):
        ask(domain, "Another", idempotency_key="sub_same")


def test_a_requester_with_many_open_requests_waits(domain: Domain) -> None:
    asked = [ask(domain, f"Program {number}") for number in range(OPEN_MOST)]
    with pytest.raises(InvalidState, match="open requests"):
        ask(domain, "One more")
    withdraw(domain, asked[0])
    ask(domain, "One more")


def test_a_name_taken_meanwhile_is_said_at_the_approval(domain: Domain) -> None:
    request = ask(domain, "Zapier")
    domain.issue("Zapier")
    with pytest.raises(NameTaken):
        approve(domain, request)
    assert seen(domain, request).stage is Stage.OPEN


def test_keys_that_nobody_asked_for_are_none_of_it(domain: Domain) -> None:
    request = ask(domain, "Asked for")
    key, _ = domain.issue("Made without asking")
    with reading(domain.engine, domain.account) as session:
        assert search.get(session, key.id).state is State.ACTIVE
    assert seen(domain, request).stage is Stage.OPEN


def test_what_one_person_makes_in_a_day_is_counted_whatever_became_of_it(domain: Domain) -> None:
    ends: list[Callable[[RequestView], Any]] = [
        lambda request: withdraw(domain, request),
        lambda request: deny(domain, request),
        lambda request: deliver(domain, approved(domain, request)),
    ]
    for number in range(MADE_MOST):
        ends[number % len(ends)](ask(domain, f"Program {number}"))
        domain.clock.move(timedelta(minutes=1))
    with pytest.raises(InvalidState, match="You have made 10 requests within 24 hours") as refused:
        ask(domain, "One more")
    assert "withdrawn ones count" in str(refused.value)
    # Another person's are their own.
    dora = Caller(Actor.person("U0DORA"), frozenset({Role.MEMBER}))
    execute(domain.services, dora, Ask(
        name="Dora's", scopes=("read",), reason="Why", idempotency_key="sub_dora",
    ))  # fmt: skip
    # A day after the first, one more; not two.
    domain.clock.move(PERIOD - timedelta(minutes=MADE_MOST))
    withdraw(domain, ask(domain, "The next day"))
    with pytest.raises(InvalidState, match="within 24 hours"):
        ask(domain, "And another")

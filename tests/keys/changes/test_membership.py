"""Who may own a key or get a token, in the domain and on both engines; Slack's part is a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from keys.base.errors import MembershipUnknown, NotAllowed, NotAMember
from keys.base.models import State
from keys.base.policy import DeliveryWay
from keys.changes.authorization import Caller, Role
from keys.changes.membership import Membership
from keys.changes.operation import Operation
from keys.delivery.completion import refuse_leaver
from keys.lifecycle.create import create_pending_key
from keys.lifecycle.update import version
from keys.operations import Approve, Ask, Claim, Create, Reveal, Rotate, Transfer, Update, execute
from keys.search import search
from storage import reading
from storage.tables import Event
from tests.keys.conftest import ALICE, BOB, Domain

ADMIN = Caller(ALICE, frozenset({Role.ADMIN}))
MINUTE = timedelta(minutes=1)
STATES = {"U0ALICE": Membership.FULL, "U0BOB": Membership.FULL, "U0GONE": Membership.NONE}


def do(domain: Domain, operation: Operation[Any], caller: Caller = ADMIN) -> Any:
    """Executes it where Slack can be asked; of whom it knows nothing it is silent."""

    def ask(user_id: str) -> Membership:
        return STATES.get(user_id, Membership.UNKNOWN)

    return execute(replace(domain.services, membership=ask), caller, operation, wait=0).value


def create(domain: Domain, user_id: str) -> Operation[Any]:
    return Create(
        name="Invoices", scopes=("read",), owner=user_id, idempotency_key="req_a",
        recipient=ALICE, deadline=MINUTE,
    )  # fmt: skip


def update(domain: Domain, user_id: str, **changes: Any) -> Operation[Any]:
    key, _ = domain.issue("Invoices")
    with reading(domain.engine, domain.account) as session:
        current = version(session, key.id)
    values: dict[str, Any] = {
        "scopes": ("read",), "owner": user_id, "backup_owner": None, "note": "", "networks": (),
        "rate_limit": "", "last_day": None,
    }  # fmt: skip
    return Update(key=key.id, version=current, **(values | changes))


def transfer(domain: Domain, user_id: str) -> Operation[Any]:
    key, _ = domain.issue("Invoices")
    return Transfer(key=key.id, before=ALICE.id, after=user_id)


def rotate(domain: Domain, user_id: str) -> Operation[Any]:
    key, _ = domain.issue("Invoices")
    recipient = replace(BOB, id=user_id)
    return Rotate(key=key.id, recipient=recipient, idempotency_key="req_b", deadline=MINUTE)


def approve(domain: Domain, user_id: str) -> Operation[Any]:
    asking = Caller(replace(BOB, id=user_id), frozenset({Role.MEMBER}))
    wanted = Ask(name="Invoices", scopes=("read",), reason="Why", idempotency_key=f"sub_{user_id}")
    return Approve(request=do(domain, wanted, asking).id, deadline=MINUTE)


OPERATIONS: tuple[Callable[[Domain, str], Operation[Any]], ...] = (
    create, update, transfer, rotate, approve,
)  # fmt: skip


def events(domain: Domain) -> int:
    with reading(domain.engine, domain.account) as session:
        return len(session.exec(select(Event.id)).all())


@pytest.mark.parametrize("made", OPERATIONS, ids=lambda made: made.__name__)
def test_nobody_but_a_full_member_is_named(
    domain: Domain, made: Callable[[Domain, str], Operation[Any]]
) -> None:
    for user_id, error in (("U0GONE", NotAMember), ("U0SILENT", MembershipUnknown)):
        operation = made(domain, user_id)
        before = events(domain)
        with pytest.raises(error):
            do(domain, operation)
        assert events(domain) == before
        with reading(domain.engine, domain.account) as session:
            active = [key.id for key in search.page(session).keys]
        for key_id in active:
            domain.revoke(key_id)
    do(domain, made(domain, "U0BOB"))


def test_a_backup_owner_too(domain: Domain) -> None:
    with pytest.raises(NotAMember) as refused:
        do(domain, update(domain, ALICE.id, backup_owner="U0GONE"))
    assert refused.value.field == "backup_owner"


def test_who_may_not_is_told_nothing_about_others(domain: Domain) -> None:
    stranger = Caller(BOB, frozenset({Role.MEMBER}))
    with pytest.raises(NotAllowed):
        do(domain, transfer(domain, "U0GONE"), stranger)


def test_where_there_is_no_slack_the_format_is_all_that_is_checked(domain: Domain) -> None:
    key = execute(domain.services, Caller.operator("op@host"), create(domain, "U0GONE")).value.key
    assert key.owner == "U0GONE"


def test_a_shown_token_works_for_a_full_member_alone(domain: Domain) -> None:
    with domain.change(ALICE) as change:
        gone = replace(BOB, id="U0GONE")
        made = create_pending_key(
            change, domain.request("Invoices"), gone, MINUTE, DeliveryWay.REVEAL
        )
    # They were a full member when the token was shown.
    shown = execute(domain.services, Caller(gone), Reveal(delivery=made.delivery_id)).value
    with pytest.raises(NotAMember):
        do(domain, Reveal(delivery=made.delivery_id), Caller(gone))
    claim = Claim(delivery=made.delivery_id, public_id=shown.public_id)
    with pytest.raises(NotAMember):
        do(domain, claim, Caller(gone))
    with domain.change(ALICE) as change:
        refuse_leaver(change, "U0GONE")
    with reading(domain.engine, domain.account) as session:
        assert search.get(session, made.key.id).state is State.ABANDONED


def test_a_delivered_token_is_left_to_who_has_it(domain: Domain) -> None:
    key, _ = domain.issue("Invoices")
    with domain.change(BOB) as change:
        refuse_leaver(change, ALICE.id)
    with reading(domain.engine, domain.account) as session:
        assert search.get(session, key.id).state is State.ACTIVE

"""What tests of reviews do and look at."""

from __future__ import annotations

import json
from typing import Any

from sqlmodel import select

from keys.base.actors import Actor
from keys.base.policy import AuditRules
from keys.changes.authorization import Caller, Role
from keys.operations import KeepInReview, execute
from keys.reviews import lifecycle, progress, queries
from keys.reviews.models import ReviewItem, ReviewView
from storage import reading
from storage.tables import Event, LiveMessageRow, OutboxRow
from tests.keys.conftest import ALICE, SYSTEM, Domain

RULES = AuditRules()
CARL = Actor.person("U0CARL")


def begin(domain: Domain, period: str = "2026-10-05", actor: Actor = CARL) -> str:
    with domain.change(actor) as change:
        return lifecycle.begin(change, period, RULES)


def sweep(domain: Domain, rules: AuditRules = RULES) -> None:
    for _ in range(100):
        with reading(domain.engine, domain.account) as session:
            if not progress.has_due_work(session, domain.clock.now()):
                return
        with domain.change(SYSTEM) as change:
            progress.run_due(change, rules)
    raise AssertionError("there is always news")


def look(domain: Domain, id_: str, rules: AuditRules = RULES) -> ReviewView:
    sweep(domain, rules)
    with reading(domain.engine, domain.account) as session:
        return queries.get(session, id_)


def keep(
    domain: Domain, id_: str, key_id: str, actor: Actor = ALICE, reason: str = ""
) -> ReviewItem:
    caller = Caller(actor, frozenset({Role.ADMIN}))
    operation = KeepInReview(review=id_, key=key_id, reason=reason)
    return execute(domain.services, caller, operation, wait=0).value


def kinds(domain: Domain, kind: str) -> list[dict[str, Any]]:
    with reading(domain.engine) as session:
        events = session.exec(select(Event).where(Event.kind == kind)).all()
        return [json.loads(event.data) for event in events]


def told(domain: Domain, kind: str) -> list[str]:
    """Who is told of this, in the order of asking."""
    with reading(domain.engine) as session:
        return [n.recipient for n in session.exec(select(OutboxRow)) if n.kind == kind]


def lists(domain: Domain) -> set[tuple[str, str]]:
    """Round and audience of each list."""
    with reading(domain.engine) as session:
        found = session.exec(
            select(LiveMessageRow).where(LiveMessageRow.kind == queries.MESSAGE_KIND)
        ).all()
        return {(one.subject.partition(":")[2], one.recipient) for one in found}


def ask_owner(domain: Domain, id_: str, key_id: str) -> ReviewItem:
    with domain.change(CARL) as change:
        return lifecycle.ask_owner(change, id_, key_id)

"""What was requested for all keys of a leaver, done with one key after the other.

A claimed key is free again when its lease is over, so a crash loses none and several bots share the
work.
"""

from __future__ import annotations

from bot.authorization.admins import DenialReason, Denied, Person
from bot.framework.context import Context
from bot.slack_api.backoff import LEASE
from bot.token_delivery.rotate import rotate_and_deliver, rotation_of
from keys.base.actors import Actor
from keys.base.errors import DomainError, DuplicateRequest
from keys.base.models import KeyView
from keys.changes.authorization import Caller, Role
from keys.changes.change import change
from keys.changes.operation import Operation, execute
from keys.offboarding import bulk, queries
from keys.offboarding.bulk import BulkItem
from keys.offboarding.models import BulkAction
from keys.operations import Revoke, Transfer
from keys.rotation.grace import GRACE_DEFAULT

_TIMER = Actor.system("timer")


def run(context: Context) -> bool:
    """Do what was requested for all keys with one of them; False if there is nothing to do."""
    now = context.clock.now()
    with context.reading() as session:
        if not bulk.is_work_waiting(session):
            return False
    with context.writing() as session:
        job = bulk.claim_bulk_item(session, now, LEASE)
    if job is None:
        return False
    allowed = context.admins.check(Person(job.by.id))
    if isinstance(allowed, Denied) and allowed.why is DenialReason.NO_ANSWER:
        # Its lease runs out, and it is tried again.
        return True
    problem = (
        "The person who asked for this is no longer an admin." if not allowed else _do(context, job)
    )
    with change(context.services, _TIMER) as made:
        bulk.complete_bulk_item(made, job, problem)
    return True


def _do(context: Context, job: BulkItem) -> str:
    """Do it as the admin who asked; returns why that failed, in a sentence, or nothing."""
    # Asked a moment ago, and not in the transaction: they are an admin.
    caller = Caller(job.by, frozenset({Role.ADMIN}))
    try:
        if job.action is BulkAction.ROTATE:
            return _rotate(context, caller, job)
        operation: Operation[KeyView]
        if job.action is BulkAction.REVOKE:
            # The message about the offboarding names each key that was revoked.
            operation = Revoke(key=job.key_id, reason="offboarding", announce=False)
        else:
            operation = Transfer(key=job.key_id, before=job.person, after=job.recipient)
        execute(context.services, caller, operation, wait=0)
    except DomainError as error:
        return str(error)
    return ""


def _rotate(context: Context, caller: Caller, job: BulkItem) -> str:
    key = context.key(job.key_id)
    with context.reading() as session:
        successor = queries.successor(session, key)
    recipient = (
        successor
        if successor and context.admins.check_membership(Person(successor))
        else job.recipient
    )
    # The same however often it is tried, and another one if it is requested again.
    request = f"{job.key_id}:{job.asked_at.timestamp():.3f}"
    try:
        operation = rotation_of(context, job.key_id, recipient, GRACE_DEFAULT, request)
        return rotate_and_deliver(context, caller, operation, recipient)
    except DuplicateRequest:
        return ""

"""Do what was requested for all keys of a leaver, one key after the other.

A key is claimed for a limited time, so a crash loses none, and several processes share the work.
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
from keys.changes.membership import Membership
from keys.changes.operation import Operation, execute
from keys.offboarding import bulk, queries
from keys.offboarding.bulk import BulkItem
from keys.offboarding.models import BulkAction
from keys.operations import Revoke, Transfer
from keys.rotation.grace import GRACE_DEFAULT

_TIMER = Actor.system("timer")


def run(context: Context) -> bool:
    """Handle one key; False if there is nothing to do."""
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
        # The claim expires, and the key is tried again.
        return True
    problem = (
        "The person who requested this is no longer an admin." if not allowed else _do(context, job)
    )
    with change(context.services, _TIMER) as made:
        bulk.complete_bulk_item(made, job, problem)
    return True


def _do(context: Context, job: BulkItem) -> str:
    """Act as the admin who requested it; returns why it failed, in a sentence, or nothing."""
    # `run` has just checked that they are an admin; Slack is not asked in a transaction.
    caller = Caller(job.by, frozenset({Role.ADMIN}))
    try:
        if job.action is BulkAction.ROTATE:
            return _rotate(context, caller, job)
        operation: Operation[KeyView]
        if job.action is BulkAction.REVOKE:
            # In the channel, the offboarding's live message already names each revoked key.
            with context.reading() as session:
                private = queries.is_private(session, job.offboarding_id)
            operation = Revoke(key=job.key_id, reason="offboarding", announce=private)
        else:
            operation = Transfer(
                key=job.key_id, before=job.person, after=job.recipient, announce=False
            )
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
        if successor and context.admins.membership(successor) is Membership.FULL
        else job.recipient
    )
    # The same for each attempt, but a different one if it is requested again.
    request = f"{job.key_id}:{job.asked_at.timestamp():.3f}"
    try:
        operation = rotation_of(context, job.key_id, recipient, GRACE_DEFAULT, request)
        return rotate_and_deliver(context, caller, operation, recipient)
    except DuplicateRequest:
        return ""

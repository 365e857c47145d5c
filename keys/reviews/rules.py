"""Permissions in a review: who may decide on a key, and who may read its lists."""

from __future__ import annotations

from keys.changes import outbox
from keys.changes.authorization import (
    Allowed,
    Decision,
    Denied,
    Permission,
    PermissionCheck,
    members,
)
from keys.reviews import queries


def _may_decide(check: PermissionCheck) -> Decision:
    session, actor = check.session, check.caller.actor
    if session is not None and actor.kind == "person":
        found = queries.may_decide(session, check.subject, check.key_id, actor.id)
        if found:
            return Allowed()
    return Denied("You are not the owner of this key.")


def _has_list(check: PermissionCheck) -> Decision:
    session, actor = check.session, check.caller.actor
    if session is not None and actor.kind == "person":
        recipient = outbox.to_person(actor.id)
        if queries.has_any_list(session, check.subject, recipient):
            return Allowed()
    return Denied("You have no list in this audit.")


# The owner or backup owner of a key in an open review, if they are a full member.
review_owner = Permission("review_owner", _may_decide, reads=True) & members
# A person who was sent a list of the review, whatever their roles are now.
list_reader = Permission("list_reader", _has_list, reads=True)

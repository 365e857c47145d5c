"""Who may decide about a key in a review, and who may turn the pages of its lists."""

from __future__ import annotations

from keys.changes import outbox
from keys.changes.authorization import Allowed, Decision, Denied, Permission, Question, members
from keys.reviews import queries


def _may_decide(question: Question) -> Decision:
    session, actor = question.session, question.caller.actor
    if session is not None and actor.kind == "person":
        about, key_id = question.about, question.key_id
        if queries.may_decide(session, about, key_id, actor.id):
            return Allowed()
    return Denied("You are not the owner of this key.")


def _has_list(question: Question) -> Decision:
    session, actor = question.session, question.caller.actor
    if session is not None and actor.kind == "person":
        recipient = outbox.to_person(actor.id)
        if queries.has_any_list(session, question.about, recipient):
            return Allowed()
    return Denied("You have no list in this audit.")


# The owner or backup owner of a key in an open review, as long as they are a full member.
review_owner = Permission("review_owner", _may_decide, reads=True) & members
# A person to whom a list of the review was sent: they may read all of it, whatever they are by now.
list_reader = Permission("list_reader", _has_list, reads=True)

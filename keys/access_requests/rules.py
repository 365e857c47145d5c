"""Who may decide about an access request, and who may withdraw it."""

from __future__ import annotations

from keys.access_requests.queries import requester_of
from keys.changes.authorization import Allowed, Decision, Denied, Permission, Question


def _is_requester(question: Question) -> Decision:
    return Allowed() if _asked(question) else Denied("This is another person’s request.")


def _is_not_requester(question: Question) -> Decision:
    if _asked(question):
        return Denied("This is your own request. Another admin has to decide about it.")
    return Allowed()


def _asked(question: Question) -> bool:
    """Whether the caller made the request that the question is about."""
    if question.session is None:
        raise ValueError("a rule about a request reads its row, and there is no session")
    return requester_of(question.session, question.about) == question.caller.actor


# The person who made the access request that it is about.
requester = Permission("requester", _is_requester, reads=True)
# Nobody decides about their own request, whatever else they are.
not_requester = Permission("not_requester", _is_not_requester, reads=True)

"""Permissions on access requests: who may decide on one, and who may withdraw it."""

from __future__ import annotations

from keys.access_requests.queries import requester_of
from keys.changes.authorization import Allowed, Decision, Denied, Permission, PermissionCheck


def _is_requester(check: PermissionCheck) -> Decision:
    return Allowed() if _asked(check) else Denied("This is another person’s request.")


def _is_not_requester(check: PermissionCheck) -> Decision:
    if _asked(check):
        return Denied("This is your own request. Ask another admin to decide on it.")
    return Allowed()


def _asked(check: PermissionCheck) -> bool:
    """Return whether the caller made the request."""
    if check.session is None:
        raise ValueError("a permission on a request needs a session to read its row")
    return requester_of(check.session, check.subject) == check.caller.actor


# The person who made the access request.
requester = Permission("requester", _is_requester, reads=True)
# No one decides on their own request, whatever their roles.
not_requester = Permission("not_requester", _is_not_requester, reads=True)

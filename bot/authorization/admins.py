"""Check who is an admin of keys: Allowed, or Denied with a reason.

The check is repeated at every command, press and submission: a button reaches people who could not
use the slash command, and a role may have been removed a minute ago. If in doubt, the answer is no.
"""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from bot.authorization.admin_sources import (
    ExplicitUsers,
    GroupMembers,
    Policy,
    SlackAdmins,
    read_policy,
)
from bot.authorization.membership import (
    DenialReason,
    Denied,
    Person,
    Workspace,
    is_outsider,
    membership_problem,
)
from bot.slack_api.errors import (
    BadCredentials,
    GroupProblem,
    MissingScope,
    PersonUnknown,
    SlackError,
)
from bot.slack_api.names import display_name
from keys.changes.authorization import Allowed
from keys.changes.membership import Membership
from runtime.clock import Clock

# Callers import everything for the check from here.
__all__ = [
    "Admins",
    "DenialReason",
    "Denied",
    "ExplicitUsers",
    "GroupMembers",
    "People",
    "Person",
    "Policy",
    "SlackAdmins",
    "Workspace",
    "read_policy",
]

NAMES_MAX = 3
NAMES_KEPT = timedelta(minutes=10)
_ASKED_MAX = 20
_ROLES = ("is_admin", "is_owner", "is_primary_owner")
# After these Slack may say something else in a minute, so nothing is cancelled because of them.
_UNCERTAIN = (
    DenialReason.UNKNOWN,
    DenialReason.NO_ANSWER,
    DenialReason.MISCONFIGURED,
    DenialReason.NOT_INSTALLED,
)
_log = logging.getLogger(__name__)


class People(Protocol):
    """The calls that the check needs; see bot.slack_api.client. They raise SlackError."""

    def user_info(self, user_id: str) -> dict[str, Any]:
        """Return a user, as `users.info` describes them."""
        ...

    def usergroup_members(self, group_id: str) -> tuple[str, ...]:
        """Return the ids of a user group's members."""
        ...

    def users(self) -> Iterable[dict[str, Any]]:
        """Return all users of the workspace."""
        ...


class _AskedOnce:
    """Asks Slack about each user and group once, for the checks of one press."""

    def __init__(self, slack: People) -> None:
        self._slack = slack
        self._users: dict[str, dict[str, Any]] = {}
        self._groups: dict[str, tuple[str, ...]] = {}

    def user_info(self, user_id: str) -> dict[str, Any]:
        if user_id not in self._users:
            self._users[user_id] = self._slack.user_info(user_id)
        return self._users[user_id]

    def usergroup_members(self, group_id: str) -> tuple[str, ...]:
        if group_id not in self._groups:
            self._groups[group_id] = self._slack.usergroup_members(group_id)
        return self._groups[group_id]

    def users(self) -> Iterable[dict[str, Any]]:
        return self._slack.users()


class Admins:
    """Check who is an admin of one workspace's keys. Safe to share between threads."""

    def __init__(self, slack: People, policy: Policy, workspace: Workspace, clock: Clock) -> None:
        self._slack = slack
        self._policy = policy
        self._workspace = workspace
        self._clock = clock
        self._names: tuple[datetime, tuple[str, ...]] | None = None
        # One list, since the checks for one press (`for_one_press`) share it.
        self._new_ids: list[tuple[datetime, frozenset[str]]] = []
        self._lock = threading.Lock()

    def for_one_press(self) -> Admins:
        """Return the same checks, which ask Slack once for what several of them need."""
        other = copy.copy(self)
        other._slack = _AskedOnce(self._slack)
        return other

    @property
    def workspace(self) -> Workspace:
        """The workspace that the keys belong to."""
        return self._workspace

    def check(self, person: Person) -> Allowed | Denied:
        """Check whether a user is an admin now. Asks Slack each time; raises nothing."""
        if is_outsider(person, self._workspace):
            return Denied(DenialReason.OUTSIDER)
        if isinstance(self._policy, ExplicitUsers) and not self._is_listed(person.user_id):
            return self._not_listed(person)
        try:
            user = self._slack.user_info(person.user_id)
            problem = self._problem(user, person.user_id)
            if problem is not None:
                return Denied(problem)
            return Allowed() if self._is_admin(user) else Denied(DenialReason.NOT_AN_ADMIN)
        except SlackError as error:
            return self._unanswered(error)

    def check_membership(self, person: Person) -> Allowed | Denied:
        """Check whether a user is a full member of the workspace, as requesting a key requires.

        Asks Slack each time; raises nothing.
        """
        if is_outsider(person, self._workspace):
            return Denied(DenialReason.OUTSIDER)
        try:
            problem = self._problem(self._slack.user_info(person.user_id), person.user_id)
        except SlackError as error:
            return self._unanswered(error)
        return Denied(problem) if problem is not None else Allowed()

    def membership(self, user_id: str) -> Membership:
        """Return whether a user may own a key or be given a token (keys.changes.membership)."""
        decision = self.check_membership(Person(user_id))
        if isinstance(decision, Allowed):
            return Membership.FULL
        return Membership.UNKNOWN if decision.why in _UNCERTAIN else Membership.NONE

    def _is_listed(self, user_id: str) -> bool:
        """Return whether APIKEYS_ADMINS lists a user, by this id or by one that it has replaced."""
        if not isinstance(self._policy, ExplicitUsers):
            return False
        if user_id in self._policy.user_ids:
            return True
        # After a migration to Enterprise Grid, ids begin with W.
        return user_id.startswith("W") and user_id in self._renumbered(self._policy.user_ids)

    def _renumbered(self, user_ids: Sequence[str]) -> frozenset[str]:
        """Return the new ids of listed users, looked up every ten minutes."""
        now = self._clock.now()
        with self._lock:
            cached = self._new_ids[-1] if self._new_ids else None
        if cached is not None and timedelta(0) <= now - cached[0] < NAMES_KEPT:
            return cached[1]
        found = set()
        for user_id in user_ids[:_ASKED_MAX]:
            try:
                known_as = str(self._slack.user_info(user_id).get("id") or "")
            except SlackError as error:
                _log.warning("users.info for %s in APIKEYS_ADMINS: %s", user_id, error.code)
                continue
            if known_as.startswith("W") and known_as != user_id:
                _log.warning("APIKEYS_ADMINS: replace %s with %s, the new id", user_id, known_as)
                found.add(known_as)
        ids = frozenset(found)
        with self._lock:
            self._new_ids[:] = [(now, ids)]
        return ids

    def _not_listed(self, person: Person) -> Denied:
        """Deny a user who is not listed; Slack is only asked for the best reason."""
        try:
            user = self._slack.user_info(person.user_id)
        except SlackError as error:
            _log.info("users.info for a user who is not listed: %s", error.code)
            return Denied(DenialReason.NOT_AN_ADMIN)
        return Denied(self._problem(user, person.user_id) or DenialReason.NOT_AN_ADMIN)

    def _is_admin(self, user: dict[str, Any]) -> bool:
        match self._policy:
            case SlackAdmins():
                # An admin of one workspace is not an admin of the whole organisation.
                whole = self._workspace.enterprise_id and not self._workspace.team_id
                roles = (user.get("enterprise_user") or {}) if whole else user
                return any(roles.get(role) is True for role in _ROLES)
            case GroupMembers(group_id):
                return user["id"] in self._slack.usergroup_members(group_id)
            case ExplicitUsers():
                return self._is_listed(str(user["id"]))

    def membership_problem(self, user: dict[str, Any]) -> DenialReason | None:
        """Return why a user, as Slack describes them, is not a full member; None if they are."""
        return self._problem(user, str(user.get("id") or ""))

    def _problem(self, user: dict[str, Any], user_id: str) -> DenialReason | None:
        return membership_problem(user, user_id, self._workspace)

    def _unanswered(self, error: SlackError) -> Denied:
        if isinstance(error, PersonUnknown):
            return Denied(DenialReason.OUTSIDER)
        if isinstance(error, BadCredentials):
            return Denied(DenialReason.NOT_INSTALLED)
        if isinstance(error, GroupProblem | MissingScope):
            _log.error("No admin can be found: %s", error)
            return Denied(DenialReason.MISCONFIGURED)
        _log.warning("%s failed while looking for admins: %s", error.method, error.code)
        return Denied(DenialReason.NO_ANSWER)

    def names(self) -> tuple[str, ...]:
        """Return the names of up to three admins to ask, cached for ten minutes.

        Empty if there is none. If Slack does not answer, the last names are returned.
        """
        now = self._clock.now()
        with self._lock:
            cached = self._names
        if cached is not None and timedelta(0) <= now - cached[0] < NAMES_KEPT:
            return cached[1]
        try:
            names = tuple(islice(self._find_names(), NAMES_MAX))
        except SlackError as error:
            _log.warning(
                "%s failed while looking for the names of admins: %s", error.method, error.code
            )
            return cached[1] if cached else ()
        with self._lock:
            self._names = (now, names)
        return names

    def ids(self, most: int = 10) -> tuple[str, ...]:
        """Return the ids of some admins; empty if Slack does not answer."""
        try:
            found = (user for user in self._candidates() if self.membership_problem(user) is None)
            return tuple(str(user["id"]) for user in islice(found, most))
        except SlackError as error:
            _log.warning("%s failed while looking for admins: %s", error.method, error.code)
            return ()

    def _find_names(self) -> Iterator[str]:
        for user in self._candidates():
            if self.membership_problem(user) is None and display_name(user):
                yield display_name(user)

    def _candidates(self) -> Iterator[dict[str, Any]]:
        match self._policy:
            case SlackAdmins():
                return (user for user in self._slack.users() if self._is_admin(user))
            case GroupMembers(group_id):
                return self._each(self._slack.usergroup_members(group_id))
            case ExplicitUsers(user_ids):
                return self._each(user_ids)

    def _each(self, user_ids: Iterable[str]) -> Iterator[dict[str, Any]]:
        for user_id in islice(user_ids, _ASKED_MAX):
            try:
                yield self._slack.user_info(user_id)
            except PersonUnknown:
                _log.warning("APIKEYS_ADMINS names %s, whom Slack does not know", user_id)

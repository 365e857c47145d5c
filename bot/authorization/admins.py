"""Who may make, rename and revoke keys: Allowed, or Denied with a reason.

Asked afresh at every command, press and submission: a button reaches people whom the slash
command never would, and a role may have been taken away a minute ago. Whatever is not certain is
a refusal.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Protocol

from bot.slack_api.errors import GroupProblem, MissingScope, PersonUnknown, SlackError
from keys.changes.authorization import Allowed
from runtime.clock import Clock

NAMES_MAX = 3
NAMES_KEPT = timedelta(minutes=10)
_ASKED_MAX = 20
_ROLES = ("is_admin", "is_owner", "is_primary_owner")
_BOTS = ("is_bot", "is_workflow_bot", "is_connector_bot")
_GUESTS = ("is_restricted", "is_ultra_restricted")
_SLACKBOT = "USLACKBOT"
_USER_ID = re.compile(r"[UW][A-Z0-9]+\Z")
_GROUP_ID = re.compile(r"S[A-Z0-9]+\Z")
_log = logging.getLogger(__name__)


class People(Protocol):
    """What is asked of Slack; bot.slack_api.client.SlackClient answers it. Raises SlackError."""

    def user_info(self, user_id: str) -> dict[str, Any]:
        """One person, as `users.info` describes them."""
        ...

    def usergroup_members(self, group_id: str) -> tuple[str, ...]:
        """The ids of a user group's members."""
        ...

    def users(self) -> Iterable[dict[str, Any]]:
        """Everybody in the workspace."""
        ...


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where the keys belong.

    Attributes:
        team_id: empty where the app is installed for an organisation as a whole.
        enterprise_id: empty outside Enterprise Grid.
    """

    team_id: str
    enterprise_id: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who typed, pressed or submitted, as the payload says (`user.id`, `user.team_id`).

    Attributes:
        team_id: their own workspace; empty if the payload does not tell.
        enterprise_id: their own organisation; empty if there is none, or it is not told.
    """

    user_id: str
    team_id: str = ""
    enterprise_id: str = ""


@dataclass(frozen=True, slots=True)
class SlackAdmins:
    """The workspace's admins, owners and primary owner; for an organisation as a whole, its own."""


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """The members of a user group."""

    group_id: str


@dataclass(frozen=True, slots=True)
class ExplicitUsers:
    """The people listed; an empty list allows nobody."""

    user_ids: tuple[str, ...]


Policy = SlackAdmins | GroupMembers | ExplicitUsers


def read_policy(text: str) -> Policy:
    """Reads APIKEYS_ADMINS: `slack-admins`, `usergroup:S…` or `users:U…,U…`.

    Raises:
        ValueError: with a sentence that says what is wrong.
    """
    text = text.strip()
    kind, _, rest = text.partition(":")
    if text == "slack-admins":
        return SlackAdmins()
    if kind == "usergroup" and _GROUP_ID.match(rest.strip()):
        return GroupMembers(rest.strip())
    if kind == "users":
        ids = [part.strip() for part in rest.split(",") if part.strip()]
        wrong = next((id_ for id_ in ids if not _USER_ID.match(id_)), None)
        if wrong is None and ":" in text:
            return ExplicitUsers(tuple(dict.fromkeys(ids)))
        if wrong is not None:
            raise ValueError(
                f"APIKEYS_ADMINS lists “{wrong}”, which is not a person's id. An id begins with U "
                "or W; Slack shows it in a profile's menu under “Copy member ID”."
            )
    raise ValueError(
        "APIKEYS_ADMINS must be “slack-admins”, “usergroup:” with a group's id (S…), or “users:” "
        "with people's ids (U…), separated by commas."
    )


class DenialReason(StrEnum):
    """Why somebody is not an admin."""

    NOT_AN_ADMIN = "not_an_admin"
    GUEST = "guest"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    OUTSIDER = "outsider"
    UNKNOWN = "unknown"
    NO_ANSWER = "no_answer"
    MISCONFIGURED = "misconfigured"


_SENTENCES = {
    DenialReason.NOT_AN_ADMIN: "You are not an admin of API keys here, so you cannot do this.",
    DenialReason.GUEST: "Guests cannot look after API keys.",
    DenialReason.BOT: "Bots cannot look after API keys.",
    DenialReason.DEACTIVATED: (
        "This Slack account is deactivated, so it cannot look after API keys."
    ),
    DenialReason.OUTSIDER: "Only people of this workspace can look after its API keys.",
    DenialReason.UNKNOWN: "Slack does not tell enough about you to know whether you are an admin.",
    DenialReason.NO_ANSWER: (
        "Slack did not answer when asked whether you are an admin, so nothing was done. Please "
        "try again in a minute."
    ),
    DenialReason.MISCONFIGURED: (
        "The app cannot find out who is an admin, so nothing was done. Tell the person who runs "
        "it: its log says what is missing."
    ),
}


@dataclass(frozen=True, slots=True)
class Denied:
    """They may not; `reason` is a sentence for them to read."""

    why: DenialReason

    @property
    def reason(self) -> str:
        """Why not, in plain words."""
        return _SENTENCES[self.why]

    def __bool__(self) -> bool:
        return False


class Admins:
    """Says who is an admin of one workspace's keys. Safe to share between threads."""

    def __init__(self, slack: People, policy: Policy, workspace: Workspace, clock: Clock) -> None:
        self._slack = slack
        self._policy = policy
        self._workspace = workspace
        self._clock = clock
        self._names: tuple[datetime, tuple[str, ...]] | None = None
        self._lock = threading.Lock()

    @property
    def workspace(self) -> Workspace:
        """Whose keys they are."""
        return self._workspace

    def check(self, person: Person) -> Allowed | Denied:
        """Whether a person is an admin at this moment. Asks Slack each time; raises nothing."""
        if _elsewhere(person, self._workspace):
            return Denied(DenialReason.OUTSIDER)
        if isinstance(self._policy, ExplicitUsers) and person.user_id not in self._policy.user_ids:
            return self._not_listed(person)
        try:
            user = self._slack.user_info(person.user_id)
            never = self._never(user, person.user_id)
            if never is not None:
                return Denied(never)
            return Allowed() if self._chosen(user) else Denied(DenialReason.NOT_AN_ADMIN)
        except SlackError as error:
            return self._unanswered(error)

    def check_membership(self, person: Person) -> Allowed | Denied:
        """Whether somebody is a full member of the workspace, as asking for a key takes.

        Asks Slack each time; raises nothing.
        """
        if _elsewhere(person, self._workspace):
            return Denied(DenialReason.OUTSIDER)
        try:
            never = self._never(self._slack.user_info(person.user_id), person.user_id)
        except SlackError as error:
            return self._unanswered(error)
        return Denied(never) if never is not None else Allowed()

    def _not_listed(self, person: Person) -> Denied:
        """The answer is no already; Slack is asked only for the reason that fits best."""
        try:
            user = self._slack.user_info(person.user_id)
        except SlackError as error:
            _log.info("users.info for somebody not listed: %s", error.code)
            return Denied(DenialReason.NOT_AN_ADMIN)
        return Denied(self._never(user, person.user_id) or DenialReason.NOT_AN_ADMIN)

    def _chosen(self, user: dict[str, Any]) -> bool:
        match self._policy:
            case SlackAdmins():
                # Whoever looks after one workspace does not look after a whole organisation.
                whole = self._workspace.enterprise_id and not self._workspace.team_id
                roles = (user.get("enterprise_user") or {}) if whole else user
                return any(roles.get(role) is True for role in _ROLES)
            case GroupMembers(group_id):
                return user["id"] in self._slack.usergroup_members(group_id)
            case ExplicitUsers(user_ids):
                return user["id"] in user_ids

    def membership_problem(self, user: dict[str, Any]) -> DenialReason | None:
        """Why a person, as Slack describes them, is no full member; None if they are one."""
        return self._never(user, str(user.get("id") or ""))

    def _never(self, user: dict[str, Any], asked_for: str) -> DenialReason | None:
        """Why this person is no admin whatever the policy says; None if nothing is against it."""
        if user.get("id") != asked_for:
            return DenialReason.UNKNOWN
        if user.get("deleted"):
            return DenialReason.DEACTIVATED
        if asked_for == _SLACKBOT or any(user.get(flag) for flag in _BOTS):
            return DenialReason.BOT
        if user.get("is_stranger") or not _belongs(user, self._workspace):
            return DenialReason.OUTSIDER
        if any(user.get(flag) for flag in _GUESTS):
            return DenialReason.GUEST
        # A person about whom Slack does not say these things may be anybody.
        if any(user.get(flag) is not False for flag in ("deleted", "is_bot", *_GUESTS)):
            return DenialReason.UNKNOWN
        return None

    def _unanswered(self, error: SlackError) -> Denied:
        if isinstance(error, PersonUnknown):
            return Denied(DenialReason.OUTSIDER)
        if isinstance(error, GroupProblem | MissingScope):
            _log.error("Nobody can be told to be an admin: %s", error)
            return Denied(DenialReason.MISCONFIGURED)
        _log.warning("%s did not tell who is an admin: %s", error.method, error.code)
        return Denied(DenialReason.NO_ANSWER)

    def names(self) -> tuple[str, ...]:
        """The names of up to three admins to ask, kept for ten minutes.

        Empty if there is none. When Slack does not answer, the last names known.
        """
        now = self._clock.now()
        with self._lock:
            kept = self._names
        if kept is not None and timedelta(0) <= now - kept[0] < NAMES_KEPT:
            return kept[1]
        try:
            names = tuple(islice(self._find_names(), NAMES_MAX))
        except SlackError as error:
            _log.warning("%s did not tell the names of admins: %s", error.method, error.code)
            return kept[1] if kept else ()
        with self._lock:
            self._names = (now, names)
        return names

    def ids(self, most: int = 10) -> tuple[str, ...]:
        """The ids of some admins; empty when Slack does not answer."""
        try:
            found = (user for user in self._candidates() if self.membership_problem(user) is None)
            return tuple(str(user["id"]) for user in islice(found, most))
        except SlackError as error:
            _log.warning("%s did not tell who is an admin: %s", error.method, error.code)
            return ()

    def _find_names(self) -> Iterator[str]:
        for user in self._candidates():
            id_ = str(user.get("id", ""))
            if self._never(user, id_) is None and _name(user):
                yield _name(user)

    def _candidates(self) -> Iterator[dict[str, Any]]:
        match self._policy:
            case SlackAdmins():
                return (user for user in self._slack.users() if self._chosen(user))
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


def _elsewhere(person: Person, workspace: Workspace) -> bool:
    """Whether the payload itself says that they are of another workspace or organisation."""
    if person.enterprise_id and person.enterprise_id != workspace.enterprise_id:
        return True
    if person.team_id in ("", workspace.team_id, workspace.enterprise_id):
        return False
    # On Enterprise Grid somebody's own workspace may be another one of the same organisation;
    # users.info then tells whether they belong to this one as well.
    return not workspace.enterprise_id


def _belongs(user: dict[str, Any], workspace: Workspace) -> bool:
    grid = user.get("enterprise_user") or {}
    if grid:
        if not workspace.enterprise_id or grid.get("enterprise_id") != workspace.enterprise_id:
            return False
        if not workspace.team_id or workspace.team_id in (grid.get("teams") or ()):
            return True
    elif user.get("enterprise_id") and user["enterprise_id"] != workspace.enterprise_id:
        return False
    return bool(workspace.team_id) and user.get("team_id") == workspace.team_id


def _name(user: dict[str, Any]) -> str:
    profile = user.get("profile") or {}
    shown = profile.get("display_name") or profile.get("real_name") or user.get("real_name")
    return str(shown or user.get("name") or "").strip()

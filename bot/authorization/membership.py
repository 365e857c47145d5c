"""Check whether a Slack user is a full member of the workspace; the answer carries its reason.

If Slack does not say it for certain, the answer is no.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_BOTS = ("is_bot", "is_workflow_bot", "is_connector_bot")
_GUESTS = ("is_restricted", "is_ultra_restricted")
_SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace or organisation that keys belong to.

    Attributes:
        team_id: empty if the app is installed for an organisation as a whole.
        enterprise_id: empty outside Enterprise Grid.
    """

    team_id: str
    enterprise_id: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """The user who typed, pressed or submitted, from the payload (`user.id`, `user.team_id`).

    Attributes:
        team_id: their own workspace; empty if it is not given.
        enterprise_id: their own organisation; empty if there is none, or it is not given.
    """

    user_id: str
    team_id: str = ""
    enterprise_id: str = ""


class DenialReason(StrEnum):
    """Why a user is denied."""

    NOT_AN_ADMIN = "not_an_admin"
    GUEST = "guest"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    OUTSIDER = "outsider"
    UNKNOWN = "unknown"
    NO_ANSWER = "no_answer"
    MISCONFIGURED = "misconfigured"
    NOT_INSTALLED = "not_installed"


_SENTENCES = {
    DenialReason.NOT_AN_ADMIN: "You are not an admin of API keys here, so you cannot do this.",
    DenialReason.GUEST: "Guests cannot manage API keys.",
    DenialReason.BOT: "Bots cannot manage API keys.",
    DenialReason.DEACTIVATED: ("This Slack account is deactivated, so it cannot manage API keys."),
    DenialReason.OUTSIDER: "Only members of this workspace can manage its API keys.",
    DenialReason.UNKNOWN: "Slack does not say enough about you to decide whether you are an admin.",
    DenialReason.NO_ANSWER: (
        "Slack did not answer whether you are an admin, so nothing was done. Please try again in a "
        "minute."
    ),
    DenialReason.MISCONFIGURED: (
        "The app cannot find out who is an admin, so nothing was done. Tell the person who runs "
        "it: the log says what is missing."
    ),
    DenialReason.NOT_INSTALLED: (
        "Slack no longer accepts this app's token, so nothing was done. A person who manages the "
        "workspace's apps has to install it again. API keys keep working."
    ),
}


@dataclass(frozen=True, slots=True)
class Denied:
    """The user is denied; `reason` is a sentence for them."""

    why: DenialReason

    @property
    def reason(self) -> str:
        """A sentence for the user."""
        return _SENTENCES[self.why]

    def __bool__(self) -> bool:
        return False


def is_outsider(person: Person, workspace: Workspace) -> bool:
    """Return whether the payload itself names another workspace or organisation."""
    if person.enterprise_id and person.enterprise_id != workspace.enterprise_id:
        return True
    if person.team_id in ("", workspace.team_id, workspace.enterprise_id):
        return False
    # On Enterprise Grid a user's own workspace may be another one of the same organisation;
    # users.info then says whether they belong to this one as well.
    return not workspace.enterprise_id


def membership_problem(
    user: dict[str, Any], user_id: str, workspace: Workspace
) -> DenialReason | None:
    """Return why a user is not a full member of the workspace; None if they are.

    Args:
        user: as `users.info` describes them.
        user_id: the id that Slack was asked about; an answer about another one proves nothing.
    """
    if user.get("id") != user_id:
        return DenialReason.UNKNOWN
    if user.get("deleted"):
        return DenialReason.DEACTIVATED
    if user_id == _SLACKBOT or any(user.get(flag) for flag in _BOTS):
        return DenialReason.BOT
    if user.get("is_stranger") or not _is_member(user, workspace):
        return DenialReason.OUTSIDER
    if any(user.get(flag) for flag in _GUESTS):
        return DenialReason.GUEST
    # If Slack does not say these things about a user, they may be anyone.
    if any(user.get(flag) is not False for flag in ("deleted", "is_bot", *_GUESTS)):
        return DenialReason.UNKNOWN
    return None


def _is_member(user: dict[str, Any], workspace: Workspace) -> bool:
    grid = user.get("enterprise_user") or {}
    if grid:
        if not workspace.enterprise_id or grid.get("enterprise_id") != workspace.enterprise_id:
            return False
        if not workspace.team_id or workspace.team_id in (grid.get("teams") or ()):
            return True
    elif user.get("enterprise_id") and user["enterprise_id"] != workspace.enterprise_id:
        return False
    return bool(workspace.team_id) and user.get("team_id") == workspace.team_id

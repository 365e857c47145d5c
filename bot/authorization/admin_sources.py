"""Who the admins are (APIKEYS_ADMINS): Slack's admins, a user group, or a list of users."""

from __future__ import annotations

import re
from dataclasses import dataclass

_USER_ID = re.compile(r"[UW][A-Z0-9]+\Z")
_GROUP_ID = re.compile(r"S[A-Z0-9]+\Z")


@dataclass(frozen=True, slots=True)
class SlackAdmins:
    """The workspace's admins, owners and primary owner; for an organisation as a whole, its own."""


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """The members of a user group."""

    group_id: str


@dataclass(frozen=True, slots=True)
class ExplicitUsers:
    """The users listed; an empty list allows no one."""

    user_ids: tuple[str, ...]


Policy = SlackAdmins | GroupMembers | ExplicitUsers


def read_policy(text: str) -> Policy:
    """Read APIKEYS_ADMINS: `slack-admins`, `usergroup:S…` or `users:U…,U…`.

    Raises:
        ValueError: with a sentence for the operator.
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

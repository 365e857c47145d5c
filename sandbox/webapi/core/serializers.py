"""Serialize accounts, channels, messages and user groups as Slack's JSON objects."""

import copy

from sandbox.delivery import payloads
from sandbox.state.installation import ORGANISATION, Installation
from sandbox.state.models import Account, Channel, ChannelKind, Json, Message, Role, Usergroup
from sandbox.state.workspace import Workspace

_ADMINS = (Role.PRIMARY_OWNER, Role.OWNER, Role.ADMIN)
_OWNERS = (Role.PRIMARY_OWNER, Role.OWNER)
_GUESTS = (Role.GUEST, Role.SINGLE_CHANNEL_GUEST)


def account_json(
    workspace: Workspace, install: Installation, account: Account, *, with_email: bool
) -> Json:
    """Return a user object (https://docs.slack.dev/reference/objects/user-object)."""
    role = account.role
    profile: Json = {
        "real_name": account.real_name,
        "real_name_normalized": account.real_name,
        "display_name": account.real_name,
        "display_name_normalized": account.real_name,
        "title": "",
        "status_text": "",
        "status_emoji": "",
        "team": account.home_team,
    }
    if with_email and not account.is_bot:
        profile["email"] = account.email
    if account.is_bot:
        profile |= {"api_app_id": install.app_id, "bot_id": install.bot_id}
    body: Json = {
        "id": account.id,
        "team_id": account.home_team,
        "name": account.name,
        "deleted": account.deleted,
        "profile": profile,
        "is_bot": account.is_bot,
        "is_app_user": False,
        "updated": int(account.updated),
    }
    of_app = None if account.is_bot or account.is_outsider else install.enterprise_id
    if organisation := account.enterprise_id or of_app:
        # The practice organisation has this workspace alone, so its roles are the workspace's.
        body["enterprise_user"] = {
            "id": account.id,
            "enterprise_id": organisation,
            "enterprise_name": ORGANISATION,
            "is_admin": role in _ADMINS and not account.deleted,
            "is_owner": role in _OWNERS and not account.deleted,
            "is_primary_owner": role is Role.PRIMARY_OWNER and not account.deleted,
            "teams": [workspace.team_id],
        }
    if account.deleted:
        return body
    body |= {
        "real_name": account.real_name,
        "tz": account.tz,
        "tz_label": account.tz_label,
        "tz_offset": account.tz_offset,
        "is_admin": role in _ADMINS,
        "is_owner": role in _OWNERS,
        "is_primary_owner": role is Role.PRIMARY_OWNER,
        "is_restricted": role in _GUESTS,
        "is_ultra_restricted": role is Role.SINGLE_CHANNEL_GUEST,
    }
    if account.is_outsider:
        body["is_stranger"] = is_stranger(workspace, install, account.id)
    return body


def is_stranger(workspace: Workspace, install: Installation, user: str) -> bool:
    """Return whether a user of another organisation shares no channel with the app."""
    with workspace.lock:
        return not any(
            user in c.members and install.bot_user in c.members
            for c in workspace.channels.values()
            if not c.is_direct
        )


def channel_json(workspace: Workspace, install: Installation, channel: Channel) -> Json:
    """Return a conversation object (https://docs.slack.dev/reference/objects/conversation-object)."""
    kind = channel.kind
    body: Json = {
        "id": channel.id,
        "created": int(channel.created),
        "is_channel": kind is ChannelKind.PUBLIC,
        "is_group": kind is ChannelKind.PRIVATE,
        "is_im": kind is ChannelKind.IM,
        "is_mpim": kind is ChannelKind.MPIM,
        "is_private": kind is not ChannelKind.PUBLIC,
        "is_archived": channel.archived,
        "is_ext_shared": channel.shared,
        "is_shared": channel.shared,
        "is_org_shared": False,
        "context_team_id": workspace.team_id,
    }
    if kind is ChannelKind.IM:
        others = [m for m in channel.members if m != install.bot_user]
        other = others[0] if others else install.bot_user
        account = workspace.account(other)
        return body | {"user": other, "is_user_deleted": bool(account and account.deleted)}
    return body | {
        "name": channel.name,
        "name_normalized": channel.name,
        "creator": channel.creator,
        "is_general": channel.name == "general",
        "is_member": install.bot_user in channel.members,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": channel.purpose, "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }


def message_json(workspace: Workspace, message: Message, *, metadata: bool = False) -> Json:
    """Return a message (https://docs.slack.dev/reference/events/message).

    Args:
        metadata: whether to show the message's metadata (``include_all_metadata``).
    """
    body = payloads.message_json(message, workspace.team_id)
    payload = copy.deepcopy(message.payload)
    if not metadata:
        payload.pop("metadata", None)
    return body | payload


def usergroup_json(workspace: Workspace, group: Usergroup) -> Json:
    """Return a usergroup object (https://docs.slack.dev/reference/objects/usergroup-object)."""
    return {
        "id": group.id,
        "team_id": workspace.team_id,
        "is_usergroup": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": int(group.created),
        "date_update": int(group.created),
        "date_delete": int(group.created) if group.disabled else 0,
        "auto_type": None,
        "prefs": {"channels": [], "groups": []},
        "user_count": len(group.members),
    }

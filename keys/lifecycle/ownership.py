"""Permissions of owners: what they may see and do with their own keys, by the team's policy."""

from __future__ import annotations

from keys.changes.authorization import (
    Allowed,
    Decision,
    Denied,
    Permission,
    PermissionCheck,
    members,
)
from storage.tables import Key


def _owns(check: PermissionCheck) -> Decision:
    session, actor = check.session, check.caller.actor
    if session is not None and check.key_id and actor.kind == "person":
        key = session.get(Key, check.key_id)
        mine = key is not None and key.account_id == session.account_id
        if key is not None and mine and actor.id in (key.owner, key.backup_owner):
            return Allowed()
    # The same for a key of another owner as for none.
    return Denied("You are not the owner of this key.")


def _may_check(check: PermissionCheck) -> Decision:
    return Allowed() if check.policy.owner_check else Denied("Only admins check tokens here.")


def _may_rotate(check: PermissionCheck) -> Decision:
    return Allowed() if check.policy.owner_rotate else Denied("Only admins rotate keys here.")


_owner = Permission("key_owner", _owns, reads=True)
# The owner or backup owner of the key, if they are a full member.
key_owner = _owner & members
# A full member, where owners may check the tokens of their keys (APIKEYS_OWNER_CHECK).
owner_check = Permission("owner_check", _may_check) & members
# A full member, where owners may rotate their keys (APIKEYS_OWNER_ROTATE); of whichever key.
owner_rotate = Permission("owner_rotate", _may_rotate) & members
# The same, if the key is theirs.
own_rotation = _owner & owner_rotate

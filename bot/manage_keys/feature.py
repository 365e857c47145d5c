"""Register the feature that creates, renames, edits and revokes keys."""

from __future__ import annotations

from bot.framework.feature import Feature
from bot.manage_keys import create, edit, rename, revoke, revoke_live
from bot.manage_keys.announcements import ANNOUNCEMENTS

FEATURE = Feature(
    name="manage_keys",
    routers=[create.router, rename.router, edit.router, revoke.router],
    live={"revocation": revoke_live.render},
    announcements=ANNOUNCEMENTS,
)

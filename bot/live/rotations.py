"""The message about a rotation: it follows both tokens until the old one has ended."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from bot.blocks import rotate
from bot.live.drawing import Drawing
from bot.refs import Ref
from keys import rotations
from keys.live import Live
from keys.notices import TEAM
from keys.rotations import Stage
from keys.service import KeyService

# “Last used” is told by the minute.
_AGAIN = timedelta(minutes=1)


def draw(session: Session, service: KeyService, live: Live) -> Drawing:
    """With buttons in the team's channel; without them for the owner, who may be no admin."""
    now = service.clock.now()
    rotation = rotations.get(session, live.account_id, live.subject)
    ref = Ref(live.created_at, about=rotation.id) if live.audience == TEAM else None
    drawn = rotate.followed(rotation, now, ref)
    over = rotation.stage is not Stage.RUNNING or rotation.revoked
    if over or rotation.ends_at is None:
        return Drawing(drawn, None)
    return Drawing(drawn, max(min(now + _AGAIN, rotation.ends_at), now + timedelta(seconds=1)))

"""Reminders of keys that expire: each is settled once somebody has decided, or time has."""

from __future__ import annotations

from sqlmodel import Session

from bot.blocks import expiry as blocks
from bot.live.drawing import Drawing
from bot.refs import Ref
from keys import expiry, finding
from keys.expiry import EXPIRED, Reminder
from keys.live import Live
from keys.service import KeyService
from keys.values import State


def draw(session: Session, service: KeyService, live: Live) -> Drawing:
    """With buttons as long as there is something to decide."""
    reminder, now = Reminder.read(live.subject), service.clock.now()
    key = finding.get(session, live.account_id, reminder.key_id)
    ref = Ref(live.created_at, key=key.id)
    moved = key.expires_at is None or int(key.expires_at.timestamp()) != reminder.expires_at
    if key.state is not State.ACTIVE or key.expires_at is None or moved:
        return Drawing(blocks.settled(key, is_over=key.expired(now)), None)
    if key.expired(now):
        if reminder.days == EXPIRED:
            # Still to be extended or revoked; a change of the key has it drawn anew.
            return Drawing(blocks.expired(key, ref), now + expiry.TOLD_WITHIN)
        return Drawing(blocks.settled(key, is_over=True), None)
    if key.expiry_accepted_by is not None:
        return Drawing(blocks.settled(key, is_over=False), key.expires_at)
    if expiry.stage(key.expires_at, now) != reminder.days:
        # A later reminder has the buttons.
        return Drawing(blocks.settled(key, is_over=False), None)
    again = expiry.next_stage(key.expires_at, now)
    return Drawing(blocks.reminder(key, reminder.days, ref), again)

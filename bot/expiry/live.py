"""The live reminders of expiring keys: each is settled by a decision, or when it has expired."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from bot.expiry import views
from bot.expiry.views import Outcome
from bot.framework.rendered import RenderedMessage
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView, State
from keys.changes.live_messages import LiveMessage
from keys.changes.outbox import TEAM
from keys.changes.services import Services
from keys.lifecycle import expiry_reminders
from keys.lifecycle.expiry_reminders import EXPIRED, Reminder, SharedReminder
from keys.search import search
from storage import AccountSession


def render(session: AccountSession, services: Services, live: LiveMessage) -> RenderedMessage:
    """Render the reminder, with buttons while there is something to decide."""
    reminder, now = Reminder.read(live.subject), services.clock.now()
    key = search.get(session, reminder.key_id)
    # In the channel admins decide; an owner is told whom to ask.
    is_team = live.recipient == TEAM
    ref = ActionPayload(live.created_at, key=key.id) if is_team else None
    settled = RenderedMessage(views.settled(key, is_over=key.expired(now)), _followed(key, now))
    moved = key.expires_at is None or int(key.expires_at.timestamp()) != reminder.expires_at
    if key.state is not State.ACTIVE or key.expires_at is None or moved:
        return settled
    if key.expired(now):
        if reminder.days == EXPIRED:
            # The key can still be extended or revoked, which marks this stale.
            return RenderedMessage(views.expired(key, ref), _followed(key, now))
        return settled
    if key.expiry_accepted_by is not None:
        return settled
    if expiry_reminders.stage(key.expires_at, now) != reminder.days:
        # A later reminder has the buttons.
        return settled
    again = expiry_reminders.next_stage(key.expires_at, now)
    return RenderedMessage(views.reminder(key, reminder.days, ref), again)


def render_shared(
    session: AccountSession, services: Services, live: LiveMessage
) -> RenderedMessage:
    """Render the reminder of keys that expire together, with buttons for each that waits."""
    reminder, now = SharedReminder.read(live.subject), services.clock.now()
    expires_at = datetime.fromtimestamp(reminder.expires_at, UTC)
    keys = [search.get(session, key_id) for key_id in live.data["keys"]]
    outcomes = {key.id: _outcome(key, reminder) for key in keys}
    waiting = [key for key in keys if outcomes[key.id] is None]
    decided = Counter(each for each in outcomes.values() if each is not None)
    together = views.Shared(expires_at, waiting, decided)
    is_over = expires_at <= now
    ref = ActionPayload(live.created_at) if live.recipient == TEAM else None
    again = [at for key in keys if (at := _followed(key, now)) is not None]
    if waiting and expiry_reminders.stage(expires_at, now) == reminder.days:
        if not is_over:
            again.append(expiry_reminders.next_stage(expires_at, now))
        return RenderedMessage(views.shared(together, reminder.days, ref), min(again, default=None))
    settled = views.shared_settled(together, is_over=is_over)
    return RenderedMessage(settled, min(again, default=None))


def _outcome(key: KeyView, reminder: SharedReminder) -> Outcome | None:
    """Return what was decided about a key; None if it waits for a decision."""
    if key.state is not State.ACTIVE:
        return Outcome.REVOKED
    if key.expires_at is None or int(key.expires_at.timestamp()) != reminder.expires_at:
        return Outcome.MOVED
    if key.expiry_accepted_by is not None and reminder.days != EXPIRED:
        return Outcome.ACCEPTED
    return None


def _followed(key: KeyView, now: datetime) -> datetime | None:
    """Return when a reminder has to be rendered again, without any change; None if it is final.

    Until then a change of the key marks it as stale: an expired key can still be extended, and
    each of its reminders shows that.
    """
    if key.state is not State.ACTIVE or key.expires_at is None:
        return None
    if key.expires_at > now:
        return key.expires_at
    until = key.expires_at + expiry_reminders.TOLD_WITHIN
    return until if until > now else None

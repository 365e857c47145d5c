"""The live messages about a request: one for the team, one for the requester."""

from __future__ import annotations

from datetime import timedelta

from bot.access_requests import views
from bot.framework.context import Context
from bot.framework.rendered import RenderedMessage
from bot.ui.blocks import Block
from bot.ui.payloads import ActionPayload
from keys.access_requests import queries
from keys.base.models import RequestStage as Stage
from keys.changes.live_messages import LiveMessage
from keys.changes.outbox import TEAM
from keys.changes.services import Services
from storage import AccountSession


def render(session: AccountSession, services: Services, live: LiveMessage) -> RenderedMessage:
    """Render the request, with buttons while it is open; one withdrawn at once is not posted."""
    policy, now = services.policy, services.clock.now()
    request = queries.get(session, live.subject, policy, now)
    if request.withdrawn and not live.may_be_posted_already:
        return RenderedMessage(None, None)
    ref = ActionPayload(live.created_at, about=request.id)
    render_for = views.for_team if live.recipient == TEAM else views.for_requester
    in_progress = request.stage in (Stage.OPEN, Stage.DELIVERING)
    # Its events mark it stale; an overdue request is closed by the worker.
    again = max(request.closes_at, now + timedelta(minutes=1))
    return RenderedMessage(render_for(request, ref), again if in_progress else None)


def notice(
    session: AccountSession, context: Context, user_id: str, ref: ActionPayload
) -> list[Block]:
    """Render the requests that wait for a decision, for an admin's App Home."""
    requests = queries.open_requests(session, context.policy, context.clock.now())
    return views.in_home(requests, user_id, ref)


def own_notice(
    session: AccountSession, context: Context, user_id: str, ref: ActionPayload
) -> list[Block]:
    """Render a member's own requests that wait for a decision, for their App Home."""
    requests = queries.open_requests(session, context.policy, context.clock.now())
    return views.own_in_home([each for each in requests if each.requester == user_id], ref)

"""The messages about a request: one for the team, with buttons, and one for whoever asked."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from bot.blocks import request as blocks
from bot.live.drawing import Drawing
from bot.refs import Ref
from keys import requests
from keys.live import Live
from keys.notices import TEAM
from keys.service import KeyService
from keys.values import RequestStage as Stage


def draw(session: Session, service: KeyService, live: Live) -> Drawing:
    """As it stands; it changes when somebody decides."""
    request = requests.get(session, live.account_id, live.subject)
    ref = Ref(live.created_at, about=request.id)
    drawn = blocks.for_team if live.audience == TEAM else blocks.for_requester
    under_way = request.stage in (Stage.OPEN, Stage.GRANTING)
    # Whatever happens touches it; closing it in time is the sweep's affair.
    again = max(request.closes_at, service.clock.now() + timedelta(minutes=1))
    return Drawing(drawn(request, ref), again if under_way else None)

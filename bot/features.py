"""Which function draws which kind of live message."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.access_requests import live as requests
from bot.expiry import live as expiries
from bot.framework.rendered import Draw
from bot.leaks import live as leaks
from bot.manage_keys import revoke_live
from bot.offboarding import live as offboardings
from bot.reviews import live as audits
from bot.rotation import live as rotations

KINDS: Mapping[str, Draw] = MappingProxyType(
    {
        "audit": audits.draw,
        "audit_question": audits.draw_question,
        "expiry": expiries.draw,
        "leak": leaks.draw,
        "offboarding": offboardings.draw,
        "request": requests.draw,
        "revocation": revoke_live.draw,
        "rotation": rotations.draw,
    }
)

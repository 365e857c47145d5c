"""Which function draws which kind of live message."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.access_requests import live as requests
from bot.expiry import live as expiries
from bot.framework.rendered import Renderer
from bot.leaks import live as leaks
from bot.manage_keys import revoke_live
from bot.offboarding import live as offboardings
from bot.reviews import live as audits
from bot.rotation import live as rotations

KINDS: Mapping[str, Renderer] = MappingProxyType(
    {
        "audit": audits.render,
        "audit_question": audits.render_question,
        "expiry": expiries.render,
        "leak": leaks.render,
        "offboarding": offboardings.render,
        "request": requests.render,
        "revocation": revoke_live.render,
        "rotation": rotations.render,
    }
)

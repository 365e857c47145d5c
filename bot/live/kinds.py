"""Which function draws which kind of live message."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.live import audits, expiries, leaks, offboardings, requests, revocations, rotations
from bot.live.drawing import Draw

KINDS: Mapping[str, Draw] = MappingProxyType(
    {
        "audit": audits.draw,
        "audit_question": audits.draw_question,
        "expiry": expiries.draw,
        "leak": leaks.draw,
        "offboarding": offboardings.draw,
        "request": requests.draw,
        "revocation": revocations.draw,
        "rotation": rotations.draw,
    }
)

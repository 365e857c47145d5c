"""The list of features: what each registers, and which live messages it renders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.access_requests import handlers as access_requests
from bot.access_requests import live as requests
from bot.browse_keys import handlers as browse_keys
from bot.expiry import handlers as expiry
from bot.expiry import live as expiries
from bot.framework.rendered import Renderer
from bot.framework.router import Router
from bot.home import handlers as home
from bot.leaks import live as leaks
from bot.manage_keys import create, edit, rename, revoke, revoke_live
from bot.offboarding import handlers as offboarding
from bot.offboarding import live as offboardings
from bot.reviews import handlers as reviews
from bot.reviews import live as audits
from bot.rotation import handlers as rotation
from bot.rotation import live as rotations
from bot.token_delivery import handlers as token_delivery

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

# Each feature's routes.
ROUTERS: Sequence[Router] = (
    browse_keys.router,
    create.router,
    rename.router,
    edit.router,
    revoke.router,
    expiry.router,
    rotation.router,
    token_delivery.router,
    access_requests.router,
    reviews.router,
    offboarding.router,
    home.router,
)

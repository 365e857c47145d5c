"""The list of features; the app and the worker get this list and import no feature."""

from __future__ import annotations

from collections.abc import Sequence

from bot.access_requests import feature as access_requests
from bot.background import housekeeping
from bot.browse_keys import feature as browse_keys
from bot.expiry import feature as expiry
from bot.framework.feature import Feature
from bot.framework.router import Router
from bot.home import feature as home
from bot.integrity import feature as integrity
from bot.leaks import feature as leaks
from bot.manage_keys import feature as manage_keys
from bot.offboarding import feature as offboarding
from bot.reviews import feature as reviews
from bot.rotation import feature as rotation
from bot.token_delivery import feature as token_delivery

# Their jobs run in this order.
FEATURES: Sequence[Feature] = (
    browse_keys.FEATURE,
    manage_keys.FEATURE,
    token_delivery.FEATURE,
    expiry.FEATURE,
    housekeeping.FEATURE,
    rotation.FEATURE,
    access_requests.FEATURE,
    offboarding.FEATURE,
    reviews.FEATURE,
    leaks.FEATURE,
    home.FEATURE,
    integrity.FEATURE,
)
# Each feature's routes.
ROUTERS: Sequence[Router] = tuple(router for feature in FEATURES for router in feature.routers)

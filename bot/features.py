"""The list of features; the app and the worker get this list and import no feature."""

from __future__ import annotations

from collections.abc import Sequence

from bot.access_requests import feature as access_requests
from bot.background import housekeeping
from bot.browse_keys import feature as browse_keys
from bot.expiry import feature as expiry
from bot.framework.context import HomeNotice
from bot.framework.feature import Feature
from bot.framework.router import Router
from bot.home import feature as home
from bot.integrity import feature as integrity
from bot.leaks import feature as leaks
from bot.manage_keys import feature as manage_keys
from bot.offboarding import feature as offboarding
from bot.reviews import feature as reviews
from bot.rotation import feature as rotation
from bot.team_channel import feature as team_channel
from bot.token_delivery import feature as token_delivery

# Their jobs run in this order.
FEATURES: Sequence[Feature] = (
    team_channel.FEATURE,
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
# What stands above the keys in an admin's App Home.
HOME_NOTICES: Sequence[HomeNotice] = tuple(
    notice for feature in FEATURES for notice in feature.home_notices
)
# The same for a member who is not an admin.
MEMBER_NOTICES: Sequence[HomeNotice] = tuple(
    notice for feature in FEATURES for notice in feature.member_notices
)
# Each feature's routes.
ROUTERS: Sequence[Router] = tuple(router for feature in FEATURES for router in feature.routers)

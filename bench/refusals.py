"""What a refusal costs compared with an accepted request: one gateway, one load, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from bench.report import Report, ratio
from bench.revocation import Desk
from bench.sites import Site
from bench.speed import HOT, hot_rate, in_turns
from bench.wrk import load
from keys.base.actors import Actor
from keys.changes.change import change
from keys.credentials.tokens import make
from keys.lifecycle.revoke import revoke_key
from keys.lifecycle.update import limit_key

_ME = Actor.operator("bench")
_EXPIRES = timedelta(seconds=2)
# The log is part of what a refusal costs.
LOGGED = {"APIKEYS_LOG_LEVEL": "INFO"}
Headers = Mapping[str, str]


def stock_refused(url: str) -> tuple[str, dict[str, Headers]]:
    """Make a database with a key for each kind of refusal.

    Returns:
        A good token, and for each kind the headers of a request that is refused for it.
    """
    desk = Desk(url)
    _, good = desk.issue()
    revoked_id, revoked = desk.issue()
    with change(desk.services, _ME) as made:
        revoke_key(made, revoked_id)
    _, expired = desk.issue(expires_at=datetime.now(UTC) + _EXPIRES)
    kinds: dict[str, Headers] = {
        "missing": {},
        "malformed": _presenting("ak_0000"),
        "unknown": _presenting(make("ak").reveal()),
        "revoked": _presenting(revoked),
        "expired": _presenting(expired),
        "network": _presenting(_limited(desk, networks=("192.0.2.0/24",))),
        "insufficient_scope": _presenting(good, "POST"),
        "rate_limited": _presenting(_limited(desk, rate_limit="10/day")),
    }
    desk.engine.dispose()
    time.sleep(_EXPIRES.total_seconds())
    return good, kinds


def refusals(report: Report, url: str, rounds: int, seconds: int) -> None:
    """Each kind of refusal against a hot accepted request."""
    good, kinds = stock_refused(url)
    with Site("gateway", url, settings=LOGGED) as site:
        for kind, headers in kinds.items():
            pairs = in_turns(
                rounds, _refused(site, headers, seconds), lambda: hot_rate(site, good, seconds)
            )
            ours, baseline = zip(*pairs, strict=True)
            counted = site.metric(f'apikeys_gateway_verifications_total{{outcome="{kind}"}}')
            what = f"refused ({kind}) / hot verification"
            report.add(ratio(what, ours, baseline, 0.5, counted_refusals=counted))


def _presenting(token: str, method: str = "GET") -> Headers:
    return {"X-API-Key": token, **HOT, "X-Original-Method": method}


def _limited(desk: Desk, *, rate_limit: str = "", networks: tuple[str, ...] = ()) -> str:
    key_id, token = desk.issue()
    with change(desk.services, _ME) as made:
        limit_key(made, key_id, rate_limit=rate_limit, networks=networks)
    return token


def _refused(site: Site, headers: Headers, seconds: int) -> Callable[[], float]:
    def rate() -> float:
        seen = load(site.url, seconds=seconds, headers=dict(headers))
        # The first uses of a limited key are within its limit.
        if seen.requests - seen.refused > 10:
            raise RuntimeError(f"{seen.requests - seen.refused} requests were accepted")
        return seen.per_second

    return rate

"""Write the gateway's log: one JSON object a line, with reasons that callers never see.

No token, nor any other text that a caller sent, is passed to this module.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

from gateway.base.refusal_sums import Kind, RefusalSums
from runtime.clock import Clock
from runtime.display import visible_json

logger = logging.getLogger("gateway")

REMEDIES = {
    "missing": "The request has no token. Send it as 'Authorization: Bearer …' or 'X-API-Key: …'.",
    "other_scheme": "The Authorization header uses a scheme other than Bearer.",
    "doubled_scheme": "The word Bearer is sent twice, or in X-API-Key.",
    "two_different": "Authorization and X-API-Key carry different tokens; send one.",
    "not_text": "The token is not readable text; it was probably damaged in transit.",
    "surrounded": "The token is surrounded by quotes or spaces; remove them.",
    "malformed": "The text is not a token of this installation; part of it may be missing.",
    "prefix": "The token starts with a different prefix than this installation's.",
    "checksum": "The token is mistyped or cut; copy it again.",
    "unknown": "No key has this token; it may belong to another installation.",
    "digest": "The token's public part is known, its secret is wrong; someone may be guessing.",
    "seal": "Something else changed the key in the database; run: apikeys db verify.",
    "record": "The audit log knows a later change of the key; run: apikeys db verify.",
    "account": "The key belongs to another account than APIKEYS_GATEWAY_ACCOUNT.",
    "pepper": "The token was created under a pepper that this installation no longer has.",
    "pending": "The token has not reached its recipient yet, so it does not work.",
    "abandoned": "The token never reached its recipient, so the key was cancelled; create another.",
    "revoked": "The key was revoked; create a new one if this program still needs access.",
    "expired": "The key's expiry date has passed; create a new one.",
    "ended": "This token was replaced and has expired; use the key's newer token.",
    "network": "The key may not be used from this address; it has a list of networks.",
    "rate_limited": "The key was used more often than its rate limit allows.",
    "connections": "There are too many connections: look at APIKEYS_GATEWAY_CONNECTIONS.",
    "peer_connections": "This address has too many connections; is it a proxy? Then trust it.",
    "not_http": "What was sent is not HTTP, or its headers are too large.",
    "slow": "The request did not arrive in time, or its reply was not read; it was cut off.",
    "insufficient_scope": "The key is valid but lacks a scope; create one that has it.",
}
_CAUSES = {
    "database": "The database cannot be reached; every request is refused until it can.",
    "deadline": "Verifications take too long; the requests that waited were refused.",
    "overloaded": "Too many verifications are waiting; the newest are refused.",
    "changing": "A key kept changing while it was read; try again.",
    "stopping": "The gateway is stopping.",
}


class GatewayLog:
    """Writes the gateway's log lines.

    An outage is one line when it starts and one when it ends, with the number of requests refused;
    refusals of one kind are summed up (`gateway.base.refusal_sums`): a line for each request could
    fill the disk.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refused_in_outage = 0
        self._sums = RefusalSums(clock.monotonic)

    def refused(
        self,
        reason: str,
        *,
        endpoint: str,
        source: str,
        network: str,
        key_id: str | None = None,
        required_scopes: frozenset[str] = frozenset(),
    ) -> None:
        """Log that a request was refused: at once if it is the first of its kind, else in a sum.

        Args:
            reason: a key of REMEDIES.
            source: the caller's IP address.
            network: its network, by which refusals are summed up.
            key_id: the key's id, if the key was found.
            required_scopes: the scopes that the request needs, if the key lacks one.
        """
        if not self._sums.count(Kind(key_id, reason, network)):
            return
        extra = {"needs": sorted(required_scopes)} if required_scopes else {}
        self._write(
            logging.INFO,
            "refused",
            reason=reason,
            remedy=REMEDIES.get(reason, "See the reason."),
            key_id=key_id,
            endpoint=endpoint,
            source=source,
            **extra,
        )

    def sum_up(self, *, finally_: bool = False) -> None:
        """Log the sums of refusals whose time has come; all of them before the gateway stops."""
        for kind, more, seconds in self._sums.due(all_of_them=finally_):
            self._write(
                logging.INFO,
                "refused_more",
                reason=kind.reason,
                remedy=REMEDIES.get(kind.reason, "See the reason."),
                key_id=kind.key_id,
                network=kind.network,
                more=more,
                seconds=round(seconds, 1),
            )

    def unavailable(self, cause: str, detail: str = "") -> None:
        """Log that a request could not be decided, if it is the first of an outage.

        Args:
            cause: a key of `_CAUSES`.
            detail: what exactly is wrong, in a sentence of ours.
        """
        self._refused_in_outage += 1
        if self._refused_in_outage == 1:
            extra = {"detail": detail} if detail else {}
            remedy = _CAUSES.get(cause, "")
            self._write(logging.ERROR, "unavailable", cause=cause, remedy=remedy, **extra)

    def available(self) -> None:
        """Log the end of an outage, if there was one: a request was decided."""
        if self._refused_in_outage:
            refused, self._refused_in_outage = self._refused_in_outage, 0
            self._write(logging.WARNING, "available_again", requests_refused=refused)

    def failed(self, error: Exception, *, endpoint: str) -> None:
        """Log a bug in the gateway, without its message, which may repeat what a caller sent."""
        places = [
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        self._write(
            logging.ERROR, "failed", error=type(error).__name__, places=places, endpoint=endpoint
        )

    def event(self, level: int, event: str, **fields: Any) -> None:
        """Log any other event."""
        self._write(level, event, **fields)

    def _write(self, level: int, event: str, **fields: Any) -> None:
        if logger.isEnabledFor(level):
            grade, at = logging.getLevelName(level).lower(), self._clock.now().isoformat()
            line = {"event": event, "level": grade, "at": at, **fields}
            logger.log(level, "%s", visible_json(line))

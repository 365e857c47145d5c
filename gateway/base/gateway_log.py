"""What the operator reads: one JSON object a line, with reasons that callers are never told.

No token, nor any other text that a caller sent, is ever handed to this module.
"""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from typing import Any

from runtime.clock import Clock

logger = logging.getLogger("gateway")

REMEDIES = {
    "missing": "No token came. Send it as 'Authorization: Bearer …' or 'X-API-Key: …'.",
    "other_scheme": "The Authorization header uses another scheme than Bearer.",
    "doubled_scheme": "The word Bearer stands before the token twice, or in X-API-Key.",
    "two_different": "Authorization and X-API-Key carry different tokens; send one.",
    "not_text": "The token is not readable text; it was probably damaged on its way.",
    "surrounded": "The token is surrounded by quotes or spaces; remove them.",
    "malformed": "The text is no token of this installation; part of it may be missing.",
    "prefix": "The token begins with another prefix than this installation's.",
    "checksum": "The token is mistyped or cut; copy it again.",
    "unknown": "No key has this token; it may belong to another installation.",
    "digest": "The token's public part is known, its secret is wrong; somebody may be guessing.",
    "pepper": "The token was made under a pepper that this installation no longer has.",
    "pending": "The token has not reached its person yet, so it does not work.",
    "abandoned": "The token never reached its person, so it was given up; make a new key.",
    "revoked": "The key was revoked; make a new one if this program shall go on.",
    "expired": "The key's date of expiry has passed; make a new one.",
    "ended": "This token was replaced and its time has run out; use the key's newer token.",
    "network": "The key may not be used from this address; it has a list of networks.",
    "rate_limited": "The key was used more often than its rate limit allows.",
    "insufficient_scope": "The key is good but lacks a scope; make one that has it.",
}
_CAUSES = {
    "database": "The database cannot be reached; everybody is refused until it can.",
    "deadline": "Verifications take too long; everybody waiting was refused.",
    "overloaded": "More verifications wait than may; the newest are refused.",
    "changing": "A key changed again and again while it was read; try once more.",
    "stopping": "The gateway is stopping.",
}


class GatewayLog:
    """Writes the gateway's log lines.

    An outage is one line when it begins and one when it ends, with the number of requests that it
    cost; a line for each would fill a disk in the very hour when it is needed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lost = 0

    def refused(
        self,
        reason: str,
        *,
        endpoint: str,
        source: str,
        key_id: str | None = None,
        required_scopes: frozenset[str] = frozenset(),
    ) -> None:
        """A request was not let in.

        Args:
            reason: a word out of REMEDIES.
            source: the caller's IP address.
            key_id: the key's public name, if it is known.
            needs: the scopes that were asked for, where one was missing.
        """
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

    def unavailable(self, cause: str) -> None:
        """A request could not be decided."""
        self._lost += 1
        if self._lost == 1:
            self._write(logging.ERROR, "unavailable", cause=cause, remedy=_CAUSES.get(cause, ""))

    def available(self) -> None:
        """A request was decided, so an outage, if there was one, is over."""
        if self._lost:
            lost, self._lost = self._lost, 0
            self._write(logging.WARNING, "available_again", requests_refused=lost)

    def failed(self, error: Exception, *, endpoint: str) -> None:
        """A defect of the gateway. Its message is left out: it may repeat what a caller sent."""
        places = [
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        self._write(
            logging.ERROR, "failed", error=type(error).__name__, places=places, endpoint=endpoint
        )

    def note(self, level: int, event: str, **fields: Any) -> None:
        """Any other happening worth a line."""
        self._write(level, event, **fields)

    def _write(self, level: int, event: str, **fields: Any) -> None:
        if logger.isEnabledFor(level):
            grade, at = logging.getLevelName(level).lower(), self._clock.now().isoformat()
            line = {"event": event, "level": grade, "at": at, **fields}
            logger.log(level, "%s", json.dumps(line, ensure_ascii=False))

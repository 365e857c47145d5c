"""Keep the anchors outside the database up to date, and notice an audit log that has gone back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from gateway.base.gateway_log import GatewayLog
from gateway.usage.periodic_writer import PeriodicWriter
from keys.integrity.anchor import AnchorUnreadable
from keys.integrity.findings import Finding

_REMEDY = "Run: apikeys db verify"


class AnchorWriter(PeriodicWriter):
    """Follows the audit logs in a thread of its own: the file's disk must not delay a gateway."""

    _NAME = "gateway-anchor"
    _UNWRITTEN = ("anchor_unwritten", "The database cannot be reached; it is looked at again.")

    def __init__(
        self, step: Callable[[], Sequence[Finding]], log: GatewayLog, every: float = 1.0
    ) -> None:
        """Create a writer; nothing is read before `start`.

        Args:
            step: looks at new entries of the audit logs; see keys.integrity.follow.AnchorUpdater.
            every: seconds between two looks.
        """
        super().__init__(log, every)
        self._step = step
        self._silent = False

    def flush(self) -> int:
        """Look once, and log what is wrong; see `PeriodicWriter`."""
        try:
            findings = self._step()
        except AnchorUnreadable as error:
            if not self._silent:
                self._log.event(logging.ERROR, "no_anchor", cause=str(error), remedy=_REMEDY)
            self._silent = True
            return 0
        self._silent = False
        for finding in findings:
            self._log.event(logging.ERROR, "tampering", cause=str(finding), remedy=_REMEDY)
        return len(findings)

"""Verify the database once a day, a little in each round, and keep the anchor up to date."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from bot.framework.context import Context
from keys.changes.authorization import Caller
from keys.changes.operation import execute
from keys.integrity.anchor import AnchorFile, AnchorUnreadable
from keys.integrity.findings import ANCHOR, Finding, Step, unreadable
from keys.integrity.follow import follow, newest_entry
from keys.integrity.operations import ReportTampering
from keys.integrity.verify import verify
from keys.jobs import periodic
from storage import writing
from storage.seal_upgrades import Position, seal_again

logger = logging.getLogger("bot")

EVERY = timedelta(days=1)
# Of each round's second; an acknowledgement must not wait for it.
_SLICE_SECONDS = 0.2
_NAME = "integrity"
# While a bot verifies, others leave it alone; after that time they take over from one that died.
_UNDER_WAY, _AT_MOST = "integrity, under way", timedelta(hours=1)
_SEALED_AT_ONCE = 500


class Verification:
    """The verifications under way in this process, one for each account.

    Attributes:
        tampered: how many rows and triggers the last verification of each account has found.
    """

    def __init__(self) -> None:
        self._running: dict[str, tuple[Iterator[Step], list[Finding]]] = {}
        self.tampered: dict[str, int] = {}

    def __call__(self, context: Context) -> int:
        """Verify a little more; 0, so that the rest waits for the next round."""
        anchors = context.services.anchors
        if anchors is None:
            return 0
        account = context.account_id
        running = self._running.get(account)
        if running is None:
            running = self._begin(context, anchors)
        if running is None:
            return 0
        steps, findings = running
        end = context.clock.monotonic() + _SLICE_SECONDS
        # Until it has a pause: one that fails is begun again, and not taken for a finished one.
        self._running.pop(account, None)
        for step in steps:
            findings += step.findings
            if context.clock.monotonic() >= end:
                self._running[account] = running
                return 0
        self.tampered[account] = sum(one.table != ANCHOR for one in findings)
        report(context, findings)
        with context.writing() as session:
            periodic.claim(session, _NAME, EVERY, context.clock.now())
        return 0

    def _begin(
        self, context: Context, anchors: AnchorFile
    ) -> tuple[Iterator[Step], list[Finding]] | None:
        now = context.clock.now()
        with context.reading() as session:
            if not periodic.is_due(session, _NAME, EVERY, now):
                return None
        with context.writing() as session:
            if not periodic.claim(session, _UNDER_WAY, _AT_MOST, now):
                return None
        services, findings = context.services, list[Finding]()
        try:
            known = anchors.read()
        except AnchorUnreadable:
            logger.exception("The database is verified without its anchor")
            known = {}
            findings.append(unreadable(anchors.path, context.account_id))
        steps = verify(services.engine, services.peppers, context.account_id, known)
        return steps, findings


class Anchoring:
    """Moves the anchor of each account on, whenever its audit log has a new entry."""

    def __init__(self) -> None:
        self._newest: dict[str, object] = {}
        self._silent = False

    def __call__(self, context: Context) -> int:
        """Look at one account; 0, because nothing is left to do."""
        anchors, account = context.services.anchors, context.account_id
        if anchors is None:
            return 0
        with context.reading() as session:
            newest = newest_entry(session, account)
            if newest == self._newest.get(account):
                return 0
            try:
                findings = follow(session, anchors, account)
            except AnchorUnreadable:
                if not self._silent:
                    logger.exception("The audit log has no anchor outside the database")
                self._silent = True
                return 0
        self._silent = False
        self._newest[account] = newest
        report(context, findings)
        return 0


class Resealing:
    """Seals rows with the newest pepper after it was replaced, some in each round."""

    def __init__(self) -> None:
        self._done_with: int | None = None
        self._position: Position | None = None
        self._sealed = 0

    def __call__(self, context: Context) -> int:
        """Seal some rows of any account; 0, so that the rest waits for the next round."""
        services = context.services
        version = services.peppers.current
        if len(services.peppers.by_version) < 2 or self._done_with == version:
            return 0
        with writing(services.engine) as session:
            sealed, position = seal_again(
                session.connection(), services.peppers, _SEALED_AT_ONCE, self._position
            )
        self._position, self._sealed = position, self._sealed + sealed
        if position is None:
            # Another pass, until one finds nothing: a bot with the former pepper may have written.
            self._done_with = None if self._sealed else version
            self._sealed = 0
        return 0


def report(context: Context, findings: list[Finding]) -> None:
    """Tell the operator and the team what was found; the same things only once."""
    if not findings:
        return
    for finding in findings[:10]:
        logger.error("tampering: %s", finding)
    operation = ReportTampering(findings=tuple(findings))
    execute(context.services, Caller.system("integrity"), operation, wait=0)


VERIFICATION, ANCHORING, RESEALING = Verification(), Anchoring(), Resealing()


def tampered_rows() -> int:
    """Return how many rows and triggers the last verifications have found, for the metrics."""
    return sum(VERIFICATION.tampered.values())

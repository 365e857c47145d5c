"""Move the anchors on with the audit logs, and notice one that has gone back."""

from __future__ import annotations

from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col, func, select

from keys.changes import audit_log
from keys.integrity.anchor import Anchor, AnchorFile
from keys.integrity.findings import Finding, behind
from storage.tables import Event


def newest_entry(session: Session, account_id: str) -> Anchor | None:
    """Return the newest entry of an account's audit log; None if it has none."""
    found = audit_log.newest_of(session, account_id)
    return None if found is None else Anchor(*found)


def follow(session: Session, anchors: AnchorFile, account_id: str) -> list[Finding]:
    """Move an account's anchor on to its newest entry.

    Returns:
        A finding if the audit log lacks the entry of its anchor, which stays where it is.

    Raises:
        AnchorUnreadable: if the file cannot be used.
    """
    anchor, newest = anchors.read().get(account_id), newest_entry(session, account_id)
    if anchor is not None and newest != anchor:
        there = select(Event.hash).where(Event.account_id == account_id, Event.seq == anchor.seq)
        if session.exec(there).first() != anchor.hash:
            return [behind(account_id, anchor)]
    if newest is not None and newest != anchor:
        anchors.advance(account_id, newest)
    return []


class AnchorUpdater:
    """Follows the audit logs of all accounts; one query tells whether there is anything new."""

    def __init__(self, anchors: AnchorFile) -> None:
        self._anchors = anchors
        self._newest: int | None = None

    def step(self, session: Session) -> list[Finding]:
        """Look at the accounts that have new entries; at first, at all of them.

        Raises:
            AnchorUnreadable: if the file cannot be used.
        """
        newest = session.exec(select(func.max(Event.id))).one() or 0
        if newest == self._newest:
            return []
        accounts = set(
            session.exec(select(Event.account_id).where(self._unseen(newest)).distinct())
        )
        if self._newest is None or newest < self._newest:
            # Those that have lost all their entries have to be looked at as well.
            accounts |= set(self._anchors.read())
        findings = [
            finding
            for account in sorted(accounts)
            for finding in follow(session, self._anchors, account)
        ]
        self._newest = newest
        return findings

    def _unseen(self, newest: int) -> ColumnElement[bool]:
        if self._newest is None or newest < self._newest:
            return true()
        return col(Event.id) > self._newest

"""The operations on the database's integrity: report what was tampered with, accept a restore."""

from __future__ import annotations

from sqlmodel import col, select

from keys.changes import audit_log
from keys.changes.authorization import operators, system
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.inputs.fields import RequiredReason
from keys.integrity.anchor import Anchor
from keys.integrity.events import LISTED, RestoreAccepted, TamperingFound, described
from keys.integrity.findings import Finding
from storage.tables import Key


class ReportTampering(Operation[bool], name="report_tampering", allow=system):
    """Tell the team which rows are not as this program wrote them; the same ones only once."""

    findings: tuple[Finding, ...]

    def run(self, change: Change) -> bool:
        """Report them; False if they are those of the last report."""
        listed = [one.key_id for one in self.findings[:LISTED] if one.key_id]
        found = change.session.exec(select(Key.id, Key.name).where(col(Key.id).in_(listed)))
        # Whatever they are now: such a row may have anything in it.
        names = {id_: str(name) for id_, name in found}
        last = audit_log.newest_data(change.session, TamperingFound.kind)
        if last == described(self.findings, names):
            return False
        change.record(TamperingFound(self.findings, names))
        return True


class AcceptRestore(Operation[Anchor], name="accept_restore", allow=operators):
    """Accept an audit log that is older than its anchor, after a backup was restored on purpose.

    Attributes:
        known: the number of the entry that the anchor names; None if there is no anchor.
    """

    reason: RequiredReason
    known: int | None = None

    def run(self, change: Change) -> Anchor:
        """Record it; return the entry that records it, which is the new anchor."""
        change.record(RestoreAccepted(self.reason, self.known))
        return Anchor(*audit_log.newest(change.session))

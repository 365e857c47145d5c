"""The operations on the database's integrity: report what was tampered with, accept a restore."""

from __future__ import annotations

from keys.changes import audit_log
from keys.changes.authorization import operators, system
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.inputs.fields import RequiredReason
from keys.integrity.anchor import Anchor
from keys.integrity.events import RestoreAccepted, TamperingFound, described
from keys.integrity.verify import Finding


class ReportTampering(Operation[bool], name="report_tampering", allow=system):
    """Tell the team which rows are not as this program wrote them; the same ones only once."""

    findings: tuple[Finding, ...]

    def run(self, change: Change) -> bool:
        """Report them; False if they are those of the last report."""
        last = audit_log.newest_data(change.session, TamperingFound.kind)
        if last == described(self.findings):
            return False
        change.record(TamperingFound(self.findings))
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

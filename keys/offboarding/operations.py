"""What can be done about the keys of a person who leaves."""

from __future__ import annotations

from keys.base.errors import KeyNotFound
from keys.changes.authorization import admins, system
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.inputs.fields import KeyRef, Leaver, NewOwner
from keys.offboarding.bulk import request_bulk_action
from keys.offboarding.departures import DepartureReason
from keys.offboarding.events import OffboardingKept
from keys.offboarding.models import BulkAction, Result, Stage
from keys.offboarding.progress import close_offboarding
from keys.offboarding.queries import load_row
from keys.offboarding.start import record_departure, start_offboarding
from storage.tables import OffboardingKey


class StartOffboarding(Operation[str | None], name="start_offboarding", allow=admins):
    """Go through the keys of a person who leaves."""

    person: Leaver

    def run(self, change: Change) -> str | None:
        """Start it; returns its id, or None if the person has nothing to do with any key."""
        return start_offboarding(change, self.person)


class RecordDeparture(Operation[str | None], name="record_departure", allow=system):
    """Record that a person has left, or is a full member again, as Slack reports."""

    person: str
    left: DepartureReason | None

    def run(self, change: Change) -> str | None:
        """Record it; returns the id of the offboarding that this has started or changed."""
        return record_departure(change, self.person, self.left)


class KeepKey(Operation[None], name="keep", allow=admins):
    """Record that a leaver's key stays as it is."""

    offboarding: str
    key: KeyRef

    def run(self, change: Change) -> None:
        """Keep it; a second time changes nothing. Raises KeyNotFound."""
        row = load_row(change.session, self.offboarding)
        item = change.session.get(OffboardingKey, (row.id, self.key))
        if item is None:
            raise KeyNotFound("This key has nothing to do with the person who leaves.")
        if row.state != Stage.OPEN or item.outcome:
            return
        item.outcome, item.outcome_by = Result.KEPT, str(change.actor)
        item.outcome_at, item.action, item.problem = change.now, "", ""
        change.session.add(item)
        change.session.flush()
        change.record(OffboardingKept(row, self.key))


class CloseOffboarding(Operation[bool], name="close_offboarding", allow=admins):
    """End an offboarding that is not needed."""

    offboarding: str

    def run(self, change: Change) -> bool:
        """Close it; False if it is not open any more. Raises KeyNotFound."""
        row = load_row(change.session, self.offboarding)
        if row.state != Stage.OPEN:
            return False
        close_offboarding(change, row)
        return True


class RequestBulkAction(Operation[int], name="bulk", allow=admins):
    """Have the same thing done with every key that is not handled.

    Attributes:
        recipient: the new owner, or who gets a new token where nobody else is left.
    """

    offboarding: str
    action: BulkAction
    recipient: NewOwner

    def run(self, change: Change) -> int:
        """Ask for it; returns with how many keys. Raises KeyNotFound, InvalidState."""
        return request_bulk_action(change, self.offboarding, self.action, self.recipient)

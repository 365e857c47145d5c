"""Operations on an offboarding."""

from __future__ import annotations

from collections.abc import Iterator

from keys.base.errors import KeyNotFound
from keys.changes.authorization import Caller, admins, system
from keys.changes.change import Change
from keys.changes.membership import ChosenPerson
from keys.changes.operation import Operation
from keys.inputs.fields import Id, KeyRef, Leaver, NewOwner
from keys.offboarding.bulk import request_bulk_action
from keys.offboarding.departures import DepartureReason
from keys.offboarding.events import OffboardingKept
from keys.offboarding.models import BulkAction, Result, Stage
from keys.offboarding.progress import close_offboarding
from keys.offboarding.queries import load_row
from keys.offboarding.renumbering import renumber
from keys.offboarding.start import record_departure, start_offboarding
from storage import AccountSession
from storage.tables import OffboardingKey


class StartOffboarding(Operation[str | None], name="start_offboarding", allow=admins):
    """Start an offboarding of a person's keys.

    Attributes:
        private: whether its message goes to the admin who starts it, instead of the team's channel.
    """

    person: Leaver
    private: bool = False

    def run(self, change: Change) -> str | None:
        """Start it; return its id, or None if the person has no keys."""
        return start_offboarding(change, self.person, private=self.private)


class RecordDeparture(Operation[str | None], name="record_departure", allow=system):
    """Record that a person has left, or is a full member again, as Slack reports."""

    person: Id
    left: DepartureReason | None

    def run(self, change: Change) -> str | None:
        """Record it; return the id of the offboarding that this has started or changed."""
        return record_departure(change, self.person, self.left)


class FollowPerson(Operation[int], name="follow_person", allow=system):
    """Replace the user id of a person whom Slack knows by another one now.

    Attributes:
        former_id: the id so far.
        new_id: the one by which Slack knows them now.
    """

    former_id: Id
    new_id: Id

    def run(self, change: Change) -> int:
        """Replace it; return in how many keys and requests."""
        return renumber(change, self.former_id, self.new_id)


class KeepKey(Operation[None], name="keep", allow=admins):
    """Mark a leaver's key as kept in an offboarding."""

    offboarding: Id
    key: KeyRef

    def run(self, change: Change) -> None:
        """Keep it; idempotent. Raises KeyNotFound."""
        row = load_row(change.session, self.offboarding)
        item = change.session.get(OffboardingKey, (row.id, self.key))
        if item is None:
            raise KeyNotFound("This key is not part of the offboarding.")
        if row.state != Stage.OPEN or item.outcome:
            return
        item.outcome, item.outcome_by = Result.KEPT, str(change.actor)
        item.outcome_at, item.action, item.problem = change.now, "", ""
        change.session.add(item)
        change.session.flush()
        change.record(OffboardingKept(row, self.key))


class CloseOffboarding(Operation[bool], name="close_offboarding", allow=admins):
    """Cancel an offboarding."""

    offboarding: Id

    def run(self, change: Change) -> bool:
        """Cancel it; False if it is no longer open. Raises KeyNotFound."""
        row = load_row(change.session, self.offboarding)
        if row.state != Stage.OPEN:
            return False
        close_offboarding(change, row)
        return True


class RequestBulkAction(Operation[int], name="bulk", allow=admins):
    """Apply one action to all remaining keys of an offboarding.

    Attributes:
        recipient: the new owner, or the recipient of a new token if the key has no other owner.
    """

    offboarding: Id
    action: BulkAction
    recipient: NewOwner

    def people(self, caller: Caller, session: AccountSession) -> Iterator[ChosenPerson]:
        """Yield the new owner, who may also be the recipient of the new tokens."""
        yield ChosenPerson.owner(self.recipient, "recipient")

    def run(self, change: Change) -> int:
        """Request it; return the number of keys. Raises KeyNotFound, InvalidState."""
        return request_bulk_action(change, self.offboarding, self.action, self.recipient)

"""Starting an offboarding: because an admin asked, or because Slack reports that a person left."""

from __future__ import annotations

from keys.base.actors import Actor
from keys.base.ids import new_id
from keys.changes import live_messages
from keys.changes.change import Change
from keys.changes.outbox import TEAM
from keys.delivery.completion import refuse_leaver
from keys.offboarding import departures
from keys.offboarding.departures import DepartureReason
from keys.offboarding.events import MESSAGE_KIND, OffboardingStarted
from keys.offboarding.models import ASKED, Stage
from keys.offboarding.queries import find_open
from keys.offboarding.relations import add_keys, unhandled_relations
from storage.tables import Offboarding


def start_offboarding(
    change: Change, person: str, why: str = ASKED, *, private: bool = False
) -> str | None:
    """Start an offboarding of a person's keys. If one is open, it gets another message.

    Args:
        person: their id.
        why: `asked` if an admin did, or Slack's reason: `deactivated`, `guest`.
        private: whether its message goes to the actor, instead of the team's channel.

    Returns:
        The id of the offboarding, new or already open; None if the person has no keys or, unless
        an admin asked, if all were handled before.
    """
    recipient = str(change.actor) if private else TEAM
    if (row := find_open(change.session, person)) is not None:
        if row.why == ASKED != why:
            row.why = why
            change.session.add(row)
            change.mark_stale(row.id)
        if live_messages.add(change.session, MESSAGE_KIND, row.id, recipient, change.now):
            change.mark_stale(row.id)
        return row.id
    relations = unhandled_relations(change.session, person, why)
    if not relations:
        return None
    row = Offboarding(
        id=new_id("off"),
        account_id=change.session.account_id,
        person=person,
        why=why,
        state=Stage.OPEN,
        started_by=str(change.actor),
        created_at=change.now,
    )
    change.session.add(row)
    change.session.flush()
    add_keys(change.session, row, relations)
    change.record(OffboardingStarted(row, len(relations), recipient))
    return row.id


def record_departure(change: Change, person: str, left: DepartureReason | None) -> str | None:
    """Record that a person has left, or is a full member again, as Slack reports.

    Args:
        left: None if they are a full member.

    Returns:
        The id of the offboarding that this has started or changed; None if there is none.
    """
    news = departures.note(change.session, person, left, change.now)
    if left is not None:
        refuse_leaver(change, person)
        return start_offboarding(change.acting_as(Actor.system("slack")), person, left)
    row = find_open(change.session, person) if news else None
    if row is not None:
        change.mark_stale(row.id)
    return row.id if row is not None else None

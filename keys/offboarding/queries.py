"""Reading offboardings."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import col, select

from keys.base.actors import Actor
from keys.base.errors import KeyNotFound
from keys.base.models import KeyView
from keys.base.rows import views
from keys.changes import live_messages
from keys.changes.outbox import TEAM
from keys.offboarding import departures
from keys.offboarding.events import MESSAGE_KIND
from keys.offboarding.models import (
    ASKED,
    BulkAction,
    KeyRelation,
    OffboardingItem,
    OffboardingView,
    Result,
    Stage,
)
from keys.offboarding.relations import keys_with_known_token
from storage import AccountSession
from storage.tables import Key, Offboarding, OffboardingKey, Secret


def get(session: AccountSession, offboarding_id: str) -> OffboardingView:
    """Return one offboarding. Raises KeyNotFound if the account has no such offboarding."""
    row = load_row(session, offboarding_id)
    someone = departures.get(session, row.person)
    returned = (
        row.why != ASKED
        and someone is not None
        and someone.departed_at is None
        and someone.returned_at is not None
    )
    return OffboardingView(
        id=row.id,
        person=row.person,
        why=row.why,
        stage=Stage(row.state),
        started_by=Actor.read(row.started_by),
        created_at=row.created_at,
        ended_at=row.ended_at,
        ended_by=Actor.read(row.ended_by) if row.ended_by else None,
        returned=returned,
        items=load_items(session, row),
    )


def is_leaving(session: AccountSession, person: str) -> bool:
    """Return whether a person has left or is being offboarded."""
    return departures.is_gone(session, person) or find_open(session, person) is not None


def is_private(session: AccountSession, offboarding_id: str) -> bool:
    """Return whether only admins have the message about it, and not the team's channel."""
    return TEAM not in live_messages.recipients(session, MESSAGE_KIND, offboarding_id)


def successor(session: AccountSession, key: KeyView) -> str | None:
    """Return who gets a key's next token: the owner, or the backup owner if the owner is leaving.

    None if both are leaving, or the key has neither.
    """
    candidates = (key.owner, key.backup_owner)
    return next((p for p in candidates if p and not is_leaving(session, p)), None)


def load_items(session: AccountSession, row: Offboarding) -> list[OffboardingItem]:
    """Return the keys of an offboarding, first those whose token the person was sent."""
    pairs = session.exec(
        select(OffboardingKey, Key)
        .join(Key, col(Key.id) == col(OffboardingKey.key_id))
        .where(OffboardingKey.offboarding_id == row.id)
    ).all()
    key_views = {key.id: key for key in views(session, [key for _, key in pairs])}
    known = keys_with_known_token(session, row.person)
    items = [
        OffboardingItem(
            key=key_views[key.id],
            relations=KeyRelation(found.created, found.owned, found.sent),
            knows=key.id in known,
            owns=row.person in (key.owner, key.backup_owner),
            result=Result(found.outcome) if found.outcome else None,
            by=Actor.read(found.outcome_by) if found.outcome_by else None,
            at=found.outcome_at,
            action=BulkAction(found.action) if found.action else None,
            problem=found.problem,
        )
        for found, key in pairs
    ]
    return sorted(items, key=lambda i: (not i.knows, not i.owns, i.key.name.casefold(), i.key.id))


def made_elsewhere(session: AccountSession, key_ids: Collection[str]) -> set[str]:
    """Return the keys that were imported, whose tokens people may have from before."""
    imported = select(Secret.key_id).where(col(Secret.key_id).in_(key_ids), col(Secret.imported))
    return set(session.exec(imported))


def find_open(session: AccountSession, person: str) -> Offboarding | None:
    """Return the row of a person's open offboarding, if there is one."""
    return session.exec(
        select(Offboarding).where(
            Offboarding.account_id == session.account_id,
            Offboarding.person == person,
            Offboarding.state == Stage.OPEN,
        )
    ).first()


def load_row(session: AccountSession, offboarding_id: str) -> Offboarding:
    """Return an offboarding's row. Raises KeyNotFound if the account has no such offboarding."""
    row = session.get(Offboarding, offboarding_id)
    if row is None or row.account_id != session.account_id:
        raise KeyNotFound("There is no such offboarding.")
    return row

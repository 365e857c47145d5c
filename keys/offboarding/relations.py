"""A person's relations to keys: they created it, own it, or were sent its token."""

from __future__ import annotations

from sqlmodel import Session, col, or_, select

from keys.base.actors import Actor
from keys.base.models import State
from keys.offboarding import departures
from keys.offboarding.models import ASKED, KeyRelation, Result
from storage import AccountSession
from storage.tables import Delivery, Key, Offboarding, OffboardingKey, Secret


def relations_of(session: AccountSession, person: str) -> dict[str, KeyRelation]:
    """Return the working keys that a person created, owns or was sent a token of."""
    maker = str(Actor.person(person))
    rows = session.exec(
        select(Key).where(
            Key.account_id == session.account_id,
            Key.state == State.ACTIVE,
            or_(col(Key.owner) == person, col(Key.backup_owner) == person, Key.creator == maker),
        )
    ).all()
    known = keys_with_known_token(session, person)
    found = {
        key.id: KeyRelation(
            key.creator == maker, person in (key.owner, key.backup_owner), key.id in known
        )
        for key in rows
    }
    return found | {key: KeyRelation(False, False, True) for key in known if key not in found}


def keys_with_known_token(session: AccountSession, person: str) -> set[str]:
    """Return the keys of which a person was sent a token that works and is not rotated out."""
    return set(
        session.exec(
            select(Delivery.key_id)
            .join(Secret, col(Secret.id) == col(Delivery.secret_id))
            .join(Key, col(Key.id) == col(Delivery.key_id))
            .where(
                Delivery.account_id == session.account_id,
                Delivery.recipient == str(Actor.person(person)),
                col(Delivery.sent_at).is_not(None),
                col(Secret.ends_at).is_(None),
                col(Secret.pending).is_(False),
                Key.state == State.ACTIVE,
            )
        )
    )


def unhandled_relations(session: AccountSession, person: str, why: str) -> dict[str, KeyRelation]:
    """Return a person's keys; unless an admin asked, without those handled since they left."""
    relations = relations_of(session, person)
    if why == ASKED or not relations:
        return relations
    someone = departures.get(session, person)
    since = someone.returned_at if someone is not None else None
    settled = session.exec(
        select(OffboardingKey)
        .join(Offboarding, col(Offboarding.id) == col(OffboardingKey.offboarding_id))
        .where(
            Offboarding.account_id == session.account_id,
            Offboarding.person == person,
            *((col(Offboarding.created_at) > since,) if since is not None else ()),
        )
    ).all()
    kept = {item.key_id for item in settled if item.outcome == Result.KEPT}
    seen = {item.key_id for item in settled}
    return {
        key: tie
        for key, tie in relations.items()
        if key not in kept and (tie.owned or tie.sent or key not in seen)
    }


def add_keys(session: Session, row: Offboarding, relations: dict[str, KeyRelation]) -> None:
    """Add keys to an offboarding."""
    for key_id, tie in relations.items():
        session.add(
            OffboardingKey(
                offboarding_id=row.id,
                key_id=key_id,
                account_id=row.account_id,
                created=tie.created,
                owned=tie.owned,
                sent=tie.sent,
            )
        )
    session.flush()

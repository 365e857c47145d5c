"""Whether a key's rows can be believed: they are sealed, and the audit log knows nothing newer."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from keys.base.models import State
from storage import seals
from storage.tables import Event, Key, Secret
from storage.tables.audit_log import ENDED


def is_believed(session: Session, key: Key, secret: Secret) -> bool:
    """Return whether a key and one of its secrets are as this program last wrote them.

    The rule is that of gateways (keys.credentials.verification).
    """
    if not (seals.is_genuine(session, key) and seals.is_genuine(session, secret)):
        return False
    newest = session.exec(select(func.max(Event.revision)).where(Event.key_id == key.id)).one()
    if not key.revision == secret.revision == (newest or 0):
        return False
    ended = select(Event.id).where(col(Event.key_id) == key.id, text(ENDED)).limit(1)
    return key.state != State.ACTIVE or session.exec(ended).first() is None

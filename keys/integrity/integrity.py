"""Whether a key's rows can be believed: they are sealed, and the audit log knows nothing newer."""

from __future__ import annotations

from sqlmodel import Session

from keys.credentials.verification import was_put_back
from storage import seals
from storage.tables import Key, Secret


def is_believed(session: Session, key: Key, secret: Secret) -> bool:
    """Return whether a key and one of its secrets are as this program last wrote them.

    The rule is that of gateways (keys.credentials.verification).
    """
    if not (seals.is_genuine(session, key) and seals.is_genuine(session, secret)):
        return False
    newest, is_ended = seals.recorded(session, key.id)
    revisions = (key.revision, secret.revision, newest)
    return not was_put_back(key.state, revisions, is_ended=is_ended)

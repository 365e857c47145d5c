"""When each secret was last used, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, update
from sqlmodel import Session, col

from storage.tables import Secret


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a secret: when, and from which (coarse) address."""

    at: datetime
    source: str


def record_uses(session: Session, uses: Mapping[str, Use]) -> None:
    """Notes the uses, by secret id. A later use that is known already is never set back."""
    if not uses:
        return
    later = or_(col(Secret.last_used_at).is_(None), col(Secret.last_used_at) < bindparam("used_at"))
    statement = (
        update(Secret)
        .where(col(Secret.id) == bindparam("secret_id"), later)
        .values(last_used_at=bindparam("used_at"), last_used_from=bindparam("used_from"))
    )
    rows = [
        {"secret_id": secret_id, "used_at": use.at, "used_from": use.source[:64]}
        for secret_id, use in sorted(uses.items())  # a fixed order, so that writers cannot deadlock
    ]
    session.connection().execute(statement, rows)

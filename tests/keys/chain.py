"""Check an account's audit log apart from the product, which has keys.integrity.verify for it."""

from __future__ import annotations

from sqlmodel import col, select

from keys.changes.audit_log import GENESIS_HASH, hash_of
from storage import AccountSession
from storage.tables import Event


def verify_chain(session: AccountSession) -> int | None:
    """The number of the first entry that breaks the chain; None if it is intact."""
    previous, expected = GENESIS_HASH, 1
    entries = select(Event).where(Event.account_id == session.account_id).order_by(col(Event.seq))
    for entry in session.exec(entries):
        fits = entry.seq == expected and entry.previous == previous
        if not fits or entry.hash != hash_of(entry):
            return expected
        previous, expected = entry.hash, expected + 1
    return None

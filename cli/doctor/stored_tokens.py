"""Check that no token is stored in a text, such as a name or note of an earlier version."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from cli.doctor.findings import CheckStatus, Finding, Findings
from keys.leaks.stored_tokens import StoredToken, stored_tokens
from storage import StorageUnavailable, reading

SHOWN_MAX = 20


def check_stored_tokens(engine: Engine) -> Findings:
    """Report each row with a token in it, and which key to rotate; never the token."""
    try:
        with reading(engine) as session:
            found = list(stored_tokens(session, datetime.now(UTC)))
    except StorageUnavailable as error:
        yield Finding(
            CheckStatus.NOTE,
            f"Stored texts were not searched for tokens: {error}",
            "Try again when the database is less busy.",
        )
        return
    if not found:
        yield Finding(CheckStatus.FINE, "No stored text contains a token.")
    # Those that work come first: the others may be many, and stay in the audit log.
    found.sort(key=lambda stored: not stored.works)
    for stored in found[:SHOWN_MAX]:
        yield _finding(stored)
    if more := found[SHOWN_MAX:]:
        working = sum(bool(stored.works) for stored in more)
        yield Finding(
            CheckStatus.BAD if working else CheckStatus.NOTE,
            f"Other stored texts with tokens: {len(more):,}, {working:,} with one that works.",
        )


def _finding(stored: StoredToken) -> Finding:
    where = f"{stored.table} {stored.row} ({', '.join(stored.columns)})"
    keys = ", ".join(stored.works or stored.known)
    if stored.works:
        return Finding(
            CheckStatus.BAD,
            f"A stored text contains a token that works: {where}.",
            f"Rotate or revoke {keys}: everyone who reads the text has the token. A name or note "
            "can be changed, but the audit log keeps its texts.",
        )
    if stored.known:
        return Finding(
            CheckStatus.NOTE,
            f"A stored text contains a token of {keys} that does not work: {where}.",
        )
    return Finding(
        CheckStatus.NOTE,
        f"A stored text contains what looks like a token: {where}.",
        "If it works in another system, revoke it there: everyone who reads the text has it.",
    )

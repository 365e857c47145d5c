"""What a verification of the database finds, in words for operators, admins and the log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keys.integrity.anchor import Anchor

CHANGED = "was changed by something other than this program"
UNSEALED = "was written by something other than this program"
PUT_BACK = "is not what the audit log says was written last"
ENDED_BEFORE = "works, although the audit log says that it was revoked or cancelled"
NO_SECRETS = "has lost its tokens"
REMOVED = "was removed"
BROKEN = "was changed, removed, added or moved"
UNREADABLE = (
    "cannot be read, so nothing shows whether the end of the audit log was cut off. Put the file "
    "back from a backup, or accept the audit log as it is with: apikeys db accept-restore"
)
ANCHOR = "anchor"
"""The table of a finding that is about the anchor's file, and not about a row."""
SCHEMA = "schema"
"""The table of a finding that is about a trigger, a function or a rule, and not about a row."""
SHORTER = "is older than what this machine has seen of it"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as this program wrote it.

    Attributes:
        table, row: where it is; the row by its primary key.
        account_id: the account that it belongs to, according to the row.
        key_id: the key that is concerned; None if it is none.
        what: what is wrong, as the end of a sentence that begins with the row.
    """

    table: str
    row: str
    account_id: str
    key_id: str | None
    what: str

    def __str__(self) -> str:
        return f"{self.table} {self.row} {self.what}"


@dataclass(frozen=True, slots=True)
class Step:
    """A batch that was verified.

    Attributes:
        rows: how many rows were read.
    """

    rows: int
    findings: tuple[Finding, ...] = ()


def unreadable(path: Path, account: str) -> Finding:
    """Return the finding that the anchor's file cannot be read."""
    return Finding(ANCHOR, str(path.absolute()), account, None, UNREADABLE)


def in_row(table: str, row: object, account: object, key_id: object, what: str) -> Finding:
    """Return a finding in a row that may hold anything: SQLite stores any value in any column."""
    row, account, key_id = (
        one if one is None else str(one).encode("utf-8", "backslashreplace").decode()
        for one in (row, account, key_id)
    )
    return Finding(table, str(row), str(account), key_id, what)


def behind(account: str, anchor: Anchor) -> Finding:
    """Return the finding that an account's audit log lacks the entry of its anchor."""
    return Finding("events", f"{account} {anchor.seq}", account, None, SHORTER)

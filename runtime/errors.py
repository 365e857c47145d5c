"""What may go wrong below everything; imports little, so that a command's help is quick."""

from __future__ import annotations

from datetime import datetime


class StorageUnavailable(Exception):
    """The database cannot be used; the message says why, without a password.

    Attributes:
        permanent: whether waiting is no remedy, as with a wrong password.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class StorageReadOnly(StorageUnavailable):
    """The database answers, but accepts no writes: keys can be verified, and nothing be changed.

    Attributes:
        since: when this program noticed it; None if it has just been started.
    """

    def __init__(self, message: str, since: datetime | None = None) -> None:
        when = f" (since {since:%Y-%m-%d %H:%M} UTC)" if since else ""
        super().__init__(f"{message}{when}, so nothing can be created, changed or revoked.")
        self.reason = message
        self.since = since


class Tampered(Exception):
    """A row of the database is not as this program wrote it.

    Attributes:
        table, row: where it is.
    """

    def __init__(self, table: str, row: str) -> None:
        super().__init__(
            f"The row {row} of the table “{table}” was changed by something other than this "
            "program, so it is not used. Run: apikeys db verify"
        )
        self.table = table
        self.row = row

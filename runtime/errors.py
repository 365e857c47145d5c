"""What may go wrong below everything; imports nothing, so that a command's help is quick."""

from __future__ import annotations


class StorageUnavailable(Exception):
    """The database cannot be reached, or did not answer in time."""


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

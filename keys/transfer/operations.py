"""Importing another system's keys, and exporting what is known of the keys here."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SkipValidation

from keys.changes.authorization import admins
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.transfer import import_keys
from keys.transfer.import_keys import Plan
from keys.transfer.import_rows import ImportRow


class Import(Operation[Plan], name="import", allow=admins):
    """Add keys by their hashes, as the lines of a file say (keys.transfer.import_rows checks them).

    Attributes:
        all_or_nothing: whether nothing is added if anything cannot be.
    """

    rows: SkipValidation[Sequence[ImportRow]]
    all_or_nothing: bool

    def run(self, change: Change) -> Plan:
        """Add them; returns what was added, known before, or refused."""
        return import_keys.carry_out(change, self.rows, all_or_nothing=self.all_or_nothing)


class AnnounceImport(Operation[None], name="announce_import", allow=admins):
    """Tell the team of an import, once for all of its keys, and have gateways confirm them."""

    count: int

    def run(self, change: Change) -> None:
        """Announce it."""
        import_keys.announce(change, self.count)

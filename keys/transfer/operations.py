"""Importing another system's keys, and exporting what is known of the keys here."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SkipValidation

from keys.changes.authorization import admins
from keys.changes.change import Change
from keys.changes.operation import Operation
from keys.transfer import export_keys, import_keys
from keys.transfer.events import KeysExported
from keys.transfer.formats import Form
from keys.transfer.import_keys import Plan
from keys.transfer.import_rows import ImportRow


class Import(Operation[Plan], name="import", allow=admins):
    """Add keys by their hashes, as the lines of a file say (keys.transfer.import_rows checks them).

    The team is told of them in the same change, and gateways confirm them.

    Attributes:
        all_or_nothing: whether nothing is added if anything cannot be.
    """

    rows: SkipValidation[Sequence[ImportRow]]
    all_or_nothing: bool

    def run(self, change: Change) -> Plan:
        """Add them; returns what was added, known before, or refused."""
        return import_keys.carry_out(change, self.rows, all_or_nothing=self.all_or_nothing)


class Export(Operation[int], name="export", allow=admins):
    """Record who exports how many keys; the keys themselves are read afterwards.

    Attributes:
        revoked: whether revoked keys are among them.
    """

    form: Form
    revoked: bool

    def run(self, change: Change) -> int:
        """Record it; returns how many keys they are."""
        count = export_keys.count(change.session, revoked=self.revoked)
        change.record(KeysExported(count, self.form, revoked=self.revoked))
        return count

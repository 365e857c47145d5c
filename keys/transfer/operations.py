"""Operations to import and export keys."""

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
    """Add another system's keys by their hashes.

    The same change tells the team about them, and gateways confirm them.

    Attributes:
        rows: the rows of a file, as checked by keys.transfer.import_rows.
        all_or_nothing: whether to add nothing if any of them cannot be imported.
    """

    rows: SkipValidation[Sequence[ImportRow]]
    all_or_nothing: bool

    def run(self, change: Change) -> Plan:
        """Add them; return what was added, known before, or refused."""
        return import_keys.carry_out(change, self.rows, all_or_nothing=self.all_or_nothing)


class Export(Operation[int], name="export", allow=admins):
    """Log an export; the keys themselves are read afterwards.

    Attributes:
        revoked: whether revoked keys are included.
    """

    form: Form
    revoked: bool

    def run(self, change: Change) -> int:
        """Log it; return the number of keys."""
        count = export_keys.count(change.session, revoked=self.revoked)
        change.record(KeysExported(count, self.form, revoked=self.revoked))
        return count

"""The example in CONTRIBUTING.md does what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

# In a process of its own: the example enters an event and an operation into the tables.
TRIAL = """
from pathlib import Path
from pydantic import ValidationError
from sqlmodel import select
from keys.base.actors import Actor
from keys.base.errors import NotAllowed
from keys.changes import audiences, audit_log
from keys.changes.authorization import Caller
from keys.operations import OPERATIONS, execute
from storage import reading
from storage.tables import OutboxRow
from tests.keys.conftest import open_test_application

assert OPERATIONS["set_note"] is SetNote
row = eval({row!r}, vars(audiences))
audiences.AUDIENCES = dict(audiences.AUDIENCES) | {{"key.noted": row}}
domain = open_test_application(Path({folder!r}))
key, _ = domain.issue("Zapier, production")
operator = Caller.operator("op@host")
outcome = execute(domain.services, operator, SetNote(key=key.id, note="  for invoices "))
assert (outcome.value.note, outcome.changed) == ("for invoices", True)
again = execute(domain.services, operator, SetNote(key=key.id, note="for invoices"))
assert not again.changed
try:
    execute(domain.services, Caller(Actor.person("U0EVE")), SetNote(key=key.id, note="mine"))
except NotAllowed:
    pass
else:
    raise AssertionError("anybody may")
try:
    SetNote(key=key.id, note="x" * 501)
except ValidationError:
    pass
else:
    raise AssertionError("a note of any length is taken")
with domain.services.reading() as session:
    newest = audit_log.history(session, key.id)[0]
    assert (newest.kind, newest.data["to"]) == ("key.noted", "for invoices")
    told = {{row.recipient for row in session.exec(select(OutboxRow)) if row.kind == "key.noted"}}
    assert told == {{"team", "person:U0ALICE"}}
domain.close()
"""


def test_the_example_of_an_operation_works(tmp_path: Path) -> None:
    """Rule, input, audit log and outbox: none of them is in the example's code."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (row,) = re.findall(r'`"key\.noted": (\(.*?\))`', PAGE)
    program = example + TRIAL.format(folder=str(tmp_path), row=row)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_the_rooms_that_the_page_names_are_there() -> None:
    for path in re.findall(r"`([a-z]+/[a-z_/]*)", PAGE):
        top = path.split("/", 1)[0]
        assert (ROOT / top).is_dir(), path

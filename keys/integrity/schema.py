"""Verify the database's triggers: gateways learn of a revocation from them."""

from __future__ import annotations

import logging

from sqlalchemy import Engine

from keys.integrity.findings import SCHEMA, Finding, in_row
from storage.schema_triggers import Problem, differences

logger = logging.getLogger(__name__)

_WHAT = {
    Problem.ADDED: "was added by something other than this program: drop it",
    Problem.CHANGED: "was changed by something other than this program: create it again",
    Problem.DISABLED: "was disabled: enable it",
    Problem.REMOVED: "was removed: create it again",
}
# Of a name in SQLite, which has no limit of its own.
_NAME_MAX = 200


def verify_schema(engine: Engine, account_id: str | None = None) -> list[Finding]:
    """Return what differs in the triggers, their functions and rules.

    They concern every account. Those of a database that a newer version of this program has
    migrated are not known; the log says so.

    Args:
        account_id: the account to name in the findings; None for none.
    """
    found = differences(engine)
    if found is None:
        logger.warning(
            "The triggers of the database were not verified: the database was migrated by a newer "
            "version of this program. Upgrade this one."
        )
        return []
    return [
        in_row(SCHEMA, title[:_NAME_MAX], account_id or "", None, _WHAT[problem])
        for title, problem in sorted(found.items())
    ]

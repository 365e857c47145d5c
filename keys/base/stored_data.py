"""Read data that is stored as JSON, whatever a person has written in its place."""

from __future__ import annotations

import json
from typing import Any


def read_data(stored: Any) -> dict[str, Any]:
    """Return stored data; empty if it is none, so that one spoilt row takes no other away.

    The seal of such an entry of the audit log does not hold, and `apikeys db verify` names it.
    """
    try:
        found = json.loads(stored)
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

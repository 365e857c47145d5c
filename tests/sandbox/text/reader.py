"""What a reader with known names sees of blocks, for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.text import (
    NameBook,
    plain_of_message,
)
from tests.sandbox.blockkit.samples import (
    Json,
)

NAMES = NameBook({"U1": "alice", "U2": "bob"}, {"C1": "general"}, {"S1": "key-admins"})
NOW = datetime(2024, 2, 18, 12, 0, tzinfo=UTC)


def message(*blocks: Json, **more: Any) -> Json:
    return {"text": "Fallback", "blocks": list(blocks), **more}


def read(*blocks: Json) -> str:
    return plain_of_message(message(*blocks), NAMES)

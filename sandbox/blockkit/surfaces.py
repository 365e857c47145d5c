"""The whole payloads: a message with its blocks and attachments, a modal, a Home tab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def check_message(payload: Mapping[str, Any]) -> None:
    """Check the text, blocks, attachments and metadata of a message."""


def check_view(view: Mapping[str, Any]) -> None:
    """Check a modal or a Home tab."""

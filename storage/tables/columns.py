"""Columns that several tables share."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column

from storage.tables.types import UtcDateTime


def datetime_column(name: str | None = None, *, nullable: bool = True) -> Column[datetime]:
    """Return a column for a time; `name` is needed if it differs from the attribute's."""
    return Column(name, UtcDateTime(), nullable=nullable)

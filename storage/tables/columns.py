"""Columns that several tables have."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column

from storage.tables.types import UtcDateTime


def datetime_column(name: str | None = None, *, nullable: bool = True) -> Column[datetime]:
    """A column for a moment; `name` where the column is called otherwise than the attribute."""
    return Column(name, UtcDateTime(), nullable=nullable)

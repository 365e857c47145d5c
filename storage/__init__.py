"""Storage: tables, the engine, transactions and migrations; no rules about keys."""

import storage.seal_writes  # noqa: F401 - sessions seal what they write
from runtime.errors import StorageReadOnly, StorageUnavailable
from storage.engine import (
    AccountSession,
    check_writable,
    open_engine,
    reading,
    unwritable_since,
    writing,
)
from storage.schema import SchemaAhead, upgrade
from storage.write_queue import urgent_until

__all__ = [
    "AccountSession",
    "SchemaAhead",
    "StorageReadOnly",
    "StorageUnavailable",
    "check_writable",
    "open_engine",
    "reading",
    "unwritable_since",
    "upgrade",
    "urgent_until",
    "writing",
]

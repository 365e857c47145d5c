"""Storage: tables, the engine, transactions and migrations; no rules about keys."""

import storage.seal_writes  # noqa: F401 - sessions seal what they write
from runtime.errors import StorageUnavailable
from storage.engine import AccountSession, open_engine, reading, writing
from storage.schema import SchemaAhead, upgrade

__all__ = [
    "AccountSession",
    "SchemaAhead",
    "StorageUnavailable",
    "open_engine",
    "reading",
    "upgrade",
    "writing",
]

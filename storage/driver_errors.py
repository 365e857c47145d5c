"""The one table from errors of the database's drivers to sentences, which never hold a password.

PostgreSQL gives no SQLSTATE for a connection that fails, so its text is searched. What is a mistake
of this program (a broken constraint, bad data, a trigger's refusal) has no sentence here: it is
raised as it is.

Sources: PostgreSQL, appendix "PostgreSQL Error Codes"; https://www.sqlite.org/rescode.html.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from runtime.errors import StorageReadOnly, StorageUnavailable

_SILENT = "The database did not answer."
_READ_ONLY = "The database is read-only"
_FULL = "The database's disk is full"
BUSY = "The database is busy: another program holds a lock."
_STOPPING = "The database server is starting, stopping or recovering."
_FEW_CONNECTIONS = "The database server has no connection to spare."
_REFUSED = "The database server refuses the user or the password of its URL."
_NO_DATABASE = "The server has no database of the name in its URL."
_DAMAGED = "The database's files are damaged; restore a backup."
_NOT_ALLOWED = "The database's file may not be used by this user."
LOST = "The connection to the database was lost."
_OLDER = "The database lacks something that this version needs. Run: apikeys db upgrade"

# What libpq and psycopg say about a connection that fails, in the order in which they are tried;
# and whether waiting is no remedy.
_CONNECTING = (
    (r"too many (connections|clients)|connection slots are reserved", _FEW_CONNECTIONS, False),
    (r"is (starting up|shutting down)|recovery mode|not (yet )?accepting", _STOPPING, False),
    (
        r"password|authentication failed|pg_hba\.conf|SCRAM|GSSAPI|role .* does not exist"
        r"|not permitted to log in",
        _REFUSED,
        True,
    ),
    (r"database .* does not exist", _NO_DATABASE, True),
    (r"permission denied for database", "The user of the URL may not use this database.", True),
    (
        r"SSL|TLS|certificate|root\.crt",
        "No encrypted connection to the database can be made: check sslmode and the certificates "
        "in its URL.",
        True,
    ),
    (
        r"resolve host|translate host|[Nn]ame or service|[Tt]emporary failure in name",
        "The host name in the database's URL cannot be resolved.",
        False,
    ),
    (
        r"Connection refused|No such file or directory",
        "No database server listens at the address in its URL.",
        False,
    ),
    (
        r"timeout expired|timed out|unreachable|No route",
        "The database server cannot be reached, or does not answer in time.",
        False,
    ),
    (r"invalid .*(value|option|parameter|URI)", "The database's URL has an invalid option.", True),
)
# By SQLSTATE, the longest match first.
_STATES: dict[str, tuple[str, bool]] = {
    "28": (_REFUSED, True),
    "3D000": (_NO_DATABASE, True),
    "42501": ("The database user lacks the right to do this. Give it the tables' rights.", True),
    "42P01": (_OLDER, True),
    "42703": (_OLDER, True),
    "3F000": (_OLDER, True),
    "53300": (_FEW_CONNECTIONS, False),
    "53": ("The database server has run out of memory or another resource.", False),
    "57014": ("The database took too long, so the statement was cancelled.", False),
    "57P01": ("The connection to the database was ended by its server.", False),
    "57P04": ("The database was dropped.", True),
    "57": (_STOPPING, False),
    "55": (BUSY, False),
    "40": (BUSY, False),
    "58": ("The database server has trouble with its disk; its log says more.", False),
    "XX001": (_DAMAGED, True),
    "XX002": (_DAMAGED, True),
}
_UNWRITABLE = {"25006": _READ_ONLY, "53100": _FULL}
# By the primary result code.
_FILE: dict[int, tuple[str, bool]] = {
    sqlite3.SQLITE_BUSY: (BUSY, False),
    sqlite3.SQLITE_LOCKED: (BUSY, False),
    sqlite3.SQLITE_NOMEM: ("There is no memory left for the database.", False),
    sqlite3.SQLITE_IOERR: ("The database's disk reports an error.", False),
    sqlite3.SQLITE_CORRUPT: ("The database's file is damaged; restore a backup.", True),
    sqlite3.SQLITE_NOTADB: ("The database's file is not a database; restore a backup.", True),
    sqlite3.SQLITE_CANTOPEN: (
        "The database's file cannot be opened: check that it exists, and who may use its folder.",
        True,
    ),
    sqlite3.SQLITE_PERM: (_NOT_ALLOWED, True),
    sqlite3.SQLITE_AUTH: (_NOT_ALLOWED, True),
}
_UNWRITABLE_FILE = {sqlite3.SQLITE_READONLY: _READ_ONLY, sqlite3.SQLITE_FULL: _FULL}

SENTENCES = frozenset(
    {_SILENT, *(rule[1] for rule in _CONNECTING)}
    | {sentence for table in (_STATES, _FILE) for sentence, _ in table.values()}
)
"""Every sentence but those about writing."""


def explain(error: BaseException) -> StorageUnavailable | None:
    """Return what an error of sqlite3 or psycopg means; None if it is a mistake of this program.

    Args:
        error: a driver's error, or one of SQLAlchemy's that holds it.
    """
    for cause in _causes(error):
        if isinstance(cause, sqlite3.Error):
            return _explain_file(cause)
        state = getattr(cause, "sqlstate", None)
        if state:
            return _explain_state(str(state))
        if isinstance(cause, OSError):
            # A TimeoutError is one, and asyncio's is the same class.
            return StorageUnavailable(_connecting(str(cause) or "timed out")[0])
        if type(cause).__module__.startswith("psycopg"):
            sentence, permanent = _connecting(str(cause))
            return StorageUnavailable(sentence, permanent=permanent)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    yield error
    # SQLAlchemy keeps the driver's error there.
    inner = getattr(error, "orig", None)
    if isinstance(inner, BaseException):
        yield inner


def _connecting(text: str) -> tuple[str, bool]:
    found = next((rule for rule in _CONNECTING if re.search(rule[0], text)), None)
    return (found[1], found[2]) if found else (_SILENT, False)


def _explain_state(state: str) -> StorageUnavailable | None:
    if state in _UNWRITABLE:
        return StorageReadOnly(_UNWRITABLE[state])
    for length in (5, 2):
        if (found := _STATES.get(state[:length])) is not None:
            return StorageUnavailable(found[0], permanent=found[1])
    if state.startswith("08"):
        return StorageUnavailable(LOST)
    return None


def _explain_file(error: sqlite3.Error) -> StorageUnavailable | None:
    # Errors of the module itself, such as a closed connection, have no code.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _UNWRITABLE_FILE:
        return StorageReadOnly(_UNWRITABLE_FILE[code])
    if code in _FILE:
        sentence, permanent = _FILE[code]
        return StorageUnavailable(sentence, permanent=permanent)
    if code == sqlite3.SQLITE_ERROR and "no such " in str(error):
        return StorageUnavailable(_OLDER, permanent=True)
    return StorageUnavailable(_SILENT) if isinstance(error, sqlite3.OperationalError) else None

"""Databases with many keys, made quickly: rows as the service makes them, without its steps.

Only some keys get tokens that are known here; of the others nobody will ask.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from keys.base import accounts
from keys.base.actors import Actor
from keys.changes import audit_log
from keys.credentials.peppers import Peppers, check_peppers
from keys.credentials.tokens import Token, make
from storage import AccountSession, open_engine, seals, upgrade, writing
from storage.tables import Key, Secret

PEPPER = "1:cGVwcGVyIGZvciBtZWFzdXJpbmcsIGFuZCBmb3Igbm90aGluZyBlbHNl"
_BATCH = 5_000


def stock(url: str, peppers: Peppers, keys: int, known: int, tokens: Path) -> None:
    """Fill a new database.

    Args:
        keys: how many keys it gets.
        known: how many of them get a token that is written to the file.
        tokens: gets one token a line.
    """
    engine = open_engine(url)
    upgrade(engine)
    seals.bind(engine, peppers)
    now = datetime.now(UTC)
    with writing(engine) as session:
        check_peppers(session, peppers, now)
        account = accounts.connect(session, "T0BENCH", "Bench", now)
    step = max(keys // known, 1)
    with tokens.open("w", encoding="ascii") as file:
        for first in range(0, keys, _BATCH):
            rows = [
                _row(number, account, peppers, now, known=number % step == 0)
                for number in range(first, min(first + _BATCH, keys))
            ]
            with writing(engine, account, durable=False) as session:
                _insert(session, rows, now)
            file.writelines(f"{token}\n" for _, _, token in rows if token)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


_Row = tuple[dict[str, Any], dict[str, Any], str]


def _row(number: int, account: str, peppers: Peppers, now: datetime, *, known: bool) -> _Row:
    name = f"Integration {number:08}, production"
    token = make("ak") if known else Token("ak", secrets.token_hex(6), "")
    key_id = f"key_{number:012}"
    key = {
        "id": key_id,
        "account_id": account,
        "state": "active",
        "name": name,
        "name_folded": name.casefold(),
        "search": name.casefold(),
        "scopes": "read write",
        "owner": "U0BENCH",
        "creator": "person:U0BENCH",
        "note": "",
        "request_id": f"req_{number:012}",
        "created_at": now,
        "revoked_reason": "",
        "rate_limit": "",
        "networks": "",
        "revision": 1,
    }
    secret = {
        "id": f"sec_{number:012}",
        "account_id": account,
        "key_id": key_id,
        "public_id": token.public_id,
        "digest": peppers.digest(token, 1) if known else secrets.token_bytes(32),
        "pepper_version": 1,
        "hint": token.hint if known else "ak_…",
        "created_at": now,
        "revision": 1,
    }
    seals.seal_row(peppers, Key, key)
    seals.seal_row(peppers, Secret, secret, key)
    return key, secret, token.reveal() if known else ""


def _insert(session: AccountSession, rows: list[_Row], now: datetime) -> None:
    connection = session.connection()
    for key, _, _ in rows:
        seals.note_revision(session, key["id"], key["revision"])
    issued = (("key.issued", key["id"], {"name": key["name"]}) for key, _, _ in rows)
    audit_log.append_all(session, now, Actor.operator("bench"), issued)
    connection.execute(insert(Key), [key for key, _, _ in rows])
    connection.execute(insert(Secret), [secret for _, secret, _ in rows])


def read_tokens(path: Path) -> Iterator[str]:
    """The tokens of the file."""
    with path.open(encoding="ascii") as file:
        yield from (line.strip() for line in file)

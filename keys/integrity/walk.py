"""Walk through all rows that are sealed, and through the audit logs, in batches."""

# ruff: noqa: S608 - statements are made of the names of our own tables and columns
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine

from keys.changes import audit_log
from keys.integrity.anchor import Anchor
from keys.integrity.findings import (
    BROKEN,
    CHANGED,
    ENDED_BEFORE,
    NO_SECRETS,
    PUT_BACK,
    REMOVED,
    UNSEALED,
    Finding,
    Step,
    behind,
    in_row,
)
from storage import reading
from storage.engine import exact_texts
from storage.seals import SEALED, SealedTable, Sealer, content, plain_content
from storage.tables import Event, Key, Secret
from storage.tables.audit_log import OF_KEY

_AT_ONCE = 2_000
_EVENT = (
    "account_id", "seq", "at", "kind", "actor", "key_id", "data", "previous", "hash", "revision",
    "seal",
)  # fmt: skip


@dataclass(slots=True)
class Walk:
    """The rows of a database, or those of one of its accounts."""

    engine: Engine
    sealer: Sealer
    account_id: str | None
    _placeholder: str = field(init=False)

    def __post_init__(self) -> None:
        self._placeholder = "%s" if self.engine.dialect.name == "postgresql" else "?"

    def rows(self, sealed: SealedTable, key: tuple[str, ...]) -> Iterator[Step]:
        """Verify the seals of a table of its own."""
        columns = ", ".join((*sealed.columns, "seal"))
        at = [sealed.columns.index(name) for name in key]
        mine = sealed.columns.index("id" if sealed.name == "accounts" else "account_id")
        after: Sequence[Any] = ()
        while True:
            found = self._batch(columns, sealed.name, key, after, sealed.columns[mine])
            if not found:
                return
            findings = [
                in_row(
                    sealed.name,
                    " ".join(str(row[n]) for n in at),
                    row[mine],
                    row[sealed.columns.index("key_id")] if "key_id" in sealed.columns else None,
                    CHANGED if row[-1] is not None else UNSEALED,
                )
                for row in found
                if not self._is_genuine(sealed, row[:-1], row[-1])
            ]
            yield Step(len(found), tuple(findings))
            after = [found[-1][n] for n in at]

    def keys(self) -> Iterator[Step]:
        """Verify keys and their secrets, and that the audit log knows of nothing newer."""
        sealed, secret = SEALED[Key], SEALED[Secret]
        columns = ", ".join((*sealed.columns, "seal", *OF_KEY))
        of_secret = f"SELECT {', '.join((*secret.columns, 'seal'))} FROM secrets WHERE key_id "
        id_, account = sealed.columns.index("id"), sealed.columns.index("account_id")
        belongs_to = secret.columns.index("key_id")
        after: Sequence[Any] = ()
        while True:
            with self._snapshot() as connection:
                found = self._batch(columns, "keys", ("id",), after, "account_id", connection)
                if not found:
                    return
                ids = {row[id_] for row in found}
                last = found[-1][id_]
                (low, high), ends = self._bound((found[0][id_], last))
                secrets: dict[str, list[Sequence[Any]]] = {}
                for row in connection.exec_driver_sql(
                    f"{of_secret} BETWEEN {low} AND {high}", tuple(ends)
                ):
                    if row[belongs_to] in ids:
                        secrets.setdefault(row[belongs_to], []).append(row)
            findings = [
                in_row(table, row_id, key[account], key[id_], what)
                for key in found
                for table, row_id, what in self._key(key, secrets.get(key[id_], []))
            ]
            yield Step(len(found) + sum(map(len, secrets.values())), tuple(findings))
            after = [last]

    def _key(
        self, row: Sequence[Any], secrets: Sequence[Sequence[Any]]
    ) -> Iterator[tuple[str, str, str]]:
        sealed, secret = SEALED[Key], SEALED[Secret]
        width = len(sealed.columns)
        values, (seal, recorded, is_ended) = row[:width], row[width:]
        named = dict(zip(sealed.columns, values, strict=True))
        revision = named["revision"]
        if not self._is_genuine(sealed, values, seal):
            yield "keys", named["id"], CHANGED if seal is not None else UNSEALED
        elif revision != recorded:
            yield "keys", named["id"], PUT_BACK
        elif is_ended and named["state"] == "active":
            yield "keys", named["id"], ENDED_BEFORE
        if not secrets:
            yield "keys", named["id"], NO_SECRETS
        for one in secrets:
            of = dict(zip(secret.columns, one, strict=False))
            of_key = [named[name] for name in secret.of_key]
            if not self._is_genuine(secret, [*one[:-1], *of_key], one[-1]):
                yield "secrets", of["id"], CHANGED if one[-1] is not None else UNSEALED
            elif (of["revision"], of["account_id"]) != (revision, named["account_id"]):
                yield "secrets", of["id"], PUT_BACK

    def entries(self, anchors: Mapping[str, Anchor]) -> Iterator[Step]:
        """Verify the chain of each account's audit log, its seals, and its anchor."""
        sealed = SEALED[Event]
        seen, account, expected, previous = set[str](), "", 1, audit_log.GENESIS_HASH
        after: Sequence[Any] = ()
        while True:
            found = self._batch(
                ", ".join(_EVENT), "events", ("account_id", "seq"), after, "account_id"
            )
            findings = []
            for row in found:
                entry = dict(zip(_EVENT, row, strict=True))
                if entry["account_id"] != account:
                    account, expected = entry["account_id"], 1
                    previous = audit_log.GENESIS_HASH
                seal, revision = entry.pop("seal"), entry.pop("revision")
                fits = entry["seq"] == expected and entry["previous"] == previous
                fits &= entry["hash"] == _hash(entry)
                covered = [*(entry[name] for name in sealed.columns[:-1]), revision]
                if not (fits and self.sealer.is_genuine(content(sealed.name, covered), seal)):
                    where = f"{account} {expected}"
                    findings.append(in_row("events", where, account, entry["key_id"], BROKEN))
                seq = entry["seq"]
                previous, expected = entry["hash"], 1 + (seq if isinstance(seq, int) else expected)
                anchor = anchors.get(account)
                if anchor is not None and anchor.seq == entry["seq"]:
                    seen.add(account)
                    if anchor.hash != entry["hash"]:
                        findings.append(behind(account, anchor))
            if not found:
                break
            yield Step(len(found), tuple(findings))
            after = found[-1][0], found[-1][1]
        expected_of = {self.account_id} if self.account_id is not None else set(anchors)
        unseen = sorted(expected_of & set(anchors) - seen)
        yield Step(0, tuple(behind(one, anchors[one]) for one in unseen))

    def missing(self) -> list[Finding]:
        """Return the keys that the audit log knows and that are gone, and secrets of no key."""
        mine, values = self._of_account("e.account_id")
        gone = (
            "SELECT DISTINCT e.key_id, e.account_id, e.key_id FROM events e "
            "LEFT JOIN keys ON keys.id = e.key_id AND keys.account_id = e.account_id "
            f"WHERE e.revision IS NOT NULL AND keys.id IS NULL{mine}"
        )
        orphans = (
            "SELECT e.id, e.account_id, e.key_id FROM secrets e "
            "LEFT JOIN keys ON keys.id = e.key_id AND keys.account_id = e.account_id "
            f"WHERE keys.id IS NULL{mine}"
        )
        with self._snapshot() as connection:
            return [
                in_row(table, row, account, key_id, what)
                for table, query, what in (("keys", gone, REMOVED), ("secrets", orphans, CHANGED))
                for row, account, key_id in connection.exec_driver_sql(query, tuple(values))
            ]

    def _batch(
        self,
        columns: str,
        table: str,
        key: tuple[str, ...],
        after: Sequence[Any],
        mine: str,
        connection: Connection | None = None,
    ) -> Sequence[Sequence[Any]]:
        order = ", ".join(key)
        where, values = self._of_account(mine)
        if after:
            placeholders, bound = self._bound(after)
            where += f" AND ({order}) > ({', '.join(placeholders)})"
            values = [*values, *bound]
        query = f"SELECT {columns} FROM {table} WHERE true{where} ORDER BY {order} LIMIT {_AT_ONCE}"
        with nullcontext(connection) if connection is not None else self._snapshot() as used:
            return used.exec_driver_sql(query, tuple(values)).all()

    def _of_account(self, column: str) -> tuple[str, list[Any]]:
        if self.account_id is None:
            return "", []
        return f" AND {column} = {self._placeholder}", [self.account_id]

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        snapshot = self.engine
        if snapshot.dialect.name == "postgresql":
            snapshot = snapshot.execution_options(isolation_level="REPEATABLE READ")
        with reading(snapshot) as session, exact_texts(session.connection()):
            yield session.connection()

    def _bound(self, values: Sequence[Any]) -> tuple[list[str], list[Any]]:
        """Return placeholders and parameters for values that were read from the database.

        SQLite gets each byte back: the next batch has to begin where the last one ended.
        """
        if self._placeholder == "%s":
            return ["%s"] * len(values), list(values)
        is_text = [isinstance(value, str) for value in values]
        return (
            ["CAST(? AS TEXT)" if text else "?" for text in is_text],
            [
                value.encode("utf-8", "surrogateescape") if text else value
                for value, text in zip(values, is_text, strict=True)
            ],
        )

    def _is_genuine(self, sealed: SealedTable, values: Sequence[Any], seal: bytes | None) -> bool:
        form = content if self._placeholder == "%s" else plain_content
        return self.sealer.is_genuine(form(sealed.name, tuple(values)), seal)


def _hash(entry: Mapping[str, Any]) -> str:
    """Return the hash of an entry; empty if something in it cannot be one."""
    at = entry["at"]
    fields = {name: entry[name] for name in entry if name not in ("at", "hash")}
    try:
        when = datetime.fromisoformat(at).replace(tzinfo=UTC) if isinstance(at, str) else at
        return audit_log.hash_fields(at=when.astimezone(UTC), **fields)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return ""

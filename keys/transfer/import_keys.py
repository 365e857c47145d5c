"""Importing another system's keys by their hashes, so that programs can keep using them.

An imported key is a key like any other; only its first secret has another format
(keys.credentials.digests).

A line is recognized by its hash and its external id: importing the same file twice adds nothing,
even after a key was renamed, rotated or revoked. Since the hash itself is replaced at the key's
first use, an HMAC of it under the pepper is stored as the key's idempotency key.

Names are unique here, but need not be in other systems. A name that is taken gets a number:
“Zapier” becomes “Zapier (2)”. A line without a name is called “Imported key”.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import insert
from sqlmodel import Session, col, select

from keys.base.actors import Actor
from keys.base.ids import new_id
from keys.base.models import State
from keys.base.policy import Policy
from keys.changes.change import Change
from keys.changes.services import Services
from keys.credentials.algorithms import Algorithm
from keys.credentials.digests import IMPORTED_ID
from keys.credentials.peppers import Peppers
from keys.inputs.names import NAME_MAX, fold
from keys.lifecycle.rows import search_text
from keys.transfer.events import KeyImported, KeysImported
from keys.transfer.import_rows import ImportRow, Problem
from storage import AccountSession, seals
from storage.tables import Key, Secret

UNNAMED = "Imported key"
UNHINTED = "(imported)"
# SQLite allows some 32,000 values in a statement; this leaves room for several peppers.
_AT_ONCE = 1_000
_MARK = "imp_"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Our own digest for an imported secret."""

    digest: bytes = field(repr=False)
    pepper_version: int


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to add, with its name here."""

    entry: ImportRow
    name: str


@dataclass(slots=True)
class Plan:
    """The plan of an import.

    Attributes:
        known: the positions of keys that were imported before.
        problems: the lines that cannot be imported, and why.
    """

    fresh: list[NewKey] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def outlasting(self, policy: Policy, now: datetime) -> list[str]:
        """Return the positions of keys that last longer than the team allows for new keys."""
        return [
            each.entry.where for each in self.fresh if policy.outlasts(each.entry.expires_at, now)
        ]

    @property
    def renamed(self) -> list[NewKey]:
        """The keys whose name here differs from the file's."""
        return [each for each in self.fresh if each.name != (each.entry.name or UNNAMED)]


def plan(services: Services, session: AccountSession, entries: Sequence[ImportRow]) -> Plan:
    """Return what importing these rows would do now; change nothing."""
    made = Plan()
    by_hash = _by_hash(session, services.peppers, entries)
    by_id = _by_external_id(session, entries)
    names = _Names(session)
    for entry in entries:
        found = next(
            (by_hash[digest] for digest in _digests(services.peppers, entry) if digest in by_hash),
            None,
        )
        if found is not None and found.account_id != session.account_id:
            why = "Its hash belongs to a key of another workspace. Create a new key instead."
            made.problems.append(Problem(entry.where, why))
        elif found is not None and not _agree(entry.external_id, found.external_id):
            why = (
                f"Its hash was imported before, with the external_id “{found.external_id}”. "
                "Remove the line, or correct its external_id."
            )
            made.problems.append(Problem(entry.where, why))
        elif found is not None:
            made.known.append(entry.where)
        elif entry.external_id in by_id:
            why = (
                "Its external_id was imported before, with another hash. "
                "If the key was replaced, give the line a new external_id."
            )
            made.problems.append(Problem(entry.where, why))
        else:
            made.fresh.append(NewKey(entry, names.take(entry.name or UNNAMED)))
    return made


def carry_out(
    change: Change,
    entries: Sequence[ImportRow],
    *,
    all_or_nothing: bool,
) -> Plan:
    """Import the keys that were not imported before; they work at once.

    The same change tells the team about them, and gateways confirm them.

    Args:
        all_or_nothing: whether to add nothing if any of them cannot be imported.

    Returns:
        The plan that was carried out; not carried out if `all_or_nothing` and it has problems.
    """
    made = plan(change.services, change.session, entries)
    if made.fresh and not (all_or_nothing and made.problems):
        _add(change, made.fresh)
        owners = [each.entry.owner for each in made.fresh]
        change.record(KeysImported(owners, change.actor))
    return made


def upgrade(session: Session, upgrades: Mapping[str, Upgrade]) -> int:
    """Replace the digests of imported secrets by our own, by secret id.

    Secrets that have one already are left alone, so several gateways may write the same one. Rows
    are locked in a fixed order, which prevents deadlocks.

    Returns:
        How many were replaced.
    """
    found = session.exec(
        select(Secret)
        .where(col(Secret.id).in_(upgrades), col(Secret.algorithm) != Algorithm.HMAC)
        .order_by(col(Secret.id))
        .with_for_update()
    ).all()
    for secret in found:
        made = upgrades[secret.id]
        secret.digest, secret.pepper_version = made.digest, made.pepper_version
        secret.algorithm = Algorithm.HMAC
        session.add(secret)
    return len(found)


class _Names:
    """The names that are taken, and the next number for each of them."""

    def __init__(self, session: AccountSession) -> None:
        living = select(Key.name_folded).where(
            Key.account_id == session.account_id, col(Key.state).in_((State.PENDING, State.ACTIVE))
        )
        self._taken = set(session.exec(living))
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """Take a name; return it, with a number if it was taken."""
        chosen, folded = name, fold(name)
        number = self._next.get(folded, 2)
        while fold(chosen) in self._taken:
            after = f" ({number})"
            chosen = name[: NAME_MAX - len(after)].rstrip() + after
            number += 1
        self._next[folded] = number
        self._taken.add(fold(chosen))
        return chosen


def _digests(peppers: Peppers, entry: ImportRow) -> Iterator[str]:
    """Yield the idempotency key of a row's hash under each pepper, newest first."""
    text = b"apikeys: imported\0" + entry.algorithm.encode() + b"\0" + entry.digest
    for version in sorted(peppers.by_version, reverse=True):
        yield _MARK + peppers.digest_bytes(text, version).hex()[:40]


def _by_hash(session: Session, peppers: Peppers, entries: Sequence[ImportRow]) -> dict[str, Key]:
    found: dict[str, Key] = {}
    for some in _some(entries):
        digests = [digest for entry in some for digest in _digests(peppers, entry)]
        keys = session.exec(select(Key).where(col(Key.idempotency_key).in_(digests)))
        found |= {key.idempotency_key: key for key in keys}
    return found


def _by_external_id(session: AccountSession, entries: Sequence[ImportRow]) -> set[str]:
    found: set[str] = set()
    for some in _some(entries):
        ids = [entry.external_id for entry in some if entry.external_id is not None]
        if ids:
            known = select(Key.external_id).where(
                Key.account_id == session.account_id, col(Key.external_id).in_(ids)
            )
            found.update(each for each in session.exec(known) if each is not None)
    return found


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def _add(change: Change, fresh: Sequence[NewKey]) -> None:
    now, peppers = change.now, change.services.peppers
    for some in _some(fresh):
        keys = [
            _key_row(peppers, change.session.account_id, each, change.actor, now) for each in some
        ]
        secrets = [
            _secret_row(peppers, each.entry, key, now) for each, key in zip(some, keys, strict=True)
        ]
        for key in keys:
            seals.note_revision(change.session, key["id"], key["revision"])
        change.session.connection().execute(insert(Key), keys)
        change.session.connection().execute(insert(Secret), secrets)
        change.record_all(
            [
                KeyImported(key["id"], each.name, each.entry)
                for each, key in zip(some, keys, strict=True)
            ]
        )


def _key_row(
    peppers: Peppers, account_id: str, fresh: NewKey, actor: Actor, now: datetime
) -> dict[str, Any]:
    entry, key_id = fresh.entry, new_id("key")
    row = {
        "id": key_id,
        "account_id": account_id,
        "state": State.ACTIVE,
        "name": fresh.name,
        "name_folded": fold(fresh.name),
        "search": search_text(
            fresh.name, entry.note, _shown_hint(entry), key_id, entry.external_id
        ),
        "scopes": " ".join(entry.scopes),
        "owner": entry.owner,
        "creator": str(actor),
        "note": entry.note,
        "request_id": next(_digests(peppers, entry)),
        "created_at": entry.created_at or now,
        "activated_at": now,
        "expires_at": entry.expires_at,
        "revoked_reason": "",
        "external_id": entry.external_id,
        "revision": 1,
    }
    return seals.seal_row(peppers, Key, row)


def _secret_row(
    peppers: Peppers, entry: ImportRow, key: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    version = peppers.current
    row = {
        "id": new_id("sec"),
        "account_id": key["account_id"],
        "key_id": key["id"],
        # It has 16 characters and an underscore, so it is never the public id of a token of ours.
        "public_id": IMPORTED_ID + new_id("").removeprefix("_"),
        "digest": peppers.imported_digest(entry.algorithm, entry.digest, version),
        "pepper_version": version,
        "hint": _shown_hint(entry),
        "created_at": entry.created_at or now,
        "pending": False,
        "imported": True,
        "algorithm": entry.algorithm,
        "ends_at": None,
        "revision": key["revision"],
    }
    return seals.seal_row(peppers, Secret, row, key)


def _shown_hint(entry: ImportRow) -> str:
    return f"{entry.hint}…" if entry.hint else UNHINTED


def _some(things: Iterable[T]) -> Iterator[list[T]]:
    """Yield items in batches."""
    whole = list(things)
    for start in range(0, len(whole), _AT_ONCE):
        yield whole[start : start + _AT_ONCE]

"""The anchor: the audit log's newest entry, kept outside the database.

A person who can write to the database can put all of it back as it was, with genuine seals. Only
something that the database does not hold can show that. So each bot and each gateway keeps, in a
small file next to the pepper, the number and hash of each account's newest entry that it has seen.
An audit log that is shorter than its anchor, or has another entry there, was tampered with or
restored from a backup.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime import private_files

_FORMAT = 1


class AnchorUnreadable(Exception):
    """The file cannot be read or written; the message says why."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """An entry of an account's audit log: its number and its hash."""

    seq: int
    hash: str


class AnchorFile:
    """The anchors of all accounts, in one file. Safe to share between threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    def read(self) -> dict[str, Anchor]:
        """Return the anchors by account; empty if there is no file yet.

        Raises:
            AnchorUnreadable: if the file is damaged, or cannot be read.
        """
        with _usable():
            try:
                text = self._path.read_text(encoding="ascii")
            except FileNotFoundError:
                return {}
        try:
            whole = json.loads(text)
            return {
                str(account): Anchor(int(one["seq"]), str(one["hash"]))
                for account, one in whole[f"accounts, {_FORMAT}"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise AnchorUnreadable(
                f"{self._path} is damaged. Put it back from a backup, or accept the audit log as "
                "it is with: apikeys db accept-restore"
            ) from error

    def advance(self, account_id: str, to: Anchor) -> None:
        """Store a later entry of an account; an earlier one changes nothing.

        Raises:
            AnchorUnreadable: as in `read`, or if it cannot be written.
        """
        with self._locked():
            anchors = self.read()
            known = anchors.get(account_id)
            if known is None or known.seq < to.seq:
                self._write(anchors | {account_id: to})

    def accept(self, anchors: Mapping[str, Anchor]) -> None:
        """Replace the anchors of these accounts, also by earlier entries, on an operator's word."""
        with self._locked():
            try:
                known = self.read()
            except AnchorUnreadable:
                known = {}
            self._write(known | dict(anchors))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._path.with_name(f".{self._path.name}.lock")
        with _usable():
            lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600), "w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield

    def _write(self, anchors: Mapping[str, Anchor]) -> None:
        accounts = {
            account: {"seq": one.seq, "hash": one.hash} for account, one in sorted(anchors.items())
        }
        with private_files.writing(self._path) as file:
            json.dump({f"accounts, {_FORMAT}": accounts}, file, indent=1)


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AnchorUnreadable(str(error)) from error

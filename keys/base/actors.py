"""Actors: who did something, as stored in the audit log."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A person of the account, an operator at a shell, or the program itself."""

    kind: str
    id: str

    @classmethod
    def person(cls, user_id: str) -> Actor:
        """Return the actor for a person of the account's workspace."""
        return cls("person", user_id)

    @classmethod
    def operator(cls, name: str) -> Actor:
        """Return the actor for a user with a shell on the machine, named `user@host`."""
        return cls("operator", name)

    @classmethod
    def system(cls, part: str) -> Actor:
        """Return the actor for a part of the program."""
        return cls("system", part)

    @classmethod
    def read(cls, text: str) -> Actor:
        """Parse an actor's `str()` form; SQLite may have anything else in its place."""
        kind, _, id_ = str(text).partition(":")
        return cls(kind, id_)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

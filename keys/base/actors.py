"""Who did something, as the audit log names them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: a person of the account, an operator at a shell, or the bot itself."""

    kind: str
    id: str

    @classmethod
    def person(cls, user_id: str) -> Actor:
        """A person of the account's workspace."""
        return cls("person", user_id)

    @classmethod
    def operator(cls, name: str) -> Actor:
        """A user with a shell on the machine, as `user@host`."""
        return cls("operator", name)

    @classmethod
    def system(cls, part: str) -> Actor:
        """The program itself; `part` says which."""
        return cls("system", part)

    @classmethod
    def read(cls, text: str) -> Actor:
        """Read what `str()` wrote."""
        kind, _, id_ = text.partition(":")
        return cls(kind, id_)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

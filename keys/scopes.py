"""What a key may be used for."""

from __future__ import annotations

from collections.abc import Iterable

from keys.errors import ScopesRefused

READ = "read"
WRITE = "write"
SCOPES = (READ, WRITE)
MEANINGS = {READ: "read existing data", WRITE: "add new records"}


def check_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Returns the scopes in their usual order, each once.

    Raises:
        ScopesRefused: if there is none, or one that does not exist.
    """
    chosen = set(scopes)
    if unknown := chosen - set(SCOPES):
        raise ScopesRefused(
            f"There is no scope “{sorted(unknown)[0]}”. Choose from: {', '.join(SCOPES)}."
        )
    if not chosen:
        raise ScopesRefused("Choose at least one thing that the key may do.")
    return tuple(scope for scope in SCOPES if scope in chosen)

"""Scopes: what a key may be used for."""

from __future__ import annotations

from collections.abc import Iterable

from keys.base.errors import InvalidScopes
from keys.inputs.names import refuse_token

READ = "read"
WRITE = "write"
SCOPES = (READ, WRITE)
MEANINGS = {READ: "read existing data", WRITE: "add new records"}


def check_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes in their usual order, each once.

    Raises:
        InvalidScopes: if there is none, or one does not exist.
        TokenInText: if one contains a token, which the message does not repeat.
    """
    given = tuple(scopes)
    chosen = set(given)
    if unknown := sorted(chosen - set(SCOPES)):
        # All of them together, since a token with a space in it arrives in pieces.
        refuse_token(" ".join(given), "list of scopes")
        raise InvalidScopes(f"There is no scope “{unknown[0]}”. Choose from: {', '.join(SCOPES)}.")
    if not chosen:
        raise InvalidScopes("No scope was chosen. Choose at least one.")
    return tuple(scope for scope in SCOPES if scope in chosen)

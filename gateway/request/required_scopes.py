"""Determine which scopes a key needs for a request at a proxy.

Requirements add up, and the strictest reading wins. Proxies pass on headers, and some the query,
that the caller wrote; if one requirement could replace another, a caller with a read-only key could
add `?scope=read` or `X-Original-Method: GET` to a writing request and be accepted.
"""

from __future__ import annotations

from collections.abc import Iterable

from keys.inputs.scopes import READ, SCOPES, WRITE
from runtime.http_messages import Refusal, problem

_READING = frozenset((b"GET", b"HEAD", b"OPTIONS"))
_KNOWN = frozenset(SCOPES)
_READ = frozenset((READ,))
_WRITE = frozenset((WRITE,))


def required_scopes(methods: Iterable[bytes], query: bytes) -> frozenset[str]:
    """Return the scopes that the request behind the proxy needs.

    Args:
        methods: the values of every original-method header.
        query: the query of the `/authz` request, in which a proxy may send `scope=write`.

    Returns:
        `read` for GET, HEAD and OPTIONS, `write` for any other method, and the scopes in `scope`.
        All scopes if there is neither: a proxy that does not pass the method must not let
        read-only keys write.

    Raises:
        Refusal: 400, if `scope` is empty or has an unknown scope.
    """
    required_scopes: frozenset[str] = frozenset()
    for method in methods:
        required_scopes |= _READ if method in _READING else _WRITE
    if b"scope=" in query:
        required_scopes |= _requested(query)
    return required_scopes or _KNOWN


def _requested(query: bytes) -> frozenset[str]:
    requested: frozenset[str] = frozenset()
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name == b"scope":
            requested |= read_scopes(value.decode("latin-1").replace("+", " ").replace("%20", " "))
    return requested


def read_scopes(text: str) -> frozenset[str]:
    """Parse scopes separated by spaces, as OAuth writes them (RFC 6749 §3.3).

    Raises:
        Refusal: 400, if there is none, or an unknown one.
    """
    scopes = frozenset(text.split())
    if not scopes or not scopes <= _KNOWN:
        known = " and ".join(f'"{scope}"' for scope in SCOPES)
        raise Refusal(
            problem(400, "unknown_scope", f"The scopes that can be asked for are {known}.")
        )
    return scopes

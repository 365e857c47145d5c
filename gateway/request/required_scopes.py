"""Which scopes a key needs for a request that stands at a proxy.

What the proxy states adds up, and the strictest reading wins. A proxy hands on headers, and some
hand on the query too, that the caller wrote; if one statement could replace another, a caller with
a reading key would add `?scope=read` or `X-Original-Method: GET` to a writing request and pass.
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
    """The scopes that the request behind the proxy needs.

    Args:
        methods: every original-method header that came.
        query: the query of the `/authz` request, where a proxy may ask with `scope=write`.

    Returns:
        `read` for GET, HEAD and OPTIONS, `write` for any other method, and what `scope` asks for.
        Every scope there is, if nothing was stated: a proxy that forgot to pass the method must
        not open writing to reading keys.

    Raises:
        Refusal: 400, if `scope` names none or an unknown one.
    """
    required_scopes: frozenset[str] = frozenset()
    for method in methods:
        required_scopes |= _READ if method in _READING else _WRITE
    if b"scope=" in query:
        required_scopes |= _asked(query)
    return required_scopes or _KNOWN


def _asked(query: bytes) -> frozenset[str]:
    asked: frozenset[str] = frozenset()
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name == b"scope":
            asked |= read_scopes(value.decode("latin-1").replace("+", " ").replace("%20", " "))
    return asked


def read_scopes(text: str) -> frozenset[str]:
    """Reads scopes separated by spaces, as OAuth writes them (RFC 6749 §3.3).

    Raises:
        Refusal: 400, if there is none, or one that does not exist.
    """
    scopes = frozenset(text.split())
    if not scopes or not scopes <= _KNOWN:
        known = " and ".join(f'"{scope}"' for scope in SCOPES)
        raise Refusal(
            problem(400, "unknown_scope", f"The scopes that can be asked for are {known}.")
        )
    return scopes

"""The short way through `/authz`: who is remembered and may pass is let in at once.

It answers one case alone: a request without a body, with one token in one header, that is in
memory (or a glance into the database away), has the scope, and is held to no limits. Everything
else, and everything that is wrong, it leaves to `gateway.authz`; what it does answer is, byte for
byte, what that would have answered (tests/gateway/test_hot.py compares the two).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TypeAlias

from gateway import authz
from gateway.memory import Known, Memory, fingerprint
from gateway.needs import needed
from gateway.service import Service
from gateway.source import Client, address, coarse
from gateway.wire import NO_STORE, Refusal

Headers: TypeAlias = list[tuple[bytes, bytes]]
Quick: TypeAlias = Callable[[bytes, Headers, Client], bytes | None]

_PATH = authz.ENDPOINT.encode()
_METHODS = (b"x-original-method", b"x-forwarded-method")
# Headers that say that a body comes, or that the request is more than a plain one.
_MORE = (b"content-length", b"transfer-encoding", b"expect", b"upgrade")
# All headers that are read; a request may have twenty others.
_READ = frozenset((b"authorization", b"x-api-key", b"x-forwarded-for", *_METHODS, *_MORE))
# So many different methods and queries are remembered; there are a handful in practice.
_NEEDS_MAX = 256


Glance: TypeAlias = Callable[[bytes, bytes], Known | None]
"""Finds a good token that memory does not know, by the token and its fingerprint, where that takes
no waiting; None leaves it to `/authz`."""


def build(service: Service, memory: Memory, glance: Glance) -> Quick:
    """The function that a server asks first; see `gateway.guarded`."""
    return Hot(service, memory, glance)


class Hot:
    """Belongs to the event loop of its memory."""

    def __init__(self, service: Service, memory: Memory, glance: Glance) -> None:
        self._metrics = service.metrics
        self._memory = memory
        self._glance = glance
        self._note = service.uses.note
        self._now = service.clock.timestamp
        self._most = service.options.max_headers
        self._trusted = service.options.trusted_proxies
        self._needs: dict[tuple[bytes | None, bytes], frozenset[str]] = {}

    def __call__(self, url: bytes, headers: Headers, client: Client) -> bytes | None:
        """The whole answer; None if `/authz` itself has to look."""
        began = perf_counter()
        if not url.startswith(_PATH):
            return None
        token = method = forwarded = None
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
            if name not in _READ:
                continue
            if name == b"authorization":
                if token is not None or value[:7] != b"Bearer ":
                    return None
                token = value[7:]
            elif name == b"x-api-key":
                if token is not None:
                    return None
                token = value
            elif name in _METHODS:
                if method is not None:
                    return None
                method = value
            elif name == b"x-forwarded-for":
                if forwarded is not None:
                    return None
                forwarded = value
            elif name != b"content-length" or value != b"0":
                return None
        if token is None or size > self._most:
            return None
        mark = fingerprint(token)
        known = self._memory.get(mark)
        if known is None:
            known = self._glance(token, mark)
        else:
            self._metrics.from_memory += 1
        if known is None or known.limited:
            return None
        wanted = self._needs.get((method, url)) or self._learn(method, url)
        if wanted is None or not wanted <= known.key.scopes:
            return None
        self._note(known.tally, self._now(), partial(self._source, client, forwarded))
        self._metrics.outcomes["allowed"] += 1
        self._metrics.took(perf_counter() - began)
        return known.reply or _reply(known)

    def _learn(self, method: bytes | None, url: bytes) -> frozenset[str] | None:
        path, _, query = url.partition(b"?")
        if path != _PATH or b"#" in query:
            return None
        try:
            wanted = needed(() if method is None else (method,), query)
        except Refusal:
            return None
        if len(self._needs) < _NEEDS_MAX:
            self._needs[method, url] = wanted
        return wanted

    def _source(self, client: Client, forwarded: bytes | None) -> str:
        return coarse(address(client, () if forwarded is None else (forwarded,), self._trusted))


def _reply(known: Known) -> bytes:
    lines = [b"HTTP/1.1 204 No Content"]
    lines += [name + b": " + value for name, value in (NO_STORE, *authz.identity(known.key))]
    known.reply = b"\r\n".join((*lines, b"", b""))
    return known.reply

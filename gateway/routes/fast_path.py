"""Accept the most common `/authz` requests on a fast path, before ASGI.

It answers one case: a request without a body, with one token in one header, whose key is cached (or
read without waiting), has the scope, and has no limits. It leaves everything else, refusals
included, to `gateway.routes.forward_auth`; its replies are the same, byte for byte
(tests/gateway/routes/test_fast_path.py compares the two).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gateway.cache.verdict_cache import CachedKey, VerdictCache, fingerprint
from gateway.request.required_scopes import required_scopes
from gateway.routes import forward_auth
from gateway.routes.services import Services
from runtime.http_messages import NO_STORE, Refusal
from runtime.http_protocol import FastHandler, RequestHead

_PATH = forward_auth.ENDPOINT.encode()
# Headers of requests that have a body, or that expect more than a plain reply.
_MORE = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))
# The different methods and queries that are cached; there are a handful in practice.
_REQUIREMENTS_MAX = 256


TryReadNow: TypeAlias = Callable[[bytes, bytes], CachedKey | None]
"""Takes a token and its fingerprint, and returns a key that is not cached if the database answers
without waiting; None leaves the request to `/authz`."""


def build(services: Services, cache: VerdictCache, try_read_now: TryReadNow) -> FastHandler:
    """Return the function that a server calls first; see `runtime.http_protocol`."""
    return FastPath(services, cache, try_read_now)


class FastPath:
    """Answers accepted requests; for use in its cache's event loop."""

    def __init__(self, services: Services, cache: VerdictCache, try_read_now: TryReadNow) -> None:
        self._metrics = services.metrics
        self._get_cached = cache.get_at
        self._try_read = try_read_now
        self._record_use = services.usage_recorder.record
        self._monotonic = services.clock.monotonic
        self._timestamp = services.clock.timestamp
        self._hops_header = services.options.proxies.header
        self._max_head_size = services.options.max_headers
        self._required_scopes: dict[tuple[bytes | None, bytes], frozenset[str]] = {}

    def __call__(self, head: RequestHead) -> bytes | None:
        """Return the whole reply; None leaves the request to `/authz`."""
        started, now = self._monotonic(), self._timestamp()
        url, headers = head.url, head.headers
        if head.size > self._max_head_size or not url.startswith(_PATH):
            return None
        sent = dict(headers)
        # `/authz` decides which of a repeated header's values counts.
        if len(sent) != len(headers) or not (_MORE.isdisjoint(sent) or _says_no_body(sent)):
            return None
        if b"connection" in sent and head.version != "1.1":
            return None
        get = sent.get
        token, bearer = get(b"x-api-key"), get(b"authorization")
        if bearer is not None:
            if token is not None or bearer[:7] != b"Bearer ":
                return None
            token = bearer[7:]
        elif token is None:
            return None
        method, forwarded = get(b"x-original-method"), get(b"x-forwarded-method")
        if forwarded is not None:
            if method is not None:
                return None
            method = forwarded
        cache_key = fingerprint(token)
        metrics = self._metrics
        cached = self._get_cached(cache_key, started, now)
        if cached is None:
            cached = self._try_read(token, cache_key)
        else:
            metrics.from_cache += 1
        if cached is None or cached.limited:
            return None
        required = self._required_scopes.get((method, url)) or self._read_required(method, url)
        if required is None or not required <= cached.key.scopes:
            return None
        self._record_use(cached, now, (head.client, get(self._hops_header)))
        metrics.observe_allowed(self._monotonic() - started)
        return cached.reply or _reply(cached)

    def _read_required(self, method: bytes | None, url: bytes) -> frozenset[str] | None:
        path, _, query = url.partition(b"?")
        if path != _PATH or b"#" in query:
            return None
        try:
            required = required_scopes(() if method is None else (method,), query)
        except Refusal:
            return None
        if len(self._required_scopes) < _REQUIREMENTS_MAX:
            self._required_scopes[method, url] = required
        return required


def _says_no_body(sent: dict[bytes, bytes]) -> bool:
    """Return whether the request's one header of `_MORE` states that there is no body."""
    return sent.get(b"content-length") == b"0" and len(_MORE & sent.keys()) == 1


def _template() -> bytes:
    """Return the reply that accepts a request, with a `%b` for each value of the identity."""
    identity = [name + b": %b" for name in forward_auth.IDENTITY]
    lines = (b"HTTP/1.1 204 No Content", b": ".join(NO_STORE), *identity, b"", b"")
    return b"\r\n".join(lines)


_REPLY = _template()


def _reply(cached: CachedKey) -> bytes:
    cached.reply = reply = _REPLY % forward_auth.identity(cached.key)
    return reply

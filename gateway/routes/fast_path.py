"""Answer the most common `/authz` requests on a fast path, before ASGI.

It answers requests without a body whose token is cached (or read without waiting), or that present
none: accepted and refused alike, so that a flood of refusals costs no more than one of good
requests. It leaves everything else to `gateway.routes.forward_auth`; its replies are the same, byte
for byte (tests/gateway/routes/test_fast_path.py compares the two).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from gateway.cache.verdict_cache import CachedKey, VerdictCache, fingerprint
from gateway.request import credentials
from gateway.request.credentials import CredentialError
from gateway.request.headers import RequestHeaders
from gateway.request.required_scopes import required_scopes
from gateway.routes import forward_auth
from gateway.routes.services import Services
from gateway.verification.key_limits import is_allowed_source
from gateway.verification.verifier import Answer
from keys.credentials.verification import Refused
from runtime.http_messages import NO_STORE, Refusal, Reply
from runtime.http_protocol import FastHandler, RequestHead

_PATH = forward_auth.ENDPOINT.encode()
# Headers of requests that have a body, or that expect more than a plain reply.
_MORE = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))
# Of a browser's preflight, which has no credentials by design: `/authz` decides about it.
_PREFLIGHT = b"access-control-request-method"
# The different methods and queries that are cached; there are a handful in practice.
_REQUIREMENTS_MAX = 256
_ADDRESSES_MAX = 4_096
# Bytes of a header that names the hops, up to which its address is cached.
_CACHED_HOPS_MAX = 256
# Seconds after an accepted request in which refusals give way to the next ones.
_GIVE_WAY_SECONDS = 0.05


TryReadNow: TypeAlias = Callable[[bytes, bytes], Answer | None]
"""Takes a token and its fingerprint, and returns the answer about one that is not cached, if that
takes no waiting; None leaves the request to `/authz`."""


def build(services: Services, cache: VerdictCache, try_read_now: TryReadNow) -> FastHandler:
    """Return the function that a server calls first; see `runtime.http_protocol`."""
    return FastPath(services, cache, try_read_now)


class FastPath:
    """Answers requests; for use in its cache's event loop."""

    def __init__(self, services: Services, cache: VerdictCache, try_read_now: TryReadNow) -> None:
        self._services = services
        self._metrics = services.metrics
        self._get_cached = cache.get_at
        self._get_refusal = cache.refusal
        self._try_read = try_read_now
        self._limit = services.limiter.hit
        self._record_use = services.usage_recorder.record
        self._monotonic = services.clock.monotonic
        self._timestamp = services.clock.timestamp
        self._max_head_size = services.options.max_headers
        self._proxies = services.options.proxies
        self._hops_header = self._proxies.header
        self._required_scopes: dict[tuple[bytes | None, bytes], frozenset[str]] = {}
        self._allowed_before = 0
        self._give_way_until = 0.0
        # The addresses of the callers that come again and again.
        self._address = lru_cache(_ADDRESSES_MAX)(self._find_address)

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
        if bearer is not None and token is None and bearer[:7] == b"Bearer ":
            token = bearer[7:]
        elif bearer is not None or token is None:
            return self._refuse_credentials(head, sent, started)
        method, forwarded = get(b"x-original-method"), get(b"x-forwarded-method")
        if forwarded is not None:
            if method is not None:
                return None
            method = forwarded
        cache_key = fingerprint(token)
        metrics = self._metrics
        cached = self._get_cached(cache_key, started, now)
        if cached is not None:
            metrics.from_cache += 1
        else:
            answer = self._look_up(token, cache_key)
            if not isinstance(answer, CachedKey):
                return self._refuse_token(answer, token, head, sent, started)
            cached = answer
        required = self._required_scopes.get((method, url)) or self._read_required(method, url)
        if required is None:
            return None
        if cached.limited or not required <= cached.key.scopes:
            refusal = self._restrict(cached, required, head, sent, started)
            if refusal is not None:
                return refusal
        self._record_use(cached, now, (head.client, get(self._hops_header)))
        metrics.observe_allowed(self._monotonic() - started)
        return cached.reply or _reply(cached)

    def _look_up(self, token: bytes, cache_key: bytes) -> Answer | None:
        refused = self._get_refusal(cache_key)
        if refused is not None:
            self._metrics.from_cache += 1
            return refused
        answer = self._try_read(token, cache_key)
        if answer is not None:
            self._services.log.available()
        return answer

    def _restrict(
        self,
        cached: CachedKey,
        required: frozenset[str],
        head: RequestHead,
        sent: dict[bytes, bytes],
        started: float,
    ) -> bytes | None:
        """Return the refusal if the key's networks, scopes or rate limit do not allow the request;
        in the order in which `/authz` asks."""
        key = cached.key
        if key.networks and not is_allowed_source(key, self._source(head, sent)):
            return self._refuse("network", _INVALID, head, sent, started, key.key_id)
        if not required <= key.scopes:
            replies = _insufficient(required)
            return self._refuse(
                "insufficient_scope", replies, head, sent, started, key.key_id, required
            )
        if wait := self._limit(key):
            return self._refuse(
                "rate_limited", _rate_limited(wait), head, sent, started, key.key_id
            )
        return None

    def _refuse_token(
        self,
        answer: Refused | None,
        token: bytes,
        head: RequestHead,
        sent: dict[bytes, bytes],
        started: float,
    ) -> bytes | None:
        """Return the refusal of a token; None if `/authz` has to decide."""
        if not _is_plain(token):
            found = _credentials(sent)
            if isinstance(found, CredentialError):
                return self._refuse_credentials(head, sent, started)
            if found.token.encode() != token:
                # Spaces around a token do not belong to it; `/authz` removes them.
                return None
        if answer is None or not self._may_refuse(head, sent):
            return None
        reason = str(answer.reason)
        return self._refuse(reason, _INVALID, head, sent, started, answer.key_id)

    def _refuse_credentials(
        self, head: RequestHead, sent: dict[bytes, bytes], started: float
    ) -> bytes | None:
        """Return the refusal if the headers present no usable token; else None."""
        found = _credentials(sent)
        if not isinstance(found, CredentialError) or not self._may_refuse(head, sent):
            return None
        return self._refuse(found.value, _INVALID, head, sent, started)

    def _may_refuse(self, head: RequestHead, sent: dict[bytes, bytes]) -> bool:
        """Return whether no rule that comes before the token decides about the request."""
        method, forwarded = sent.get(b"x-original-method"), sent.get(b"x-forwarded-method")
        if _PREFLIGHT in sent or (method is not None and forwarded is not None):
            return False
        method, url = forwarded if method is None else method, head.url
        required = self._required_scopes.get((method, url)) or self._read_required(method, url)
        return required is not None

    def _refuse(
        self,
        reason: str,
        replies: _Replies,
        head: RequestHead,
        sent: dict[bytes, bytes],
        started: float,
        key_id: str | None = None,
        required: frozenset[str] = frozenset(),
    ) -> bytes:
        self._services.record_refused(
            reason,
            endpoint=forward_auth.ENDPOINT,
            source=self._source(head, sent),
            key_id=key_id,
            required_scopes=required,
        )
        self._metrics.observe(self._monotonic() - started)
        reply = replies[head.method == b"HEAD"]
        if self._gives_way(started):
            head.answer_later(reply)
            return b""
        return reply

    def _gives_way(self, now: float) -> bool:
        """Return whether others are accepted meanwhile: then a program that loops on a refusal is
        answered a moment later, so that it does not take all of the processor's time."""
        if self._allowed_before != self._metrics.allowed:
            self._allowed_before = self._metrics.allowed
            self._give_way_until = now + _GIVE_WAY_SECONDS
        return now < self._give_way_until

    def _source(self, head: RequestHead, sent: dict[bytes, bytes]) -> str:
        host = head.client[0] if head.client else None
        hops = sent.get(self._hops_header) if self._proxies.trusted else None
        if hops is not None and len(hops) > _CACHED_HOPS_MAX:
            return self._find_address(host, hops)
        return self._address(host, hops)

    def _find_address(self, host: str | None, hops: bytes | None) -> str:
        client = None if host is None else (host, 0)
        return self._proxies.address(client, () if hops is None else (hops,))

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


def _is_plain(token: bytes) -> bool:
    """Return whether the only credential of a request is presented as it is, whatever it is."""
    return token.replace(b"_", b"").isalnum() and token.lower() != b"bearer"


def _credentials(sent: dict[bytes, bytes]) -> credentials.PresentedToken | CredentialError:
    headers = RequestHeaders()
    if (bearer := sent.get(b"authorization")) is not None:
        headers.authorization.append(bearer)
    if (api_key := sent.get(b"x-api-key")) is not None:
        headers.api_key.append(api_key)
    return credentials.find(headers)


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


_Replies: TypeAlias = tuple[bytes, bytes]
"""A whole refusal, and the same without its body, for a HEAD."""


def _whole(reply: Reply) -> _Replies:
    return reply.whole(), reply.whole(without_body=True)


_INVALID = _whole(forward_auth.INVALID)


@lru_cache
def _insufficient(scopes: frozenset[str]) -> _Replies:
    return _whole(forward_auth.insufficient(scopes))


@lru_cache(1_024)
def _rate_limited(seconds: int) -> _Replies:
    return _whole(forward_auth.rate_limited(seconds))

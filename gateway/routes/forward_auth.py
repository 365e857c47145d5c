"""`/authz`: tell a reverse proxy whether to accept a request (forward auth)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gateway.base.metrics import PREFLIGHT
from gateway.cache.verdict_cache import CachedKey
from gateway.request import credentials, required_scopes
from gateway.request.credentials import CredentialError, PresentedToken
from gateway.request.headers import parse
from gateway.routes.services import Services
from gateway.verification.key_limits import is_allowed_source
from keys.credentials.verification import Refused, Verified
from keys.inputs.scopes import SCOPES
from runtime.http_messages import Reply, Scope, problem

ENDPOINT = "/authz"
# Envoy's ext_authz treats every reply but 200 as a refusal, 204 included (source: Envoy's
# reference, "External Authorization", HTTP service).
WITH_200 = "/authz/200"
# For requests that stay open, such as streams: does their key still work (gateway.open_streams)?
RECHECK = "/authz/recheck"

# One reply for everything that is wrong with a token: guessing tokens reveals nothing.
INVALID = problem(
    401,
    "invalid",
    "This needs a valid API key, sent as 'Authorization: Bearer …' or 'X-API-Key: …'.",
    [(b"www-authenticate", b"Bearer")],
)


def insufficient(scopes: frozenset[str]) -> Reply:
    """Return the reply for a key that lacks one of these scopes."""
    # RFC 6750 §3.1: the challenge may name the scopes that are needed.
    required = [scope for scope in SCOPES if scope in scopes]
    challenge = f'Bearer error="insufficient_scope", scope="{" ".join(required)}"'
    return problem(
        403,
        "insufficient_scope",
        f"This API key is valid, but this request needs the scope {' and '.join(required)}.",
        [(b"www-authenticate", challenge.encode())],
    )


IDENTITY = (
    b"x-apikey-id",
    b"x-apikey-name",
    b"x-apikey-owner",
    b"x-apikey-scopes",
    b"x-apikey-account",
)
"""The headers that identify the key to the API behind.

All five are always there, empty if need be: a proxy that copies them then overwrites whatever the
caller sent under these names.
"""


def identity(key: Verified) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Return the values of those headers.

    Name and owner are percent-encoded UTF-8, since a header cannot carry arbitrary text
    (RFC 9110 §5.5).
    """
    return (
        key.key_id.encode(),
        quote(key.name),
        _owner(key.owner),
        _scopes(key.scopes),
        key.account_id.encode(),
    )


_NOBODY = tuple((name, b"") for name in IDENTITY)

# RFC 3986 §2.3; all other bytes are escaped.
_RESERVED = re.compile(rb"[^A-Za-z0-9._~-]")
_ESCAPES = {bytes([byte]): b"%%%02X" % byte for byte in range(256)}


def quote(text: str) -> bytes:
    """Percent-encode a text as UTF-8, like `urllib.parse.quote` and in a third of its time."""
    return _RESERVED.sub(lambda found: _ESCAPES[found[0]], text.encode())


# Many keys share both.
@lru_cache(maxsize=1_024)
def _owner(owner: str | None) -> bytes:
    return quote(owner or "")


@lru_cache(maxsize=64)
def _scopes(scopes: frozenset[str]) -> bytes:
    return " ".join(sorted(scopes)).encode()


RATE_LIMITED = "This API key exceeded its rate limit. Try again after {} s."


def rate_limited(seconds: int) -> Reply:
    """Return the reply for a key that exceeded its rate limit (RFC 6585 §4)."""
    retry = (b"retry-after", b"%d" % seconds)
    return problem(429, "rate_limited", RATE_LIMITED.format(seconds), [retry])


def unavailable(seconds: int) -> Reply:
    """Return the reply while no token can be verified; after so many seconds to ask again."""
    message = "Keys cannot be checked right now. Try again shortly."
    return problem(503, "unavailable", message, [(b"retry-after", b"%d" % seconds)])


class Authz:
    """The route. It accepts every method, because some proxies send the caller's.

    Args:
        accepted_status: the status for an accepted request.
        is_recheck: whether it is asked about requests that were accepted before, and are open
            still. Then neither a use nor a rate limit is counted.
    """

    def __init__(
        self, services: Services, accepted_status: int = 204, *, is_recheck: bool = False
    ) -> None:
        self.methods = ("GET",) if is_recheck else None
        self._services = services
        self._is_recheck = is_recheck
        self._accepted_status = accepted_status
        self._insufficient = {
            scopes: insufficient(scopes)
            for scopes in ({frozenset((scope,)) for scope in SCOPES} | {frozenset(SCOPES)})
        }

    async def __call__(self, scope: Scope, _receive: object) -> Reply:
        services, proxies = self._services, self._services.options.proxies
        headers = parse(scope["headers"], services.options.max_headers)
        required = required_scopes.required_scopes(headers.methods, scope["query_string"])
        source = proxies.address(scope.get("client"), headers.hops(proxies.header))
        if services.options.cors_preflight and headers.is_preflight:
            services.metrics.count(PREFLIGHT)
            return Reply(self._accepted_status, _NOBODY)
        answer = await self._verify(credentials.find(headers), source)
        if isinstance(answer, Denial):
            services.record_refused(
                answer.reason, endpoint=ENDPOINT, source=source, key_id=answer.key_id
            )
            return INVALID
        key = answer.key
        if not required <= key.scopes:
            services.record_refused(
                "insufficient_scope",
                endpoint=ENDPOINT,
                source=source,
                key_id=key.key_id,
                required_scopes=required,
            )
            return self._insufficient[required]
        if self._is_recheck:
            return Reply(self._accepted_status)
        if wait := services.limiter.hit(key):
            services.record_refused(
                "rate_limited", endpoint=ENDPOINT, source=source, key_id=key.key_id
            )
            return rate_limited(wait)
        services.record_accepted(answer, source)
        return Reply(self._accepted_status, tuple(zip(IDENTITY, identity(key), strict=True)))

    async def _verify(
        self, presented: PresentedToken | CredentialError, source: str
    ) -> CachedKey | Denial:
        if isinstance(presented, CredentialError):
            return Denial(presented.value)
        answer = await self._services.check(presented.token)
        if isinstance(answer, Refused):
            return Denial(str(answer.reason), answer.key_id)
        if not is_allowed_source(answer.key, source):
            return Denial("network", answer.key.key_id)
        return answer


@dataclass(frozen=True, slots=True)
class Denial:
    """Why a request is refused, for the operator."""

    reason: str
    key_id: str | None = None

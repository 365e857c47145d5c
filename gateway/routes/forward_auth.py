"""`/authz`: a reverse proxy asks whether the request that stands at it may pass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from gateway.cache.verdict_cache import CachedKey
from gateway.request import credentials, required_scopes
from gateway.request.client_address import address
from gateway.request.credentials import CredentialError, Presented
from gateway.request.headers import parse
from gateway.routes.services import Service
from gateway.verification.rate_limits import comes_from_allowed
from keys.credentials.verification import Refused, Verified
from keys.inputs.scopes import SCOPES
from runtime.http_messages import Reply, Scope, problem

ENDPOINT = "/authz"
# Envoy's ext_authz takes every answer but 200 for a refusal, 204 included (source: Envoy's
# reference, "External Authorization", HTTP service).
WITH_200 = "/authz/200"

# One answer for everything that is wrong with a token: whoever tries tokens learns nothing.
INVALID = problem(
    401,
    "invalid",
    "This needs a valid API key, sent as 'Authorization: Bearer …' or 'X-API-Key: …'.",
    [(b"www-authenticate", b"Bearer")],
)


def _insufficient(scopes: frozenset[str]) -> Reply:
    # RFC 6750 §3.1: the scopes that would do may be named in the challenge.
    wanted = [scope for scope in SCOPES if scope in scopes]
    challenge = f'Bearer error="insufficient_scope", scope="{" ".join(wanted)}"'
    return problem(
        403,
        "insufficient_scope",
        f"This API key is valid, but this request needs the scope {' and '.join(wanted)}.",
        [(b"www-authenticate", challenge.encode())],
    )


def identity(key: Verified) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that tell the API behind who is asking.

    All five are there every time, empty if need be: a proxy that copies them then always
    overwrites what the caller may have sent under these names. Name and owner are percent-encoded
    UTF-8, since a header is no place for arbitrary text (RFC 9110 §5.5).
    """
    return (
        (b"x-apikey-id", key.key_id.encode()),
        (b"x-apikey-name", quote(key.name, safe="").encode()),
        (b"x-apikey-owner", _owner(key.owner)),
        (b"x-apikey-scopes", _scopes(key.scopes)),
        (b"x-apikey-account", key.account_id.encode()),
    )


# Both are the same for very many keys.
@lru_cache(maxsize=1_024)
def _owner(owner: str | None) -> bytes:
    return quote(owner or "", safe="").encode()


@lru_cache(maxsize=64)
def _scopes(scopes: frozenset[str]) -> bytes:
    return " ".join(sorted(scopes)).encode()


RATE_LIMITED = "This API key was used more often than it may be. Try again after {} s."


def rate_limited(seconds: int) -> Reply:
    """The answer to a key that was used too often (RFC 6585 §4)."""
    retry = (b"retry-after", b"%d" % seconds)
    return problem(429, "rate_limited", RATE_LIMITED.format(seconds), [retry])


class Authz:
    """The route. It accepts every method, because some proxies repeat the caller's.

    Args:
        passed: the status for whoever may pass.
    """

    methods = None

    def __init__(self, service: Service, passed: int = 204) -> None:
        self._service = service
        self._passed = passed
        self._insufficient = {
            scopes: _insufficient(scopes)
            for scopes in ({frozenset((scope,)) for scope in SCOPES} | {frozenset(SCOPES)})
        }

    async def __call__(self, scope: Scope, _receive: object) -> Reply:
        service = self._service
        inbound = parse(scope["headers"], service.options.max_headers)
        wanted = required_scopes.required_scopes(inbound.methods, scope["query_string"])
        source = address(
            scope.get("client"), inbound.forwarded_for, service.options.trusted_proxies
        )
        answer = await self._verify(credentials.find(inbound), source)
        if isinstance(answer, Refusing):
            service.refused(answer.reason, endpoint=ENDPOINT, source=source, key_id=answer.key_id)
            return INVALID
        key = answer.key
        if not wanted <= key.scopes:
            service.refused(
                "insufficient_scope",
                endpoint=ENDPOINT,
                source=source,
                key_id=key.key_id,
                required_scopes=wanted,
            )
            return self._insufficient[wanted]
        if wait := service.limiter.hit(key):
            service.refused("rate_limited", endpoint=ENDPOINT, source=source, key_id=key.key_id)
            return rate_limited(wait)
        service.used(answer, source)
        return Reply(self._passed, identity(key))

    async def _verify(
        self, presented: Presented | CredentialError, source: str
    ) -> CachedKey | Refusing:
        if isinstance(presented, CredentialError):
            return Refusing(presented.value)
        answer = await self._service.check(presented.token)
        if isinstance(answer, Refused):
            return Refusing(str(answer.reason), answer.key_id)
        if not comes_from_allowed(answer.key, source):
            return Refusing("network", answer.key.key_id)
        return answer


@dataclass(frozen=True, slots=True)
class Refusing:
    """Why a request is not let in, for the operator."""

    reason: str
    key_id: str | None = None

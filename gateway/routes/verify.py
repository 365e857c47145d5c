"""`POST /v1/keys:verify`: verify a token for a program, in JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from gateway.base.client_address import UNKNOWN
from gateway.request.headers import RequestHeaders, parse
from gateway.request.required_scopes import read_scopes
from gateway.routes.services import Services
from gateway.verification.key_limits import is_allowed_source
from keys.credentials.verification import Refused, Verified
from runtime.addresses import read_address
from runtime.http_messages import Receive, Refusal, Reply, Scope, json_reply, problem, read_body

ENDPOINT = "/v1/keys:verify"
INVALID = json_reply(200, {"valid": False, "code": "invalid"})
INSUFFICIENT = json_reply(200, {"valid": False, "code": "insufficient_scope"})


@dataclass(frozen=True, slots=True)
class VerificationRequest:
    """A parsed request body; printing it does not show the token.

    Attributes:
        source: the address of the program's own caller. Without it the caller is unknown: to take
            the program for the caller would open every key that is limited to its network.
    """

    token: str
    required_scopes: frozenset[str]
    source: str = UNKNOWN

    def __repr__(self) -> str:
        return "VerificationRequest(…)"


class Verify:
    """The route; a refused token is a 200 with a code."""

    methods = ("POST",)

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive) -> Reply:
        services = self._services
        headers = parse(scope["headers"], services.options.max_headers)
        _check_type(headers)
        limits = services.options
        body = await read_body(receive, limits.max_body, limits.read_timeout)
        request = parse_request(body)
        # The log and "last used" then have the program's address; no key is opened by that.
        source = request.source or limits.proxies.address(
            scope.get("client"), headers.hops(limits.proxies.header)
        )
        answer = await services.check(request.token)
        if isinstance(answer, Refused):
            services.record_refused(
                str(answer.reason), endpoint=ENDPOINT, source=source, key_id=answer.key_id
            )
            return INVALID
        if reply := self._restricted(answer.key, request, source):
            return reply
        services.record_accepted(answer, source)
        return json_reply(200, {"valid": True, "key": _describe(answer.key)})

    def _restricted(self, key: Verified, request: VerificationRequest, source: str) -> Reply | None:
        """Return the reply if the key's networks, scopes or rate limit do not allow the request."""
        services, reason, reply = self._services, "", INVALID
        if not is_allowed_source(key, request.source):
            reason = "network"
        elif not request.required_scopes <= key.scopes:
            reason, reply = "insufficient_scope", INSUFFICIENT
        elif wait := services.limiter.hit(key):
            reason, reply = "rate_limited", _rate_limited(wait)
        if not reason:
            return None
        missing = request.required_scopes if reason == "insufficient_scope" else frozenset()
        services.record_refused(
            reason, endpoint=ENDPOINT, source=source, key_id=key.key_id, required_scopes=missing
        )
        return reply


def _rate_limited(seconds: int) -> Reply:
    return json_reply(200, {"valid": False, "code": "rate_limited", "retry_after": seconds})


def _describe(key: Verified) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "name": key.name,
        "owner": key.owner,
        "scopes": sorted(key.scopes),
        "account": key.account_id,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }


def _check_type(headers: RequestHeaders) -> None:
    kind = headers.content_type[0].split(b";")[0].strip().lower() if headers.content_type else b""
    if kind != b"application/json":
        raise Refusal(
            problem(415, "not_json", "Send the body as JSON, with Content-Type: application/json.")
        )


def _bad_request(message: str) -> Refusal:
    return Refusal(problem(400, "bad_request", message))


def parse_request(body: bytes) -> VerificationRequest:
    """Parse `{"token": "…"}`, with optional fields: the `scope` that is needed, and the `source`,
    which is the address of the program's own caller.

    An unknown field is refused rather than ignored: with a mistyped `scope`, a key could otherwise
    do what was never checked.

    Raises:
        Refusal: 400, with a sentence that says what is wrong.
    """
    try:
        content = json.loads(body.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except UnicodeDecodeError:
        raise _bad_request("The body is not UTF-8 text.") from None
    except (ValueError, RecursionError):
        raise _bad_request("The body is not whole, valid JSON.") from None
    if not isinstance(content, dict):
        raise _bad_request('The body must be a JSON object, such as {"token": "…"}.')
    if content.keys() - {"token", "scope", "source"}:
        raise _bad_request(
            'The body may have the fields "token", "scope" and "source", and no other.'
        )
    token = content.get("token")
    if not isinstance(token, str):
        raise _bad_request('The field "token" is missing or not a text.')
    return VerificationRequest(token, _scopes(content.get("scope")), _source(content.get("source")))


def _scopes(scope: Any) -> frozenset[str]:
    if scope is None:
        return frozenset()
    if not isinstance(scope, str):
        raise _bad_request('The field "scope" must be a text, such as "read".')
    return read_scopes(scope)


def _source(source: Any) -> str:
    if source is None:
        return UNKNOWN
    try:
        return str(read_address(source if isinstance(source, str) else ""))
    except ValueError:
        message = 'The field "source" must be an IP address, such as "192.0.2.7".'
        raise _bad_request(message) from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise _bad_request("A field comes twice in the body.")
    return content

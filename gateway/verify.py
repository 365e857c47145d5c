"""`POST /v1/keys:verify`: a program asks about one token, in JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from gateway.inbound import Inbound, gather
from gateway.needs import read_scopes
from gateway.service import Service
from gateway.source import address
from gateway.wire import Receive, Refusal, Reply, Scope, json_reply, problem, read_body
from keys.verification import Refused, Verified

ENDPOINT = "/v1/keys:verify"
INVALID = json_reply(200, {"valid": False, "code": "invalid"})
INSUFFICIENT = json_reply(200, {"valid": False, "code": "insufficient_scope"})


@dataclass(frozen=True, slots=True)
class Question:
    """A request's body, read and checked."""

    token: str
    needs: frozenset[str]

    def __repr__(self) -> str:
        return "Question(…)"


class Verify:
    """The route."""

    methods = ("POST",)

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive) -> Reply:
        service = self._service
        inbound = gather(scope["headers"], service.options.max_headers)
        _check_type(inbound)
        limits = service.options
        body = await read_body(receive, limits.max_body, limits.read_timeout)
        question = read_question(body)
        source = address(scope, inbound.forwarded_for, service.options.trusted_proxies)
        answer = await service.check(question.token)
        if isinstance(answer, Refused):
            service.report.refused(
                str(answer.reason), endpoint=ENDPOINT, source=source, key_id=answer.key_id
            )
            return INVALID
        if not question.needs <= answer.scopes:
            service.report.refused(
                "insufficient_scope",
                endpoint=ENDPOINT,
                source=source,
                key_id=answer.key_id,
                needs=question.needs,
            )
            return INSUFFICIENT
        service.used(answer, source)
        return json_reply(200, {"valid": True, "key": _describe(answer)})


def _describe(key: Verified) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "name": key.name,
        "owner": key.owner,
        "scopes": sorted(key.scopes),
        "account": key.account_id,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }


def _check_type(inbound: Inbound) -> None:
    kind = inbound.content_type[0].split(b";")[0].strip().lower() if inbound.content_type else b""
    if kind != b"application/json":
        raise Refusal(
            problem(415, "not_json", "Send the body as JSON, with Content-Type: application/json.")
        )


def _bad(message: str) -> Refusal:
    return Refusal(problem(400, "bad_request", message))


def read_question(body: bytes) -> Question:
    """Reads `{"token": "…"}`, with a `scope` if one is needed.

    A field of another name is refused instead of passed over: a mistyped `scope` would otherwise
    let a key do what nobody checked.

    Raises:
        Refusal: 400, with a sentence that says what is wrong.
    """
    try:
        content = json.loads(body.decode("utf-8"), object_pairs_hook=_once_each)
    except UnicodeDecodeError:
        raise _bad("The body is not UTF-8 text.") from None
    except (ValueError, RecursionError):
        raise _bad("The body is not whole, valid JSON.") from None
    if not isinstance(content, dict):
        raise _bad('The body must be a JSON object, such as {"token": "…"}.')
    if content.keys() - {"token", "scope"}:
        raise _bad('The body may have the fields "token" and "scope", and no other.')
    token = content.get("token")
    if not isinstance(token, str):
        raise _bad('The field "token" is missing or not a text.')
    scope = content.get("scope")
    if scope is None:
        return Question(token, frozenset())
    if not isinstance(scope, str):
        raise _bad('The field "scope" must be a text, such as "read".')
    return Question(token, read_scopes(scope))


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise _bad("A field comes twice in the body.")
    return content

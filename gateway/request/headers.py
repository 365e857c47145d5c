"""Collect the request headers that the gateway reads, in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.base.client_address import FORWARDED
from runtime.http_messages import Refusal, problem


@dataclass(slots=True)
class RequestHeaders:
    """Every value of each header that the gateway reads, in the order sent."""

    authorization: list[bytes] = field(default_factory=list)
    api_key: list[bytes] = field(default_factory=list)
    methods: list[bytes] = field(default_factory=list)
    forwarded_for: list[bytes] = field(default_factory=list)
    forwarded: list[bytes] = field(default_factory=list)
    content_type: list[bytes] = field(default_factory=list)
    origin: list[bytes] = field(default_factory=list)
    requested_method: list[bytes] = field(default_factory=list)

    def hops(self, header: bytes) -> list[bytes]:
        """Return the values of the header that names the hops; see `Proxies.header`."""
        return self.forwarded if header == FORWARDED else self.forwarded_for

    @property
    def is_preflight(self) -> bool:
        """Return whether the request behind the proxy is a CORS preflight.

        A browser sends it without credentials (https://fetch.spec.whatwg.org/#cors-preflight-fetch).
        Every proxy in between has to have called it an OPTIONS. It has each of the two headers that
        make it one exactly once, with one value.
        """
        return (
            bool(self.methods)
            and all(method == b"OPTIONS" for method in self.methods)
            and _is_one(self.origin)
            and _is_one(self.requested_method)
            and not (self.authorization or self.api_key)
        )


def _is_one(values: list[bytes]) -> bool:
    # A comma joins what was sent twice: some proxies make one header of two.
    return len(values) == 1 and bool(values[0].strip()) and b"," not in values[0]


_FIELDS = {
    b"authorization": "authorization",
    b"x-api-key": "api_key",
    b"x-original-method": "methods",
    b"x-forwarded-method": "methods",
    b"x-forwarded-for": "forwarded_for",
    b"forwarded": "forwarded",
    b"content-type": "content_type",
    b"origin": "origin",
    b"access-control-request-method": "requested_method",
}


def parse(headers: Iterable[tuple[bytes, bytes]], limit: int) -> RequestHeaders:
    """Collect the headers of one request (names in lower case, as ASGI has them).

    Raises:
        Refusal: 431, if names and values together are more than `limit` bytes.
    """
    found = RequestHeaders()
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
        if field_name := _FIELDS.get(name):
            getattr(found, field_name).append(value)
    if size > limit:
        raise Refusal(
            problem(431, "headers_too_large", f"The headers may be {limit} bytes at most.")
        )
    return found

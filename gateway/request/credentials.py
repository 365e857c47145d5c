"""Find the token that a request presents, or what is wrong with its headers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.request.headers import RequestHeaders
from runtime.http_messages import Refusal, problem


class CredentialError(StrEnum):
    """Why a request's headers present no usable token."""

    MISSING = "missing"
    OTHER_SCHEME = "other_scheme"
    DOUBLED_SCHEME = "doubled_scheme"
    TWO_DIFFERENT = "two_different"
    NOT_TEXT = "not_text"


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A text that may be a token; printing it does not show it."""

    token: str

    def __repr__(self) -> str:
        return "Presented(…)"


def find(headers: RequestHeaders) -> PresentedToken | CredentialError:
    """Return the token in `Authorization: Bearer …` (RFC 6750 §2.1) or `X-API-Key: …`.

    Another scheme next to an `X-API-Key` is ignored: it may be meant for the API behind. Two
    different tokens are refused, since a proxy and the API behind could each use another one.

    Raises:
        Refusal: 400, if one of the two headers comes more than once.
    """
    for name, values in (
        ("Authorization", headers.authorization),
        ("X-API-Key", headers.api_key),
    ):
        if len(values) > 1:
            raise Refusal(
                problem(400, "repeated_header", f"Send one {name} header, not {len(values)}.")
            )
    bearer = _bearer(headers.authorization[0]) if headers.authorization else CredentialError.MISSING
    api_key = _api_key(headers.api_key[0]) if headers.api_key else CredentialError.MISSING
    return _one_of(bearer, api_key)


def _one_of(
    bearer: PresentedToken | CredentialError, api_key: PresentedToken | CredentialError
) -> PresentedToken | CredentialError:
    if api_key is CredentialError.MISSING:
        return bearer
    if bearer in (CredentialError.MISSING, CredentialError.OTHER_SCHEME):
        return api_key
    # Both come from the caller, so a comparison in variable time reveals nothing.
    return bearer if bearer == api_key else CredentialError.TWO_DIFFERENT


def _bearer(value: bytes) -> PresentedToken | CredentialError:
    scheme, _, rest = value.partition(b" ")
    if scheme.lower() != b"bearer":
        return CredentialError.OTHER_SCHEME if value.strip() else CredentialError.MISSING
    return _token(rest)


def _api_key(value: bytes) -> PresentedToken | CredentialError:
    return _token(value)


def _token(value: bytes) -> PresentedToken | CredentialError:
    # RFC 9110 §5.5 allows spaces around a field's value; they are not part of it.
    value = value.strip(b" \t")
    if not value:
        return CredentialError.MISSING
    if value.lower() == b"bearer" or value[:7].lower() == b"bearer ":
        return CredentialError.DOUBLED_SCHEME
    try:
        return PresentedToken(value.decode("utf-8"))
    except UnicodeDecodeError:
        return CredentialError.NOT_TEXT

"""Signing evidence with Ed25519; the keys are derived from the pepper.

No further secret is needed: HKDF-SHA256 derives the signing key from the pepper under a separate
label, so neither reveals anything about the other. The public key can be given to anyone, such as
an auditor, who can then check a file without this program's secrets.

Source: RFC 5869 (HKDF), RFC 8032 (Ed25519).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys.credentials.peppers import Peppers

ALGORITHM = "Ed25519"
_PURPOSE = b"apikeys: signing evidence, 1"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and its public key, both in base64."""

    key: str
    value: str


def sign(peppers: Peppers, content: bytes) -> Signature:
    """Sign content with the key of the current pepper."""
    private = _private(peppers, peppers.current)
    return Signature(_public(private), base64.b64encode(private.sign(content)).decode())


def public_keys(peppers: Peppers) -> dict[int, str]:
    """Return the public keys in base64, by the version of their pepper."""
    return {version: _public(_private(peppers, version)) for version in peppers.by_version}


def is_genuine(signature: Signature, content: bytes) -> bool:
    """Return whether the content was signed with the signature's key."""
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(signature.key, validate=True))
        public.verify(base64.b64decode(signature.value, validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(peppers: Peppers, version: int) -> Ed25519PrivateKey:
    made = HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(peppers.by_version[version])
    return Ed25519PrivateKey.from_private_bytes(made)


def _public(private: Ed25519PrivateKey) -> str:
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()

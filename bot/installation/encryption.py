"""Sealing bot tokens, so that a copy of the database is not a way into anybody's Slack.

AES-256-GCM (NIST SP 800-38D) under a key that stands outside the database. What is sealed is bound
to what it belongs to: moved to another row, it does not open. Every seal says which version of the
key made it, so that the key can be replaced over time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# SP 800-38D, 8.2.2: a random nonce of 96 bits, for far fewer than 2^32 seals under one key.
_NONCE_BYTES = 12
_VERSION_BYTES = 2


class SealBroken(Exception):
    """What was sealed does not open: another key, another place, or not what was sealed."""


class TokenCipher:
    """Seals and opens short texts.

    Args:
        keys: at least 32 random bytes each, by version; the highest one seals.
    """

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._current = max(keys)
        self._boxes = {
            version: AESGCM(_derived(key, b"apikeys: bot tokens")) for version, key in keys.items()
        }
        self._signing = {
            version: _derived(key, b"apikeys: states of installation")
            for version, key in keys.items()
        }

    def close(self, text: str, belongs_to: str) -> bytes:
        """Encrypt a text.

        Args:
            belongs_to: what it is for; it opens for the same alone.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        box = self._boxes[self._current]
        version = self._current.to_bytes(_VERSION_BYTES, "big")
        return version + nonce + box.encrypt(nonce, text.encode(), belongs_to.encode())

    def open(self, sealed: bytes, belongs_to: str) -> str:
        """The text. Raises SealBroken."""
        box = self._boxes.get(self.version(sealed))
        if box is None:
            raise SealBroken(f"the key of version {self.version(sealed)} is missing")
        nonce = sealed[_VERSION_BYTES : _VERSION_BYTES + _NONCE_BYTES]
        try:
            text = box.decrypt(nonce, sealed[_VERSION_BYTES + _NONCE_BYTES :], belongs_to.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken("it was sealed with another key, or for something else") from error
        return text.decode()

    def is_current(self, sealed: bytes) -> bool:
        """Whether it was sealed under the newest key."""
        return self.version(sealed) == self._current

    @staticmethod
    def version(sealed: bytes) -> int:
        """Under which version of the key it was sealed."""
        return int.from_bytes(sealed[:_VERSION_BYTES], "big")

    def signature(self, text: str) -> str:
        """By which a text is known again as one of ours."""
        return _signature(self._signing[self._current], text)

    def signed(self, text: str, signature: str) -> bool:
        """Whether we have signed this, under any of the keys."""
        return any(
            hmac.compare_digest(_signature(key, text), signature) for key in self._signing.values()
        )


def _signature(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key)

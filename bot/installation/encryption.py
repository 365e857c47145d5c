"""Encryption of bot tokens, so that a leaked database does not expose them.

AES-256-GCM (NIST SP 800-38D) under a key stored outside the database. A token is authenticated with
its row (AAD), so it cannot be decrypted if copied to another row. Every ciphertext begins with the
version of its key, so that keys can be rotated.
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

# SP 800-38D, 8.2.2: a random nonce of 96 bits, for far fewer than 2^32 messages under one key.
_NONCE_BYTES = 12
_VERSION_BYTES = 2


class DecryptionError(Exception):
    """A ciphertext cannot be decrypted: wrong key, wrong associated data, or damaged."""


class TokenCipher:
    """Encrypt and decrypt short texts, and sign them.

    Args:
        keys: at least 32 random bytes each, by version; the highest version encrypts and signs.
    """

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._current = max(keys)
        self._ciphers = {
            version: AESGCM(_derive(key, b"apikeys: bot tokens")) for version, key in keys.items()
        }
        self._signing_keys = {
            version: _derive(key, b"apikeys: states of installation")
            for version, key in keys.items()
        }

    def encrypt(self, text: str, associated_data: str) -> bytes:
        """Encrypt a text under the newest key.

        Args:
            associated_data: what the text belongs to; needed again to decrypt it.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._ciphers[self._current]
        version = self._current.to_bytes(_VERSION_BYTES, "big")
        return version + nonce + cipher.encrypt(nonce, text.encode(), associated_data.encode())

    def decrypt(self, ciphertext: bytes, associated_data: str) -> str:
        """Return the text that was encrypted. Raises DecryptionError."""
        cipher = self._ciphers.get(self.version(ciphertext))
        if cipher is None:
            raise DecryptionError(f"the key of version {self.version(ciphertext)} is missing")
        nonce = ciphertext[_VERSION_BYTES : _VERSION_BYTES + _NONCE_BYTES]
        encrypted = ciphertext[_VERSION_BYTES + _NONCE_BYTES :]
        try:
            text = cipher.decrypt(nonce, encrypted, associated_data.encode())
        except (InvalidTag, ValueError) as error:
            raise DecryptionError("wrong key, wrong row, or damaged data") from error
        return text.decode()

    def is_current(self, ciphertext: bytes) -> bool:
        """Return whether it was encrypted under the newest key."""
        return self.version(ciphertext) == self._current

    @staticmethod
    def version(ciphertext: bytes) -> int:
        """Return the version of the key that it was encrypted under."""
        return int.from_bytes(ciphertext[:_VERSION_BYTES], "big")

    def signature(self, text: str) -> str:
        """Return an HMAC of the text."""
        return _hmac(self._signing_keys[self._current], text)

    def verify(self, text: str, signature: str) -> bool:
        """Return whether the signature is ours, under any of the keys."""
        return any(
            hmac.compare_digest(_hmac(key, text), signature) for key in self._signing_keys.values()
        )


def _hmac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key)

"""The pepper: a secret outside the database that token digests are made with.

A token of 256 random bits needs no slow hash, because it cannot be guessed. A keyed digest
(HMAC-SHA256, RFC 2104) also stops a person who can write to the database from planting a key. Each
digest is stored with its pepper's version, so that the pepper can be replaced over time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from keys.base.errors import PepperError
from keys.credentials.tokens import Token
from runtime import private_files
from runtime.private_files import NotPrivate
from storage.seal_upgrades import is_in_use
from storage.seals import SEAL_VERSION
from storage.tables import Key, Pepper, Secret

PEPPER_BYTES = 32
_FINGERPRINT_OF = b"apikeys: which pepper is this?"
_FOR_SEALS = b"apikeys: sealing rows, 1"
_FOR_IMPORTS = b"apikeys: imported digests, 1"
_VERSION_BYTES = SEAL_VERSION
_SEAL_BYTES = _VERSION_BYTES + 32


def derive(pepper: bytes, purpose: bytes) -> bytes:
    """Return a key of 32 bytes for one purpose, which says nothing about the pepper or other keys.

    HKDF-SHA256 without a salt, for the length of one hash (RFC 5869, section 2); written out here,
    because loading a library for it would take longer than most commands.
    """
    extracted = hmac.digest(bytes(32), pepper, hashlib.sha256)
    return hmac.digest(extracted, purpose + b"\x01", hashlib.sha256)


class Hmac:
    """HMAC-SHA256 under one key, by the definition in RFC 2104, in half of `hmac.digest`'s time.

    A verification makes two. Copying a hash that has taken in its key already is what makes the
    difference; the library does the same, with a layer of Python above it.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = hashlib.sha256().block_size
        padded = (hashlib.sha256(key).digest() if len(key) > block else key).ljust(block, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def __call__(self, content: bytes) -> bytes:
        """Return the HMAC of a content, which has 32 bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(content)
        outer.update(inner.digest())
        return outer.digest()


@dataclass(frozen=True, slots=True)
class Peppers:
    """All peppers in use, by version; new digests are made with the highest."""

    by_version: dict[int, bytes] = field(repr=False)
    _digest: dict[int, Hmac] = field(init=False, repr=False, compare=False)
    _seal: dict[int, Hmac] = field(init=False, repr=False, compare=False)
    _import_keys: dict[int, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        peppers = self.by_version.items()
        derived = {
            "_digest": {version: Hmac(pepper) for version, pepper in peppers},
            "_seal": {version: Hmac(derive(pepper, _FOR_SEALS)) for version, pepper in peppers},
            "_import_keys": {version: derive(pepper, _FOR_IMPORTS) for version, pepper in peppers},
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def current(self) -> int:
        """The version that new digests are made with."""
        return max(self.by_version)

    def digest(self, token: Token, version: int) -> bytes:
        """Return the HMAC-SHA256 of a token (without its checksum) under a version of the pepper.

        Raises:
            PepperError: if there is no such version.
        """
        return self.digest_bytes(token.signed_part.encode("ascii"), version)

    def digest_bytes(self, key: bytes, version: int) -> bytes:
        """Return the HMAC-SHA256 of an imported key. Raises PepperError."""
        try:
            digest = self._digest[version]
        except KeyError:
            raise PepperError(f"APIKEYS_PEPPER lacks version {version}.") from None
        return digest(key)

    def imported_digest(self, algorithm: str, foreign: bytes, version: int) -> bytes:
        """Return what is stored for another system's digest: an HMAC of it and of its algorithm.

        So the digest cannot be planted without the pepper.

        Raises:
            PepperError: if there is no such version.
        """
        try:
            key = self._import_keys[version]
        except KeyError:
            raise PepperError(f"APIKEYS_PEPPER lacks version {version}.") from None
        return hmac.digest(key, algorithm.encode("ascii") + b"\0" + foreign, hashlib.sha256)

    def seal(self, content: bytes) -> bytes:
        """Return the seal of a row's content (storage.seals): the pepper's version, and an HMAC."""
        version = self.current
        return version.to_bytes(_VERSION_BYTES) + self._seal[version](content)

    def is_genuine(self, content: bytes, seal: bytes | None) -> bool:
        """Return whether a seal is that of a content. Compares in constant time.

        What is no seal at all, which SQLite may have in its place, is none of any content.
        """
        if not isinstance(seal, bytes) or len(seal) != _SEAL_BYTES:
            return False
        made = self._seal.get(int.from_bytes(seal[:_VERSION_BYTES]))
        return made is not None and hmac.compare_digest(made(content), seal[_VERSION_BYTES:])

    def matches(self, token: Token, version: int, digest: bytes) -> bool:
        """Return whether a digest is that of this token. Compares in constant time."""
        return hmac.compare_digest(self.digest(token, version), digest)


def read_peppers(text: str, setting: str = "APIKEYS_PEPPER") -> Peppers:
    """Parse APIKEYS_PEPPER, or the pepper's file; see `read_versions`. Raises PepperError."""
    return Peppers(read_versions(text, setting))


def read_versions(text: str, setting: str = "APIKEYS_PEPPER") -> dict[int, bytes]:
    """Parse `1:BASE64,2:BASE64`, or a single BASE64, which counts as version 1.

    Args:
        setting: the name of the setting, or of the file, for the error message.

    Raises:
        PepperError: with a sentence that explains the problem without repeating the text.
    """
    by_version: dict[int, bytes] = {}
    for part in text.split(","):
        version, separator, encoded = part.strip().rpartition(":")
        number = int(version) if version.isascii() and version.isdigit() else 0
        if separator and number < 1:
            raise PepperError(f"{setting}: a version is a whole number from 1, as in “2:…”.")
        number = number or 1
        if number in by_version:
            raise PepperError(f"{setting} has version {number} twice.")
        by_version[number] = _read_bytes(encoded, setting)
    return by_version


def _read_bytes(encoded: str, setting: str) -> bytes:
    try:
        pepper = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        pepper = b""
    if len(pepper) < PEPPER_BYTES:
        raise PepperError(
            f"{setting} must be at least {PEPPER_BYTES} random bytes in base64. "
            "Make one with: openssl rand -base64 32"
        )
    return pepper


def load_or_make(path: Path) -> Peppers:
    """Read the pepper's file, or make one that only its owner can read.

    Raises:
        PepperError: if the file is damaged, or not private (runtime.private_files).
    """
    if not os.path.lexists(path):
        # Of two processes, the second one reads the first one's.
        fresh = base64.b64encode(secrets.token_bytes(PEPPER_BYTES)).decode()
        private_files.create(path, f"1:{fresh}\n")
    try:
        return read_peppers(private_files.read(path).strip(), str(path))
    except NotPrivate as error:
        raise PepperError(str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PepperError(f"{path} cannot be read: {error}.") from error


def fingerprint(pepper: bytes) -> str:
    """Return a fingerprint that identifies a pepper without revealing it."""
    return hmac.new(pepper, _FINGERPRINT_OF, hashlib.sha256).hexdigest()[:32]


def check_peppers(session: Session, peppers: Peppers, now: datetime) -> None:
    """Check that the database's digests were made with these peppers.

    Otherwise a wrong pepper would look as if every key had stopped working.

    Raises:
        PepperError: if a pepper differs from the one used before, or one is missing.
    """
    known = {row.version: row.fingerprint for row in session.exec(select(Pepper))}
    for version, pepper in peppers.by_version.items():
        digest = fingerprint(pepper)
        if known.setdefault(version, digest) != digest:
            raise PepperError(
                f"The pepper (version {version}) is not the one that this database's keys were "
                "made with. Put the old one back, or give the new one a new version number."
            )
        if session.get(Pepper, version) is None:
            session.add(Pepper(version=version, fingerprint=digest, created_at=now))
    if missing := set(in_use(session, now)) - set(peppers.by_version):
        raise PepperError(
            f"Keys in this database need the pepper of version {min(missing)}, which is missing "
            "from APIKEYS_PEPPER, or from the pepper's file."
        )
    for version in sorted(set(known) - set(peppers.by_version)):
        if is_in_use(session, version):
            raise PepperError(
                f"Rows of this database are sealed with the pepper of version {version}, which is "
                "missing from APIKEYS_PEPPER, or from the pepper's file. Put it back; the bot "
                "seals them with the newest one, and “apikeys status” says when it has."
            )


def in_use(session: Session, now: datetime) -> dict[int, int]:
    """Return the number of working or pending secrets that need each version of the pepper.

    Secrets that were revoked or rotated out need none: they are refused whatever their digest. An
    expired key counts, since it may be extended, and so does an imported one that was never used.
    """
    counted = session.exec(
        select(Secret.pepper_version, func.count())
        .join(Key, col(Key.id) == col(Secret.key_id))
        .where(
            col(Key.state).in_(("pending", "active")),
            or_(col(Secret.ends_at).is_(None), col(Secret.ends_at) > now),
        )
        .group_by(col(Secret.pepper_version))
    )
    return dict(counted.all())

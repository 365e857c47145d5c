"""Everything that the domain refuses to do, and why.

KeysError
├── NameRefused            the name cannot be used; `.name`
│   ├── NameEmpty
│   ├── NameTooLong
│   ├── NameUnprintable
│   └── NameTaken          another active key has it; `.key_id`
├── ScopesRefused          no scope, or one that does not exist
├── NoteTooLong
├── TokenInText            a token was typed where people read: a name, a note; `.field`
├── ReasonMissing          nothing was said about what a key is for
├── LimitsRefused          a rate or a network that is none
├── KeyNotFound            this account has no such key
├── KeyRevoked             the key was revoked: nothing can be changed any more
├── NotPossibleNow         the key, request or rotation is not in a state in which this can be done
├── ChangedMeanwhile       somebody else has changed the key since it was looked at; `.actor`
├── ImportRefused          a file of keys to import that cannot be read
├── EvidenceRefused        a file that is no evidence of an audit
├── ScheduleRefused        a schedule that is none, or that never comes
├── ExpiryRefused          a date that has passed, or is later than the team allows
├── ReservationLost        the key was given up before its token was delivered
├── AlreadyRequested       this very request was carried out before; `.key_id`
└── StorageUnavailable     the database cannot be reached, or did not answer in time
PepperError                the secret that digests are made with is missing or wrong

Each message is a sentence that a person can act on; none ever contains a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.engine import StorageUnavailable as _StorageUnavailable

if TYPE_CHECKING:
    from keys.base.models import Actor


class KeysError(Exception):
    """The common root: catch this to answer a person."""


class NameRefused(KeysError):
    """The name cannot be used."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class NameEmpty(NameRefused):
    """Nothing visible is left after trimming."""


class NameTooLong(NameRefused):
    """More than 80 characters."""


class NameUnprintable(NameRefused):
    """Contains a line break, a control character or one that reorders text."""


class NameTaken(NameRefused):
    """Another active key of the account has this name, whatever the case."""

    def __init__(self, name: str, key_id: str) -> None:
        super().__init__(
            f"There is already an active key called “{name}”. Choose a name of its own.", name
        )
        self.key_id = key_id


class ScopesRefused(KeysError):
    """No scope was chosen, or one that does not exist."""


class NoteTooLong(KeysError):
    """More than 500 characters."""


class TokenInText(KeysError):
    """A text that people read and that is kept contains a token. The text itself is not kept."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"The {field} contains a token. It would stay on record for everyone to read. "
            "Remove the token."
        )
        self.field = field


class ReasonMissing(KeysError):
    """Nothing was said about what a key is for."""


class LimitsRefused(KeysError):
    """A rate limit or a network that is none."""


class KeyNotFound(KeysError):
    """This account has no such key."""


class KeyRevoked(KeysError):
    """The key was revoked, so nothing about it can be changed."""


class NotPossibleNow(KeysError):
    """The key, request or rotation is not in a state in which this can be done."""


class ChangedMeanwhile(KeysError):
    """Somebody else has changed the key since it was looked at."""

    def __init__(self, actor: Actor) -> None:
        super().__init__("Somebody else has changed this key since you opened it.")
        self.actor = actor


class EvidenceRefused(KeysError):
    """A file that is no evidence of an audit."""


class ScheduleRefused(KeysError):
    """A schedule that is none, or that never comes."""


class ExpiryRefused(KeysError):
    """A date of expiry that has passed, or is later than the team allows."""


class ImportRefused(KeysError):
    """A file of keys to import that cannot be read as a whole."""


class ReservationLost(KeysError):
    """The key was given up before its token was delivered; the token never works."""


class AlreadyRequested(KeysError):
    """This very request was carried out before."""

    def __init__(self, key_id: str) -> None:
        super().__init__("This was already done. Nothing was made twice.")
        self.key_id = key_id


class PepperError(Exception):
    """The secret that digests are made with is missing, malformed or not the one used before."""


StorageUnavailable = _StorageUnavailable

__all__ = [
    "AlreadyRequested",
    "ChangedMeanwhile",
    "ExpiryRefused",
    "ImportRefused",
    "KeyNotFound",
    "KeyRevoked",
    "KeysError",
    "LimitsRefused",
    "NameEmpty",
    "NameRefused",
    "NameTaken",
    "NameTooLong",
    "NameUnprintable",
    "NotPossibleNow",
    "NoteTooLong",
    "PepperError",
    "ReasonMissing",
    "ReservationLost",
    "ScopesRefused",
    "StorageUnavailable",
    "TokenInText",
]

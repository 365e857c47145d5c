"""Everything that the domain refuses to do, and why.

DomainError
├── InvalidInput           what was typed or chosen cannot be taken; `.field`
│   ├── InvalidName        the name cannot be used; `.name`
│   │   ├── NameEmpty
│   │   ├── NameTooLong
│   │   ├── NameUnprintable
│   │   └── NameTaken      another active key has it; `.key_id`
│   ├── InvalidScopes      no scope, or one that does not exist
│   ├── InvalidOwner       no Slack user id
│   ├── NoteTooLong
│   ├── TokenInText        a token was typed where people read: a name, a note
│   ├── ReasonMissing      nothing was said about what a key is for
│   ├── InvalidLimits      a rate or a network that is none
│   └── InvalidExpiry      a date that has passed, or is later than the team allows
├── NotAllowed             the caller may not do this
├── KeyNotFound            this account has no such key
├── KeyRevoked             the key was revoked: nothing can be changed any more
├── InvalidState           the key, request or rotation is not in a state in which this can be done
├── EditConflict           another person changed the key since it was read; `.actor`
├── InvalidImport          a file of keys to import that cannot be read
├── InvalidEvidence        a file that is no evidence of an audit
├── InvalidSchedule        a schedule that is none, or that never comes
├── DeliveryExpired        the key was given up before its token was delivered
├── DuplicateRequest       this very request was carried out before; `.key_id`
└── StorageUnavailable     the database cannot be reached, or did not answer in time
PepperError                the secret that digests are made with is missing or wrong

Each message is a sentence that a person can act on; none ever contains a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.errors import StorageUnavailable as _StorageUnavailable

if TYPE_CHECKING:
    from keys.base.actors import Actor


class DomainError(Exception):
    """The common root: catch this to answer a person.

    Attributes:
        field: the operation's field that was refused; empty where it is not about one.
    """

    field: str = ""


class InvalidInput(DomainError, ValueError):
    """A value that was typed or chosen cannot be taken; it is known without the database."""


class NotAllowed(DomainError):
    """The caller may not do this; the message says why."""


class InvalidName(InvalidInput):
    """The name cannot be used."""

    field = "name"

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class NameEmpty(InvalidName):
    """Nothing visible is left after trimming."""


class NameTooLong(InvalidName):
    """More than 80 characters."""


class NameUnprintable(InvalidName):
    """Contains a line break, a control character or one that reorders text."""


class NameTaken(InvalidName):
    """Another active key of the account has this name, whatever the case."""

    def __init__(self, name: str, key_id: str) -> None:
        super().__init__(
            f"There is already an active key called “{name}”. Choose a name of its own.", name
        )
        self.key_id = key_id


class InvalidScopes(InvalidInput):
    """No scope was chosen, or one that does not exist."""

    field = "scopes"


class InvalidOwner(InvalidInput):
    """What was given as a key's owner is no Slack user id."""

    def __init__(self, message: str, field: str = "owner") -> None:
        super().__init__(message)
        self.field = field.replace(" ", "_")


class NoteTooLong(InvalidInput):
    """More than 500 characters."""

    def __init__(self, message: str, field: str = "note") -> None:
        super().__init__(message)
        self.field = field


class TokenInText(InvalidInput):
    """A text that people read and that is kept contains a token. The text itself is not kept."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"The {field} contains a token. It would stay on record for everyone to read. "
            "Remove the token."
        )
        self.field = field


class ReasonMissing(InvalidInput):
    """Nothing was said about what a key is for."""

    field = "reason"


class InvalidLimits(InvalidInput):
    """A rate limit or a network that is none."""


class InvalidGrace(InvalidInput):
    """The grace period of a rotation is none that is offered."""

    field = "grace"


class KeyNotFound(DomainError):
    """This account has no such key."""


class KeyRevoked(DomainError):
    """The key was revoked, so nothing about it can be changed."""


class InvalidState(DomainError):
    """The key, request or rotation is not in a state in which this can be done."""


class EditConflict(DomainError):
    """Another person changed the key since it was read."""

    def __init__(self, actor: Actor) -> None:
        super().__init__("Another user has changed this key since you opened it.")
        self.actor = actor


class InvalidEvidence(DomainError):
    """A file that is no evidence of an audit."""


class InvalidSchedule(DomainError):
    """A schedule that is none, or that never comes."""


class InvalidExpiry(InvalidInput):
    """A date of expiry that has passed, or is later than the team allows."""

    field = "last_day"


class InvalidImport(DomainError):
    """A file of keys to import that cannot be read as a whole."""


class DeliveryExpired(DomainError):
    """The key was given up before its token was delivered; the token never works."""


class DuplicateRequest(DomainError):
    """This very request was carried out before."""

    def __init__(self, key_id: str) -> None:
        super().__init__("This was already done. Nothing was made twice.")
        self.key_id = key_id


class PepperError(Exception):
    """The secret that digests are made with is missing, malformed or not the one used before."""


StorageUnavailable = _StorageUnavailable

__all__ = [
    "DeliveryExpired",
    "DomainError",
    "DuplicateRequest",
    "EditConflict",
    "InvalidExpiry",
    "InvalidImport",
    "InvalidInput",
    "InvalidLimits",
    "InvalidName",
    "InvalidOwner",
    "InvalidScopes",
    "InvalidState",
    "KeyNotFound",
    "KeyRevoked",
    "NameEmpty",
    "NameTaken",
    "NameTooLong",
    "NameUnprintable",
    "NotAllowed",
    "NoteTooLong",
    "PepperError",
    "ReasonMissing",
    "StorageUnavailable",
    "TokenInText",
]

"""The domain's exceptions.

DomainError
├── InvalidInput           invalid input; `.field`
│   ├── InvalidName        an invalid name; `.name`
│   │   ├── NameEmpty
│   │   ├── NameTooLong
│   │   ├── NameUnprintable
│   │   └── NameTaken      another active key has it; `.key_id`
│   ├── InvalidScopes      no scope, or one that does not exist
│   ├── InvalidOwner       not a Slack user id
│   ├── NoteTooLong
│   ├── TextUnprintable    an invisible character in a note or reason
│   ├── InvalidId          a text that cannot be an id
│   ├── TokenInText        a token in a text that people read, such as a name or a note
│   ├── ReasonMissing      an access request without a reason
│   ├── InvalidLimits      an invalid rate limit or network
│   ├── InvalidGrace       a grace period that is not offered
│   └── InvalidExpiry      an invalid date, one in the past, or one later than the team allows
├── NotAllowed             the caller lacks permission
├── NotAMember             a person who may neither own a key nor be given a token
├── MembershipUnknown      Slack did not say whether a person is a full member
├── KeyNotFound            the account has no such key
├── KeyRevoked             the key was revoked and can no longer be changed
├── InvalidState           the key, request or rotation is in the wrong state for this
├── EditConflict           another user changed the key in the meantime; `.actor`
├── InvalidImport          an import file that cannot be read
├── InvalidEvidence        a file that is not audit evidence
├── EvidenceMismatch       an audit's rows differ from the audit log; `.audit`, `.differences`
├── InvalidSchedule        an invalid schedule, or one that never runs
├── DeliveryExpired        the key was cancelled before its token was delivered
├── DuplicateRequest       this request was processed before; `.key_id`
└── StorageUnavailable     the database cannot be reached, or did not answer in time
PepperError                the pepper is missing or wrong

Messages tell users what happened and what to do; none ever contains a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.errors import StorageUnavailable as _StorageUnavailable

if TYPE_CHECKING:
    from keys.base.actors import Actor


class DomainError(Exception):
    """The base of all exceptions whose message is shown to users.

    Attributes:
        field: the operation's invalid field; empty if no field is to blame.
    """

    field: str = ""


class InvalidInput(DomainError, ValueError):
    """Invalid input, as far as that is known without the database."""


class NotAllowed(DomainError):
    """The caller lacks permission; the message says why."""


class NotAMember(DomainError):
    """A person who is not a full member, and so may neither own a key nor be given a token."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class MembershipUnknown(DomainError):
    """Slack did not say whether a person is a full member, so the answer is no."""

    def __init__(self, field: str = "") -> None:
        super().__init__(
            "Slack did not say whether this person is a full member, so nothing was done. "
            "Please try again in a minute."
        )
        self.field = field


class InvalidName(InvalidInput):
    """A name that cannot be used."""

    field = "name"

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class NameEmpty(InvalidName):
    """A name without any visible character."""


class NameTooLong(InvalidName):
    """A name of more than 80 characters."""


class NameUnprintable(InvalidName):
    """A name with a line break, a control character or one that reorders text."""


class NameTaken(InvalidName):
    """A name that another active key of the account has, ignoring case."""

    def __init__(self, name: str, key_id: str) -> None:
        super().__init__(
            f"There is already an active key called “{name}”. Choose a different name.", name
        )
        self.key_id = key_id


class InvalidScopes(InvalidInput):
    """No scope, or one that does not exist."""

    field = "scopes"


class InvalidOwner(InvalidInput):
    """An owner that is not a Slack user id."""

    def __init__(self, message: str, field: str = "owner") -> None:
        super().__init__(message)
        self.field = field.replace(" ", "_")


class NoteTooLong(InvalidInput):
    """A note or reason of more than 500 characters."""

    def __init__(self, message: str, field: str = "note") -> None:
        super().__init__(message)
        self.field = field


class TextUnprintable(InvalidInput):
    """A note or reason with a control character, or one that reorders or hides text."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class InvalidId(InvalidInput):
    """A text that cannot be an id."""


class TokenInText(InvalidInput):
    """A token in a text that is stored and read by people. The exception does not keep the text."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"The {field} contains a token. It would be stored where others can read it. "
            "Remove the token."
        )
        self.field = field


class ReasonMissing(InvalidInput):
    """An access request without a reason."""

    field = "reason"


class InvalidLimits(InvalidInput):
    """An invalid rate limit or network."""


class InvalidGrace(InvalidInput):
    """A grace period that is not offered."""

    field = "grace"


class KeyNotFound(DomainError):
    """The account has no such key."""


class KeyRevoked(DomainError):
    """The key was revoked and can no longer be changed."""


class InvalidState(DomainError):
    """The key, request or rotation is in the wrong state for this."""


class EditConflict(DomainError):
    """Another user changed the key in the meantime."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(
            "Another user changed this key after you opened it. Open it again to edit it."
        )
        self.actor = actor


class InvalidEvidence(DomainError):
    """A file that is not audit evidence."""


class EvidenceMismatch(DomainError):
    """An audit's rows differ from the audit log, so no evidence of it is written.

    Attributes:
        audit: the audit's id.
        differences: what differs, each in a sentence; not empty.
    """

    def __init__(self, audit: str, differences: Sequence[str]) -> None:
        more = len(differences) - 1
        rest = {0: "", 1: " There is one more difference."}.get(
            more, f" There are {more} more differences."
        )
        super().__init__(
            f"No evidence of audit {audit} was written, because the database and the audit log "
            f"differ. {differences[0]}{rest} Compare with a backup, correct the rows and export "
            "again."
        )
        self.audit, self.differences = audit, tuple(differences)


class InvalidSchedule(DomainError):
    """An invalid schedule, or one that never runs."""


class InvalidExpiry(InvalidInput):
    """An invalid expiry date, one in the past, or one later than the team allows."""

    field = "last_day"


class InvalidImport(DomainError):
    """An import file that cannot be read."""


class DeliveryExpired(DomainError):
    """The key was cancelled before its token was delivered; the token never works."""


class DuplicateRequest(DomainError):
    """This request was processed before."""

    def __init__(self, key_id: str) -> None:
        super().__init__("This request was already processed, so nothing was changed.")
        self.key_id = key_id


class PepperError(Exception):
    """The pepper is missing, malformed or not the one used before."""


StorageUnavailable = _StorageUnavailable

__all__ = [
    "DeliveryExpired",
    "DomainError",
    "DuplicateRequest",
    "EditConflict",
    "EvidenceMismatch",
    "InvalidExpiry",
    "InvalidId",
    "InvalidImport",
    "InvalidInput",
    "InvalidLimits",
    "InvalidName",
    "InvalidOwner",
    "InvalidScopes",
    "InvalidState",
    "KeyNotFound",
    "KeyRevoked",
    "MembershipUnknown",
    "NameEmpty",
    "NameTaken",
    "NameTooLong",
    "NameUnprintable",
    "NotAMember",
    "NotAllowed",
    "NoteTooLong",
    "PepperError",
    "ReasonMissing",
    "StorageUnavailable",
    "TextUnprintable",
    "TokenInText",
]

"""The types of operations' fields: the only validation of user input.

Each raises an `InvalidInput` with a sentence that says what to do, wherever the value came from;
pydantic collects one for each field. The functions that an operation calls do not validate again.
Checks that need the database, the clock or the team's policy are made when the operation runs: a
taken name (keys.lifecycle.rows), a date in the past (keys.base.policy).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator

from keys.base.errors import InvalidOwner, ReasonMissing
from keys.inputs.days import read_day
from keys.inputs.limits import check_networks, check_rate
from keys.inputs.names import clean_name, clean_note
from keys.inputs.people import check_person
from keys.inputs.scopes import check_scopes
from keys.inputs.text import check_id

_BETWEEN = re.compile(r"[\s,;]+")


def _reason(text: str) -> str:
    return clean_note(text, "reason")


def _required_reason(text: str) -> str:
    if not (reason := _reason(text)):
        raise ReasonMissing(
            "The reason is missing. Say what the key is for, so that an admin can decide."
        )
    return reason


def _owner(user_id: str | None) -> str | None:
    return check_person(user_id or "") or None


def _backup_owner(user_id: str | None) -> str | None:
    return check_person(user_id or "", "backup owner") or None


def _new_owner(user_id: str) -> str:
    if not (found := check_person(user_id)):
        raise InvalidOwner("No owner was chosen. Choose the new owner of the key.")
    return found


def _leaver(user_id: str) -> str:
    if not (found := check_person(user_id, "person")):
        raise InvalidOwner("Choose who leaves.", "person")
    return found


def _ids(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(check_id, given)))


def split_list(text: str) -> tuple[str, ...]:
    """Split a typed list at commas, semicolons and spaces."""
    return tuple(filter(None, _BETWEEN.split(text)))


def _listed(given: Any) -> Any:
    return split_list(given) if isinstance(given, str) else given


# An id, which no one types.
Id = Annotated[str, AfterValidator(check_id)]
# A key, by its id.
KeyRef: TypeAlias = Id
# Several keys, by their ids, each once.
KeyRefs = Annotated[tuple[str, ...], AfterValidator(_ids)]
# A key's name: NFC, trimmed, on one line, at most 80 characters.
Name = Annotated[str, AfterValidator(clean_name)]
# A note on a key's purpose, of one or more lines: trimmed, at most 500 characters.
Note = Annotated[str, AfterValidator(clean_note)]
# A reason for the audit log: trimmed, at most 500 characters.
Reason = Annotated[str, AfterValidator(_reason)]
# The reason of an access request: the same, but never empty.
RequiredReason = Annotated[str, AfterValidator(_required_reason)]
# A key's scopes, in the usual order, each once.
Scopes = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(check_scopes)]
# The networks a key may be used from, in CIDR notation, each once; empty for anywhere.
Networks = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(check_networks)]
# A key's rate limit, such as `100/minute`; empty for none.
RateLimit = Annotated[str, AfterValidator(check_rate)]
# A key's last day, in the team's time zone; None for no expiry date.
LastDay = Annotated[date | None, BeforeValidator(read_day)]
# A key's owner and backup owner; None for no one.
Owner = Annotated[str | None, AfterValidator(_owner)]
BackupOwner = Annotated[str | None, AfterValidator(_backup_owner)]
# A key's new owner.
NewOwner = Annotated[str, AfterValidator(_new_owner)]
# The user who leaves.
Leaver = Annotated[str, AfterValidator(_leaver)]

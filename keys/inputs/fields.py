"""The types of operations' fields: the only checks of what a user types or chooses.

Each refuses with an `InvalidInput` whose sentence says what to do, whatever entrance the value came
in by; pydantic collects one for each field. The functions below an operation take its values as
they are. What takes the database, the clock or the team's policy to know is checked where an
operation runs: a taken name (keys.lifecycle.rows), a date that has passed (keys.base.policy).
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

_BETWEEN = re.compile(r"[\s,;]+")


def _reason(text: str) -> str:
    return clean_note(text, "reason")


def _required_reason(text: str) -> str:
    if not (reason := _reason(text)):
        raise ReasonMissing("Say what the key is for, so that an admin can decide.")
    return reason


def _owner(user_id: str | None) -> str | None:
    return check_person(user_id or "") or None


def _backup_owner(user_id: str | None) -> str | None:
    return check_person(user_id or "", "backup owner") or None


def _new_owner(user_id: str) -> str:
    if not (found := check_person(user_id)):
        raise InvalidOwner("Choose the person who is to own the key.")
    return found


def _leaver(user_id: str) -> str:
    if not (found := check_person(user_id, "person")):
        raise InvalidOwner("Choose who leaves.", "person")
    return found


def split_list(text: str) -> tuple[str, ...]:
    """Return the parts of a list that was typed, between commas, semicolons and blanks."""
    return tuple(filter(None, _BETWEEN.split(text)))


def _listed(given: Any) -> Any:
    return split_list(given) if isinstance(given, str) else given


# A key, by its id.
KeyRef: TypeAlias = str
# What a key is called: NFC, trimmed, on one line, at most 80 characters.
Name = Annotated[str, AfterValidator(clean_name)]
# What a key is for: trimmed, at most 500 characters.
Note = Annotated[str, AfterValidator(clean_note)]
# Why something is done, for the audit log: likewise.
Reason = Annotated[str, AfterValidator(_reason)]
# Why a key is asked for: likewise, and never empty.
RequiredReason = Annotated[str, AfterValidator(_required_reason)]
# What a key may do, in the usual order, each once.
Scopes = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(check_scopes)]
# Where a key may be used from, in CIDR form, each once; empty for anywhere.
Networks = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(check_networks)]
# How often a key may be used, such as `100/minute`; empty for any number.
RateLimit = Annotated[str, AfterValidator(check_rate)]
# The last day on which a key works, in the team's time zone; None for no end.
LastDay = Annotated[date | None, BeforeValidator(read_day)]
# The user who owns a key, and the one who does where the owner cannot; None for nobody.
Owner = Annotated[str | None, AfterValidator(_owner)]
BackupOwner = Annotated[str | None, AfterValidator(_backup_owner)]
# The user who is to own a key from now on.
NewOwner = Annotated[str, AfterValidator(_new_owner)]
# The user who leaves.
Leaver = Annotated[str, AfterValidator(_leaver)]

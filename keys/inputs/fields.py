"""The types of an operation's fields: the only place where each value is checked.

Each refuses with an `InvalidInput` whose sentence says what to do, whatever entrance the value came
in by; pydantic collects one for each field.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from keys.base.errors import ReasonMissing
from keys.inputs.limits import check_networks, check_rate
from keys.inputs.names import clean_name, clean_note, refuse_token
from keys.inputs.scopes import check_scopes


def _reason(text: str) -> str:
    return clean_note(text, "reason")


def _required_reason(text: str) -> str:
    if not (reason := _reason(text)):
        raise ReasonMissing("Say what the key is for, so that an admin can decide.")
    return reason


def _person(label: str) -> AfterValidator:
    def check(user_id: str | None) -> str | None:
        refuse_token(user_id or "", label)
        return user_id or None

    return AfterValidator(check)


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
Scopes = Annotated[tuple[str, ...], AfterValidator(check_scopes)]
# Where a key may be used from, in CIDR form, each once; empty for anywhere.
Networks = Annotated[tuple[str, ...], AfterValidator(check_networks)]
# How often a key may be used, such as `100/minute`; empty for any number.
RateLimit = Annotated[str, AfterValidator(check_rate)]
# The person who owns a key, and the one who does where the owner cannot; None for nobody.
Owner = Annotated[str | None, _person("owner")]
BackupOwner = Annotated[str | None, _person("backup owner")]

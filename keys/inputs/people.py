"""Owners of keys: Slack users, by their id."""

from __future__ import annotations

import re

from keys.base.errors import InvalidOwner
from keys.inputs.names import refuse_token

_USER_ID = re.compile(r"[UW][A-Z0-9]{2,31}\Z")


def check_person(text: str, field: str = "owner") -> str:
    """Return a Slack user id, trimmed; empty if none was given.

    Whether the user is a full member is checked by callers that can ask Slack.

    Args:
        field: the field's name for users, such as “backup owner”.

    Raises:
        InvalidOwner: with a sentence that shows the format of an id.
        TokenInText: if the text contains a token.
    """
    refuse_token(text, field)
    user_id = text.strip()
    if "@" in user_id:
        raise InvalidOwner(
            f"The {field} is an e-mail address. Enter the person’s Slack ID instead: choose "
            "“Copy member ID” in their profile’s menu. Or leave it empty.",
            field,
        )
    if user_id and not _USER_ID.match(user_id):
        raise InvalidOwner(
            f"The {field} is not a Slack ID. Slack IDs begin with U or W, such as U024BE7LH.", field
        )
    return user_id

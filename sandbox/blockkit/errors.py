"""The one error of this package, and how its messages read."""

from __future__ import annotations

from collections.abc import Sequence


class InvalidBlocks(ValueError):  # noqa: N818 - named after Slack's own error code, invalid_blocks
    """A message or a view breaks Block Kit's rules.

    Arguments:
        errors: every rule broken, in the order of the payload. Each reads like an entry of
            Slack's ``response_metadata.messages``: ``[ERROR] must be less than 151 characters
            [json-pointer:/blocks/0/text/text]``. Pointers into a view start with ``/view``.
    """

    def __init__(self, errors: Sequence[str]) -> None:
        self.errors = list(errors)
        super().__init__("\n".join(self.errors))

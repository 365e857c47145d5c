"""The errors of the practice Slack.

SandboxError                 anything below
├── SlackError               an answer with ``"ok": false``, in Slack's own error codes
├── GoneError               what a user acts on has been replaced or removed
├── ManifestError            Slack would refuse the manifest
├── StateError               the saved workspace cannot be read or written
└── NotRunningError          a stopped workspace has no address and no connections
"""

from collections.abc import Sequence
from typing import Any


class SandboxError(Exception):
    """Anything that goes wrong in the practice Slack."""


class SlackError(SandboxError):
    """A refusal of the Web API.

    Args:
        code: Slack's error code, such as ``channel_not_found``.
        status: the HTTP status of the answer; Slack refuses with 200 except for rate limits.
        headers: further headers of the answer.
        extra: further fields of the answer, such as ``needed`` and ``provided``.
    """

    def __init__(
        self, code: str, *, status: int = 200, headers: dict[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.headers = headers or {}
        self.extra = extra


class GoneError(SandboxError):
    """What a user acts on has been replaced or removed in the meantime."""


class ManifestError(SandboxError):
    """Slack would refuse the manifest.

    Args:
        errors: the broken rules, as `apps.manifest.validate` returns them: each has a
            `message`, and a `pointer` to its place in the manifest.
    """

    def __init__(self, errors: Sequence[dict[str, Any]]) -> None:
        self.errors = list(errors)
        super().__init__("\n".join(f"{each['message']} [{each['pointer']}]" for each in errors))


class StateError(SandboxError):
    """The saved workspace cannot be read or written."""


class NotRunningError(SandboxError):
    """The practice Slack is not running, so it has no address and no connections."""

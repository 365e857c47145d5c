"""The app as installed in the workspace: its identifiers, its tokens and its granted scopes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from sandbox.base.ids import new_hex, new_id, new_secret

ORGANISATION = "Practice organisation"
"""The name of the organisation of an organisation-wide installation."""


@dataclass
class Installation:
    """One app in one workspace. Calls outside `scopes` get ``missing_scope``."""

    app_id: str = field(default_factory=lambda: new_id("A"))
    bot_id: str = field(default_factory=lambda: new_id("B"))
    bot_user: str = field(default_factory=lambda: new_id("U"))
    bot_token: str = field(default_factory=lambda: f"xoxb-{_digits()}-{_digits()}-{new_secret()}")
    app_token: str = field(
        default_factory=lambda: f"xapp-1-{new_id('A')}-{_digits()}-{new_hex(64)}"
    )
    config_token: str = field(default_factory=lambda: f"xoxe.xoxp-1-{new_secret()}")
    signing_secret: str = field(default_factory=lambda: new_hex(32))
    verification: str = field(default_factory=new_secret)
    scopes: set[str] = field(default_factory=set)
    active: bool = True
    token_is_revoked: bool = False
    enterprise_id: str | None = None
    """The organisation, if the app is installed for all of its workspaces."""

    @property
    def org_wide(self) -> bool:
        """Whether the app is installed for all workspaces of an organisation."""
        return self.enterprise_id is not None

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Self:
        """Make an installation from what `to_json` returned."""
        return cls(**saved)

    def to_json(self) -> dict[str, Any]:
        """Return the values to save between runs; the scopes come from the manifest each time,
        and the organisation from the program that starts it."""
        values = dict(vars(self))
        for name in ("scopes", "active", "token_is_revoked", "enterprise_id"):
            del values[name]
        return values


def _digits() -> str:
    return str(int(new_hex(10), 16)).zfill(13)[:13]

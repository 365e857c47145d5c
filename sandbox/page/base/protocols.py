"""What the page needs of the practice Slack that it shows."""

from typing import Protocol

from sandbox.state.traffic import TrafficLog
from sandbox.state.workspace import Workspace
from sandbox.users.actions import UserActions


class PageSandbox(Protocol):
    """As much of `sandbox.Sandbox` as the page looks at: it reads, and acts by the hands."""

    @property
    def workspace(self) -> Workspace:
        """What there is, safe to read."""

    @property
    def actions(self) -> UserActions:
        """What anybody can do with a mouse and a keyboard."""

    @property
    def traffic(self) -> TrafficLog:
        """Every exchange between the app and Slack."""

    @property
    def bot_user_id(self) -> str:
        """The id of the app's bot user."""

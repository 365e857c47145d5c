"""The part of the practice Slack that the page uses."""

from typing import Protocol

from sandbox.base.time_machine import TimeMachine
from sandbox.state.traffic import TrafficLog
from sandbox.state.workspace import Workspace
from sandbox.users.actions import UserActions


class PageSandbox(Protocol):
    """As much of `sandbox.sandbox.Sandbox` as the page uses, to read and to act."""

    @property
    def workspace(self) -> Workspace:
        """The state, safe to read from any thread."""

    @property
    def actions(self) -> UserActions:
        """What users can do with a mouse and a keyboard."""

    @property
    def traffic(self) -> TrafficLog:
        """Every exchange between the app and Slack."""

    @property
    def time_machine(self) -> TimeMachine | None:
        """What moves the clock; None if nobody can."""

    @property
    def bot_user_id(self) -> str:
        """The id of the app's bot user."""

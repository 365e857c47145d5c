"""What people can do in Slack with a mouse and a keyboard; the page and the tests share it.

Every function takes the acting person's id. Those that make Slack deliver something to the app
wait for its acknowledgement, at most 3 s, so they belong in a thread, not in an event loop.
What the person then sees is in the workspace: nothing is returned that is not also shown there.
"""

from collections.abc import Sequence

from sandbox.manifest import Command
from sandbox.model import Json, Surface


class Hands:
    """See the module; `PracticeSlack.hands` is the one to use."""

    def commands(self, user: str) -> list[Command]:
        """The slash commands this person is offered (none for another organisation's people)."""
        raise NotImplementedError

    def type(self, user: str, channel: str, text: str, *, thread: str | None = None) -> None:
        """Type into the message box: a slash command when it begins with ``/``, else a message."""
        raise NotImplementedError

    def act(self, user: str, where: Surface, block_id: str, action_id: str, value: Json) -> None:
        """Press a button, or choose in a menu: the value is stored, and the app is told where it
        would be (a button, a menu in a section or an actions block, an input that dispatches).

        `value` is shaped as in Slack's `state.values` (see `sandbox.values`). A confirm dialog is
        the caller's affair: call this once it is confirmed.
        """
        raise NotImplementedError

    def enter(self, user: str, where: Surface, block_id: str, action_id: str, value: Json) -> None:
        """Fill in an input without telling the app, as typing does."""
        raise NotImplementedError

    def suggestions(
        self, user: str, where: Surface, block_id: str, action_id: str, typed: str
    ) -> Sequence[Json]:
        """What an external select offers for what was typed: options or option groups."""
        raise NotImplementedError

    def submit(self, user: str) -> None:
        """Submit the topmost modal and apply what the app answers."""
        raise NotImplementedError

    def close(self, user: str, *, everything: bool = False) -> None:
        """Close the topmost modal, or the whole stack (the cross in the corner)."""
        raise NotImplementedError

    def open_home(self, user: str, tab: str = "home") -> None:
        """Open the app's Home (``tab="home"``) or its messages (``"messages"``)."""
        raise NotImplementedError

    def open_direct(self, user: str, other: str) -> str:
        """Open the direct message with another account; returns the channel's id."""
        raise NotImplementedError

    def reload(self, user: str) -> None:
        """Reload the window: ephemeral messages and open modals are gone."""
        raise NotImplementedError

    def dismiss(self, user: str, channel: str, ts: str) -> None:
        """Press "Dismiss message" on an ephemeral message."""
        raise NotImplementedError

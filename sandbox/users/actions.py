"""What users can do in Slack with a mouse and a keyboard; the page and the tests share it.

Every function takes the acting user's id. Those that make Slack deliver something to the app wait
for its acknowledgement, at most 3 s: call them from a thread, never from an event loop. What the
user then sees is in the workspace. They raise `SandboxError` for what Slack's window would not
offer.
"""

from collections.abc import Sequence
from contextlib import suppress

from sandbox.base.errors import GoneError, SandboxError
from sandbox.base.ids import new_id
from sandbox.delivery.dispatcher import NotAcknowledged
from sandbox.delivery.runtime import SandboxRuntime
from sandbox.state import view_stack
from sandbox.state.input_values import initial_value, is_empty
from sandbox.state.manifest import Command
from sandbox.state.models import Account, Channel, ChannelKind, Json, MessageRef, SurfaceRef, View
from sandbox.users import block_actions
from sandbox.users import messages as commanding


class UserActions:
    """The actions of all users of one practice Slack; use `Sandbox.actions`."""

    def __init__(self, runtime: SandboxRuntime) -> None:
        self._runtime = runtime

    def commands(self, user: str) -> list[Command]:
        """Return the slash commands this user is offered; other organisations have none."""
        return commanding.offered_commands(self._runtime.actor(user), self._runtime.workspace)

    def type(self, user: str, channel: str, text: str, *, thread: str | None = None) -> None:
        """Type into the message box: a slash command if it starts with ``/``, else a message."""
        account, conversation = (
            self._runtime.actor(user),
            self._runtime.joined_channel(user, channel),
        )
        if text.startswith("/"):
            commanding.run_command(self._runtime, account, conversation, text, thread)
        else:
            commanding.post_message(self._runtime, account, conversation, text, thread)

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Edit a message that this user wrote."""
        account, conversation = (
            self._runtime.actor(user),
            self._runtime.joined_channel(user, channel),
        )
        commanding.edit_message(self._runtime, account, conversation, ts, text)

    def act(self, user: str, ref: SurfaceRef, block_id: str, action_id: str, value: Json) -> None:
        """Press a button, or choose in a menu.

        The value is stored, and sent to the app where Slack would send it: for a button, a menu in
        a section or an actions block, an input that dispatches. `value` is shaped as in Slack's
        `state.values` (see `sandbox.state.input_values`). Callers show the confirm dialog
        themselves, and call this once it is confirmed.
        """
        account = self._runtime.actor(user)
        block_actions.press(self._runtime, account, ref, block_id, action_id, value)

    def enter(self, user: str, ref: SurfaceRef, block_id: str, action_id: str, value: Json) -> None:
        """Fill in an input without sending anything to the app, as typing does."""
        self._runtime.actor(user)
        with self._runtime.workspace.change():
            surface, _, _ = block_actions.find(self._runtime, user, ref, block_id, action_id)
            block_actions.store(surface, user, block_id, action_id, value)

    def suggestions(
        self, user: str, ref: SurfaceRef, block_id: str, action_id: str, typed: str
    ) -> Sequence[Json]:
        """Return an external select's options or option groups for what was typed."""
        account = self._runtime.actor(user)
        return block_actions.suggest(self._runtime, account, ref, block_id, action_id, typed)

    def submit(self, user: str) -> None:
        """Submit the topmost modal and apply the app's answer."""
        account, workspace = self._runtime.actor(user), self._runtime.workspace
        with workspace.change():
            view = self._top(user)
            if "submit" not in view.body:
                raise GoneError("this modal has no submit button")
            view.notice = None
            view.errors = missing_inputs(view)
            if view.errors:
                return
            view.waiting, since = True, view.hash
            trigger = self._runtime.triggers.issue(user)
            body = self._runtime.payloads.submission(account, view, trigger=trigger)
        answer: object = view_stack.NO_ANSWER
        try:
            with suppress(NotAcknowledged):
                answer = self._runtime.dispatcher.deliver(body, "interactive", "view_submission")
        finally:
            with (
                workspace.change()
            ):  # one change: no reader sees the answer while the modal still waits
                view.waiting = False
                if view.id in workspace.views:
                    view_stack.apply_answer(workspace, view, answer, since)

    def close(self, user: str, *, everything: bool = False) -> None:
        """Close the topmost modal, or the whole stack (the cross in the corner)."""
        account, workspace = self._runtime.actor(user), self._runtime.workspace
        with workspace.change():
            top = self._top(user)
            cleared = everything or bool(top.body.get("clear_on_close"))
            if cleared:
                closed = view_stack.clear(workspace, user)
            else:
                view_stack.remove(workspace, top)
                closed = [top]
        for view in closed:
            if view.body.get("notify_on_close"):
                self._deliver_view_closed(account, view, cleared=cleared)

    def open_home(self, user: str, tab: str = "home") -> None:
        """Open the app's Home (``tab="home"``) or its messages (``"messages"``)."""
        self._runtime.actor(user)
        workspace = self._runtime.workspace
        channel = self.open_direct(user, self._runtime.install.bot_user)
        event: Json = {
            "type": "app_home_opened",
            "user": user,
            "channel": channel,
            "tab": tab,
            "event_ts": f"{workspace.clock.now():.6f}",
        }
        home = workspace.home_of(user)
        if home is not None and tab == "home":
            event["view"] = self._runtime.payloads.view(home)
        workspace.emit(event, channel)

    def open_direct(self, user: str, other: str) -> str:
        """Open the direct message with another account; returns the channel's id."""
        self._runtime.actor(user)
        workspace = self._runtime.workspace
        with workspace.change():
            if other not in workspace.accounts:
                raise SandboxError(f"no account has the id {other}")
            found = workspace.direct_between(user, other)
            if found is not None:
                return found.id
            now = workspace.clock.now()
            made = Channel(new_id("D"), "", ChannelKind.IM, now, user, [user, other])
            workspace.channels[made.id] = made
            return made.id

    def reload(self, user: str) -> None:
        """Reload the window: ephemeral messages and open modals are gone."""
        workspace = self._runtime.workspace
        with workspace.change():
            view_stack.clear(workspace, user)
            for channel, messages in workspace.messages.items():
                workspace.messages[channel] = [m for m in messages if m.ephemeral_for != user]

    def dismiss(self, user: str, channel: str, ts: str) -> None:
        """Press "Dismiss message" on an ephemeral message."""
        workspace = self._runtime.workspace
        with workspace.change():
            message = workspace.surface(MessageRef(channel, ts))
            if message is None or isinstance(message, View) or message.ephemeral_for != user:
                raise GoneError(f"{user} sees no message {ts} that could be dismissed")
            workspace.messages[channel].remove(message)

    def _top(self, user: str) -> View:
        stack = self._runtime.workspace.stacks.get(user)
        if not stack:
            raise GoneError(f"{user} has no modal open")
        return self._runtime.workspace.views[stack[-1]]

    def _deliver_view_closed(self, account: Account, view: View, *, cleared: bool) -> None:
        body = self._runtime.payloads.closed(account, view, cleared=cleared)
        try:
            self._runtime.dispatcher.deliver(body, "interactive", "view_closed")
        except NotAcknowledged:
            return  # the modal is closed, so only the traffic can show it


def missing_inputs(view: View) -> dict[str, str]:
    """Return the errors that Slack shows before it sends a submission, by block_id."""
    errors = {}
    for block in view.blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        entered = view.values.get(block["block_id"], {}).get(element["action_id"])
        held = entered or initial_value(element) or {}
        if is_empty(held):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif len(str(held.get("value") or "")) < element.get("min_length", 0):
            least = element["min_length"]
            errors[block["block_id"]] = f"Please enter at least {least} characters."
    return errors

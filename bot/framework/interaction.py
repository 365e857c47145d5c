"""One interaction of a user: a command, a press or a submission."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from slack_bolt import Ack

from bot.authorization.admins import Denied as NoRole
from bot.authorization.admins import Person
from bot.framework.context import Context
from bot.ui import form_values, ids
from bot.ui.blocks import Message, View, clip, plain_user_text, result_modal
from bot.ui.payloads import ActionPayload, InvalidPayload
from keys.base.actors import Actor
from keys.base.errors import DomainError
from keys.base.models import KeyView
from keys.changes.authorization import Caller, Decision, Denied, Permission, PermissionCheck, Role
from keys.changes.operation import PROPAGATION_WAIT, Operation, Outcome, execute, problems
from keys.credentials.tokens import redact
from runtime import tracing
from runtime.display import visible

Body = dict[str, Any]
Handler = Callable[["Interaction"], None]
T = TypeVar("T")
Op = TypeVar("Op", bound=Operation[Any])
# The inputs whose names differ from the operation's fields.
_INPUTS = {"rate_limit": ids.RATE}
# In seconds. Slack waits 3 s for an acknowledgement; half of it is left for the network.
ACK_DEADLINE = 1.5
_TITLE = "API keys"
_TITLE_MAX = 24  # Slack, view object


def _as_modal(message: Message, title: str) -> View:
    """Return a message as a modal; a title that does not fit is cut."""
    words = plain_user_text(clip(redact(title), _TITLE_MAX))
    if len(words["text"]) > _TITLE_MAX:
        words = plain_user_text(_TITLE)
    blocks = message["blocks"]
    is_heading = blocks[0]["type"] == "header" and blocks[0]["text"] == words
    view = result_modal(_TITLE, blocks[1:] if is_heading else blocks)
    return {**view, "title": words}


class Interaction:
    """What the user sent, and how to answer it.

    Attributes:
        acknowledged: set as soon as the request is.

    Args:
        choices: the handlers of what can be chosen, such as the entries of a key's menu, each with
            its own rule.
    """

    def __init__(
        self, context: Context, body: Body, ack: Ack, choices: Mapping[str, Handler]
    ) -> None:
        self.context = context
        self.body = body
        self._choices = choices
        self._payload: ActionPayload | None = None
        self._ack = ack
        self.acknowledged = threading.Event()
        self._guard = threading.Lock()
        self._roles: dict[Role, Denied | None] = {}
        self._admins = context.admins.for_one_press()

    @property
    def person(self) -> Person:
        """The user, whatever they may do."""
        user = self.body.get("user")
        if isinstance(user, dict):
            parts = (user.get(name) or "" for name in ("id", "team_id", "enterprise_id"))
        else:
            parts = (self.body.get(name) or "" for name in ("user_id", "team_id", "enterprise_id"))
        return Person(*map(str, parts))

    @property
    def actor(self) -> Actor:
        """The user as an actor in the audit log."""
        return Actor.person(self.person.user_id)

    def caller(self, allow: Permission) -> Caller:
        """Return the user with the roles that a rule needs. Asks Slack once."""
        for role in allow.roles & {Role.ADMIN, Role.MEMBER}:
            if role not in self._roles:
                self._roles[role] = self._look_up(role)
        known = self._roles.items()
        return Caller(
            self.actor,
            frozenset(role for role, denied in known if denied is None),
            {role: denied.reason for role, denied in known if denied is not None},
        )

    def _look_up(self, role: Role) -> Denied | None:
        admins = self._admins
        check = admins.check if role is Role.ADMIN else admins.check_membership
        decision = check(self.person)
        return Denied(decision.reason) if isinstance(decision, NoRole) else None

    def decide(self, allow: Permission) -> Decision:
        """Decide whether the user may do something with what the payload names."""
        caller, policy = self.caller(allow), self.context.policy
        if not allow.reads:
            return allow.decide(PermissionCheck(caller, policy=policy))
        payload = self.payload
        with self.context.reading() as session:
            named = (payload.key, payload.about, payload.delivery)
            return allow.decide(PermissionCheck(caller, session, *named, policy))

    def execute(self, operation: Operation[T], *, wait: float = PROPAGATION_WAIT) -> Outcome[T]:
        """Execute an operation as this user; see keys.changes.operation.execute."""
        return execute(self.context.services, self.caller(operation.allow), operation, wait=wait)

    @property
    def payload(self) -> ActionPayload:
        """The payload of the pressed button, the chosen entry or the submitted modal.

        Raises:
            InvalidPayload: if there is none, or it cannot be read.
        """
        if self._payload is not None:
            return self._payload
        if self.body.get("actions"):
            action = self.action
            chosen = (action.get("selected_option") or {}).get("value")
            return ActionPayload.decode(chosen or action.get("value"))
        return ActionPayload.decode(self.view.get("private_metadata"))

    def choose(self, do: str, payload: ActionPayload) -> None:
        """Run the handler of a choice, in whatever feature it is registered (Router.choice).

        Args:
            do: the choice, such as an entry of a key's menu (ids.DO_…); its own rule is checked.
            payload: names the key; it replaces this interaction's payload.

        Raises:
            InvalidPayload: if there is no such choice.
        """
        self._payload = payload
        choice = self._choices.get(do)
        if choice is None:
            raise InvalidPayload("this version has no such choice")
        choice(self)

    @property
    def key(self) -> KeyView:
        """The key that the payload names. Raises KeyNotFound, InvalidPayload."""
        return self.context.key(self.payload.key)

    @property
    def trigger(self) -> str:
        """The trigger id, which opens one modal within 3 s."""
        return str(self.body["trigger_id"])

    @property
    def view(self) -> View:
        """The modal that was submitted, or in which a button was pressed."""
        return cast(View, self.body["view"])

    @property
    def action(self) -> Body:
        """The element that was pressed."""
        return cast(Body, self.body["actions"][0])

    def ref(self, **parts: str) -> ActionPayload:
        """Return a new payload with the present time."""
        return ActionPayload(self.context.clock.now(), **parts)

    def acknowledge(self, **answer: Any) -> bool:
        """Acknowledge the request, with an answer if there is one.

        Returns:
            False if it was acknowledged before; then `answer` was not sent.
        """
        with self._guard:
            if self.acknowledged.is_set():
                return False
            self.acknowledged.set()
            self._ack(**answer)
            return True

    @contextmanager
    def ack_before_deadline(self) -> Iterator[None]:
        """Acknowledge early if the work inside takes long, such as a search in 100,000 keys.

        Not for modals, whose acknowledgement is the answer.
        """
        if self.body.get("type") == "view_submission":
            yield
            return
        trace = tracing.current()
        waited = time.perf_counter() - trace.started if trace is not None else 0.0
        # What has waited for long gets a little time all the same, or all would be answered late.
        timer = threading.Timer(max(ACK_DEADLINE - waited, ACK_DEADLINE / 3), self.acknowledge)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def say(self, message: Message, *, replace: bool = False, title: str = _TITLE) -> None:
        """Show a message to this user only.

        Args:
            replace: whether it replaces the message whose button was pressed.
            title: the title where it is shown as a modal, which may be a user's words; a heading
                with the same words is left out there.

        Raises:
            SlackError: if it could not be shown.
        """
        slack = self.context.slack
        # Before the acknowledgement there is no time to ask Slack for names.
        quick = slack.shown_to_one(message, ask=False)
        if self.body.get("type") == "view_submission":
            self.show(_as_modal(quick, title))
        elif "command" in self.body and self.acknowledge(response_type="ephemeral", **quick):
            return
        elif "view" in self.body:
            self._say_in_view(_as_modal(quick, title), replace=replace)
        elif "response_url" not in self.body and "trigger_id" in self.body:
            # A shortcut from the menu of the whole workspace belongs to no message.
            self.acknowledge()
            slack.open_view(self.trigger, _as_modal(quick, title))
        else:
            self.acknowledge()
            options = {"response_type": "ephemeral", "replace_original": replace}
            named = slack.shown_to_one(message, ask=True)
            self.context.respond_to_url(
                str(self.body.get("response_url", "")), {**named, **options}
            )

    def _say_in_view(self, view: View, *, replace: bool) -> None:
        """Show a modal, after a press in a modal or in App Home."""
        self.acknowledge()
        slack = self.context.slack
        if replace and self.view.get("type") == "modal":
            slack.update_view(str(self.view["id"]), view)
        else:
            self.open(view)

    def open(self, view: View) -> None:
        """Open a modal, above the one in which a button was pressed. Raises SlackError."""
        slack = self.context.slack
        above = "view" in self.body and self.view.get("type") == "modal"
        (slack.push_view if above else slack.open_view)(self.trigger, view)

    def refuse_inputs(self, errors: Mapping[str, str]) -> None:
        """Show each error at its input.

        Args:
            errors: by the input's name, without a version.
        """
        placed = {
            form_values.block_now(self.view, name): visible(redact(why))
            for name, why in errors.items()
        }
        self.acknowledge(response_action="errors", errors=placed)

    def read(self, build: Callable[[], Op]) -> Op | None:
        """Return the operation that was filled in, or show errors at its inputs.

        Args:
            build: creates the operation from the modal's values.

        Returns:
            None if an input was refused.

        Raises:
            DomainError, ValidationError: if the error belongs to no input of this modal.
        """
        try:
            return build()
        except (ValidationError, DomainError) as error:
            self._refuse(error)
            return None

    def submit(self, build: Callable[[], Operation[T]]) -> Outcome[T] | None:
        """Execute the operation that was filled in; see `read`."""
        try:
            return self.execute(build())
        except (ValidationError, DomainError) as error:
            self._refuse(error)
            return None

    def _refuse(self, error: ValidationError | DomainError) -> None:
        inputs = set(map(ids.unversioned, self.view["state"]["values"]))
        found = [(_INPUTS.get(name, name), why) for name, why in problems(error)]
        errors = {name: why for name, why in found if name in inputs}
        if not errors:
            raise error
        self.refuse_inputs(errors)

    def show(self, view: View) -> None:
        """Replace the submitted modal. Raises SlackError."""
        if not self.acknowledge(response_action="update", view=view):
            self.context.slack.update_view(str(self.view["id"]), view)

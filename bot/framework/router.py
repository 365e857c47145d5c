"""The router: what may be typed, pressed and submitted, what is listened to, and who may.

`allow=` has no default: every registration says who may. The rule is asked before the
handler runs, and again by `execute` with the row in hand.

What can be chosen is a route too, with a rule of its own: one feature leads to another by it and
imports nothing of it (`Interaction.choose`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from slack_bolt import Ack, App, BoltContext

from bot.framework.context import IN_BOLT
from bot.framework.failures import answer, refuse
from bot.framework.interaction import Body, Handler, Interaction
from bot.framework.slack_event import EventHandler, event_listener
from bot.server import request_log
from bot.server.replay_protection import Events
from bot.ui import replies
from keys.changes.authorization import Denied, Permission

# A handler may take more than the interaction, for callers that call it by name.
H = TypeVar("H", bound=Callable[..., None])
# Bolt asks its listeners in the order of their registration, so this is asked last.
_ANY = re.compile(".*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that is registered.

    Attributes:
        kind: `action`, `view`, `command` or `choice`.
    """

    kind: str
    id: str
    allow: Permission
    handler: Handler


@dataclass(frozen=True, slots=True)
class EventRoute:
    """One event that is listened to; `id` is what Slack calls it."""

    id: str
    allow: Permission
    handler: EventHandler


class Router:
    """The routes of one feature."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self.events: list[EventRoute] = []

    def action(self, action_id: str, *, allow: Permission) -> Callable[[H], H]:
        """Register what a button, a menu or a search does."""
        return self._add("action", action_id, allow)

    def view(self, callback_id: str, *, allow: Permission) -> Callable[[H], H]:
        """Register what submitting a modal does."""
        return self._add("view", callback_id, allow)

    def command(self, name: str, *, allow: Permission) -> Callable[[H], H]:
        """Register what typing a slash command does."""
        return self._add("command", name, allow)

    def choice(self, do: str, *, allow: Permission) -> Callable[[H], H]:
        """Register what a choice does, such as an entry of a key's menu (Interaction.choose)."""
        return self._add("choice", do, allow)

    def event(self, kind: str, *, allow: Permission) -> Callable[[EventHandler], EventHandler]:
        """Register what follows from an event. Slack reports it, so its caller is the system."""

        def register(handler: EventHandler) -> EventHandler:
            self.events.append(EventRoute(kind, allow, handler))
            return handler

        return register

    def _add(self, kind: str, id_: str, allow: Permission) -> Callable[[H], H]:
        def register(handler: H) -> H:
            self.routes.append(Route(kind, id_, allow, handler))
            return handler

        return register


def mount(app: App, routers: Iterable[Router]) -> None:
    """Have Bolt call the handlers of these routers; what none of them knows is answered too.

    Raises:
        ValueError: if an id or an event is registered twice.
    """
    routers = tuple(routers)
    routes, seen = list(routes_of(routers)), Events()
    choices = {route.id: _guarded(route) for route in routes if route.kind == "choice"}
    register = {"action": app.action, "view": app.view, "command": app.command}
    for route in routes:
        if route.kind in register:
            register[route.kind](route.id)(_listener(_guarded(route), choices))
    app.action(_ANY)(_listener(_unknown, choices))
    app.view(_ANY)(_listener(_unknown, choices))
    for event in events_of(routers):
        app.event(event.id)(event_listener(event.handler, allow=event.allow, seen=seen))


def routes_of(routers: Iterable[Router]) -> Iterator[Route]:
    """Every route. Raises ValueError if an id is registered twice."""
    seen: set[tuple[str, str]] = set()
    for router in routers:
        for route in router.routes:
            if (route.kind, route.id) in seen:
                raise ValueError(f"the {route.kind} {route.id} is registered twice")
            seen.add((route.kind, route.id))
            yield route


def events_of(routers: Iterable[Router]) -> Iterator[EventRoute]:
    """Every event that is listened to. Raises ValueError if one is registered twice."""
    seen: set[str] = set()
    for router in routers:
        for event in router.events:
            if event.id in seen:
                raise ValueError(f"the event {event.id} is registered twice")
            seen.add(event.id)
            yield event


def _guarded(route: Route) -> Handler:
    def handle(interaction: Interaction) -> None:
        if permitted(interaction, route.allow):
            route.handler(interaction)

    return handle


def _listener(
    handler: Handler, choices: Mapping[str, Handler]
) -> Callable[[Ack, Body, BoltContext], None]:
    """Make a listener for Bolt of a handler.

    Nothing is raised: an exception after an acknowledgement could take it back.
    """

    def listen(ack: Ack, body: Body, context: BoltContext) -> None:
        interaction = Interaction(context[IN_BOLT], body, ack, choices)
        with request_log.at_work(context, body), answer(interaction):
            handler(interaction)

    return listen


def permitted(interaction: Interaction, allow: Permission) -> bool:
    """Whether the person may; if not, they have been told so.

    Raises:
        InvalidPayload: if what they pressed does not say what it is about.
    """
    decision = interaction.decide(allow)
    if isinstance(decision, Denied):
        refuse(interaction, decision.reason)
        return False
    return True


def _unknown(interaction: Interaction) -> None:
    """Answer a button or a modal that this version does not have."""
    interaction.say(replies.expired())

"""Routes of commands, presses, submissions and events to handlers, each with a permission.

`allow=` has no default: every registration says who may. The rule is checked before the handler
runs, and again by `execute` with the row in hand.

Choices, such as the entries of a key's menu, are routes too, each with its own rule: one feature
can open another without importing it (`Interaction.choose`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from bot.framework.failures import refuse
from bot.framework.interaction import Handler, Interaction
from bot.framework.slack_event import EventHandler
from keys.changes.authorization import Denied, Permission

# A handler may have further parameters, for callers that call it directly.
H = TypeVar("H", bound=Callable[..., None])
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Route:
    """A registered handler.

    Attributes:
        kind: `action`, `view`, `command` or `choice`.
    """

    kind: str
    id: str
    allow: Permission
    handler: Handler


@dataclass(frozen=True, slots=True)
class EventRoute:
    """A handler of an event; `id` is the name of Slack's event."""

    id: str
    allow: Permission
    handler: EventHandler


class Router:
    """The routes of one feature."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self.events: list[EventRoute] = []

    def action(self, action_id: str, *, allow: Permission) -> Callable[[H], H]:
        """Register the handler of a button, a menu or a search box."""
        return self._add("action", action_id, allow)

    def view(self, callback_id: str, *, allow: Permission) -> Callable[[H], H]:
        """Register the handler of a submitted modal."""
        return self._add("view", callback_id, allow)

    def command(self, *, allow: Permission) -> Callable[[H], H]:
        """Register the handler of the slash command, whatever an installation names it."""
        return self._add("command", "", allow)

    def choice(self, do: str, *, allow: Permission) -> Callable[[H], H]:
        """Register the handler of a choice, such as an entry of a key's menu."""
        return self._add("choice", do, allow)

    def event(self, kind: str, *, allow: Permission) -> Callable[[EventHandler], EventHandler]:
        """Register the handler of an event; its caller is the system."""

        def register(handler: EventHandler) -> EventHandler:
            self.events.append(EventRoute(kind, allow, handler))
            return handler

        return register

    def _add(self, kind: str, id_: str, allow: Permission) -> Callable[[H], H]:
        def register(handler: H) -> H:
            self.routes.append(Route(kind, id_, allow, handler))
            return handler

        return register


def routes_of(routers: Iterable[Router]) -> Iterator[Route]:
    """Yield every route. Raises ValueError if an id is registered twice."""
    found = (route for router in routers for route in router.routes)
    return _once(found, lambda route: f"the {route.kind} {route.id}")


def events_of(routers: Iterable[Router]) -> Iterator[EventRoute]:
    """Yield every route of an event. Raises ValueError if one is registered twice."""
    found = (event for router in routers for event in router.events)
    return _once(found, lambda event: f"the event {event.id}")


def _once(registered: Iterable[R], name: Callable[[R], str]) -> Iterator[R]:
    names: set[str] = set()
    for one in registered:
        if name(one) in names:
            raise ValueError(f"{name(one)} is registered twice")
        names.add(name(one))
        yield one


def permitted(interaction: Interaction, allow: Permission) -> bool:
    """Return whether the user may; if not, tell them.

    Raises:
        InvalidPayload: if the rule needs the payload, and it cannot be read.
    """
    decision = interaction.decide(allow)
    if isinstance(decision, Denied):
        refuse(interaction, decision.reason)
        return False
    return True

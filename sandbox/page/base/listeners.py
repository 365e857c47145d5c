"""Bring what happens in the browser to its handler, even if the element is gone meanwhile.

NiceGUI drops what an element sends once it has been rendered again, and takes away the slot that
a handler runs in. A person who is quick would lose a click, or see an error. So all elements send
through the page itself: it lives as long as the tab, and knows the handlers of elements that have
just been removed.
"""

import json
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from nicegui import Client, helpers, ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from sandbox.base.errors import GoneError, SandboxError

_log = logging.getLogger("sandbox")

Handler = Callable[..., Any]

_EVENT = "practice"
_OUTDATED = "This has changed in the meantime. Look again, then press."
_KEPT_SECONDS = 10.0
"""Seconds for which a removed element's handlers still answer: longer than any answer takes."""


class Listeners:
    """The handlers of one tab's elements, by the token that each was given.

    Args:
        client: the tab. What the browser sends is handled as though its layout had sent it.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._handlers: dict[str, Handler] = {}
        self._removed: deque[tuple[float, list[str]]] = deque()
        client.layout.on(_EVENT, self._handle)

    def add(self, handler: Handler) -> str:
        """Return a new token for a handler."""
        token = uuid4().hex
        self._handlers[token] = handler
        return token

    def forget_later(self, tokens: list[str]) -> None:
        """Forget a removed element's handlers, once what was under way has arrived."""
        now = time.monotonic()
        self._removed.append((now + _KEPT_SECONDS, tokens))
        while self._removed and self._removed[0][0] < now:
            for token in self._removed.popleft()[1]:
                self._handlers.pop(token, None)

    def _handle(self, event: GenericEventArguments) -> Awaitable[None] | None:
        token, *args = event.args if isinstance(event.args, list) else [event.args]
        handler = self._handlers.get(token)
        if handler is None:
            self._say(_OUTDATED)
            return None
        try:
            if helpers.expects_arguments(handler):
                result = handler(replace(event, args=args[0] if len(args) == 1 else args))
            else:
                result = handler()
        except SandboxError as error:
            self._say_refused(error)
            return None
        return self._finished(result) if helpers.should_await(result) else None

    async def _finished(self, result: Awaitable[Any]) -> None:
        try:
            await result
        except SandboxError as error:
            self._say_refused(error)

    def _say_refused(self, error: SandboxError) -> None:
        """Say what Slack's window would not have offered; the details are for developers."""
        _log.info("the page refused what a user did: %s", error)
        self._say(_OUTDATED if isinstance(error, GoneError) else "Slack does not accept that here.")

    def _say(self, text: str) -> None:
        if not self._client.is_deleted:
            with self._client.content:
                ui.notify(text, type="info")


_of_clients: WeakKeyDictionary[Client, Listeners] = WeakKeyDictionary()


def _listeners(client: Client) -> Listeners:
    if client not in _of_clients:
        _of_clients[client] = Listeners(client)
    return _of_clients[client]


class LateEvents(Element):
    """An element whose events arrive even if it has been removed since they happened."""

    def listen(
        self, type_: str, handler: Handler, js_handler: str = "() => emit()", *, of: Any = None
    ) -> None:
        """Call `handler` when an event happens.

        Args:
            type_: the event's name, with modifiers such as ``keydown.esc``.
            handler: takes the event, whose `args` are what `js_handler` emits, or nothing.
            js_handler: a JavaScript function of the browser's event, which calls ``emit(…)``.
            of: the element it happens to, if not this one; it must be inside this one.
        """
        listeners = _listeners(self.client)
        token = listeners.add(handler)
        self._tokens().append(token)
        send = f"(...args) => practiceSlack.tell({json.dumps(token)}, args)"
        element: Element = self if of is None else of
        element.on(type_, js_handler=f"(e) => {{ const emit = {send}; ({js_handler})(e); }}")

    def _tokens(self) -> list[str]:
        made: list[str] = self.__dict__.setdefault("_listener_tokens", [])
        return made

    def _handle_delete(self) -> None:
        if self._tokens():
            _listeners(self.client).forget_later(self._tokens())
        super()._handle_delete()

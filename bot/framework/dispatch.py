"""Dispatch each of Slack's requests to its one listener: every kind of payload is acknowledged.

It stands behind Bolt's own middleware, in place of its list of listeners: Bolt asks each of them in
turn, raises if a payload has another shape than it expects, and acknowledges nothing that none of
them takes.

    known          the handler of its route
    unknown        an answer that its button is from an older version (bot.framework.outdated)
    not answered   such as a closed modal: only an acknowledgement
    too many       an answer that the app is busy, before anything is done (bot.server.pools)
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping

from slack_bolt import Ack, App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.listener import CustomListener

from bot.framework import outdated
from bot.framework.context import IN_BOLT
from bot.framework.failures import answer
from bot.framework.interaction import Body, Handler, Interaction
from bot.framework.router import Route, Router, events_of, permitted, routes_of
from bot.framework.slack_event import event_listener
from bot.server import request_log
from bot.server.metrics import Metrics
from bot.server.pools import ListenerThreads, arrived
from bot.server.replay_protection import Events
from bot.server.request_kinds import (
    COMMAND,
    EVENT,
    SUBMISSION,
    SUGGESTIONS,
    UNANSWERED,
    id_of,
    kind_of,
)
from bot.ui import replies
from bot.ui.blocks import result_modal
from runtime import tracing

logger = logging.getLogger("bot")

# In seconds. Slack waits 3 s; a request that has waited longer than this could be acknowledged too
# late, after its work was done.
WAITED_MAX = 1.0
_LOG_SECONDS = 10.0
_KINDS = {"block_actions": "action", SUBMISSION: "view"}


class Dispatcher:
    """The listeners of an app, by the kind and id of what they take.

    Args:
        routers: what is known.
        threads: where Bolt runs the listeners.
        metrics: counts the requests that are refused.

    Raises:
        ValueError: if an id or an event is registered twice.
    """

    def __init__(
        self, routers: Iterable[Router], threads: ListenerThreads, metrics: Metrics
    ) -> None:
        routers = tuple(routers)
        self._threads = threads
        self._metrics = metrics
        self._logged_at = -_LOG_SECONDS
        routes, seen = list(routes_of(routers)), Events()
        choices = {route.id: _guarded(route) for route in routes if route.kind == "choice"}
        self._known = {
            (route.kind, route.id): _listener(_guarded(route), choices)
            for route in routes
            if route.kind != "choice"
        }
        self._events = {
            event.id: _bolt(event_listener(event.handler, allow=event.allow, seen=seen), event=True)
            for event in events_of(routers)
        }
        self._ignored = _bolt(lambda: None, event=True)
        self._suggestions = _bolt(_suggest_nothing)
        self._unknown = _listener(outdated.tell, choices)
        self._busy = _listener(_say_busy, choices)

    def refuse(self, body: Body) -> BoltResponse | None:
        """Return the answer that the app is busy, if it is, and if the acknowledgement can hold it.

        It costs next to nothing: neither the database nor Slack is asked, and no thread is started.
        """
        kind = kind_of(body)
        if kind not in (COMMAND, SUBMISSION) or not self._is_busy():
            return None
        self._count_refused()
        message = replies.busy()
        if kind == COMMAND:
            return BoltResponse(status=200, body={"response_type": "ephemeral", **message})
        view = result_modal("API keys", message["blocks"])
        return BoltResponse(status=200, body={"response_action": "update", "view": view})

    def dispatch(self, app: App, request: BoltRequest) -> BoltResponse:
        """Run the listener, and return the acknowledgement as soon as it is made."""
        body = request.body
        if kind_of(body) == EVENT:
            if self._threads.events_are_full:
                return BoltResponse(status=503)
            with self._threads.for_event():
                return self._run(app, request, self._events.get(id_of(body), self._ignored))
        if self._threads.is_full:
            logger.error("too many listeners are at work, so a request is not acknowledged")
            return BoltResponse(status=503)
        return self._run(app, request, self._find(body))

    def _find(self, body: Body) -> CustomListener:
        kind = kind_of(body)
        if kind in SUGGESTIONS:
            return self._suggestions
        if kind in UNANSWERED:
            return self._ignored
        if kind not in (COMMAND, SUBMISSION) and self._is_busy():
            self._count_refused()
            return self._busy
        # Slack sends only commands of this app's, however its manifest names them.
        known = (COMMAND, "") if kind == COMMAND else (_KINDS.get(kind, ""), id_of(body))
        return self._known.get(known, self._unknown)

    def _is_busy(self) -> bool:
        return self._threads.is_busy or time.perf_counter() - arrived() > WAITED_MAX

    def _count_refused(self) -> None:
        self._metrics.count_busy()
        now = time.monotonic()
        if now - self._logged_at > _LOG_SECONDS:
            self._logged_at = now
            logger.warning(
                "The app is busy, and refuses requests: %s listeners are at work.",
                self._threads.running,
            )

    def _run(self, app: App, request: BoltRequest, listener: CustomListener) -> BoltResponse:
        acknowledged = app.listener_runner.run(
            request=request,
            response=None,  # type: ignore[arg-type]  # else Bolt returns this one
            listener_name=id_of(request.body),
            listener=listener,
        )
        return acknowledged or BoltResponse(status=503)


def mount(app: App, dispatcher: Dispatcher) -> None:
    """Have Bolt dispatch its requests, after its own middleware and that which was added before."""

    def dispatch(req: BoltRequest) -> BoltResponse:
        return dispatcher.dispatch(app, req)

    app.middleware(dispatch)


def _guarded(route: Route) -> Handler:
    def handle(interaction: Interaction) -> None:
        if permitted(interaction, route.allow):
            route.handler(interaction)

    return handle


def _listener(handler: Handler, choices: Mapping[str, Handler]) -> CustomListener:
    """Turn a handler into a listener for Bolt.

    It raises nothing: an exception could replace an acknowledgement that was already made.
    """

    def listen(ack: Ack, body: Body, context: BoltContext) -> None:
        interaction = Interaction(context[IN_BOLT], body, ack, choices)
        with request_log.at_work(context, body), answer(interaction):
            handler(interaction)

    return _bolt(listen)


def _bolt(work: Callable[..., None], *, event: bool = False) -> CustomListener:
    """Return a listener; one for an event is acknowledged by Bolt before it runs."""
    return CustomListener(
        app_name="apikeys", ack_function=work, lazy_functions=[], matchers=[], middleware=[],
        auto_acknowledgement=event,
    )  # fmt: skip


def _suggest_nothing(ack: Ack) -> None:
    ack(options=[])


def _say_busy(interaction: Interaction) -> None:
    tracing.annotate(outcome="busy")
    interaction.say(replies.busy())

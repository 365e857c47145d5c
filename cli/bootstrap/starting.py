"""Open the application, and wait for its database if that is away for the moment."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cli.bootstrap.application import Application, open_application
from gateway.base.gateway_log import GatewayLog
from gateway.routes.waiting import waiting
from runtime.clock import Clock, SystemClock
from runtime.errors import StorageUnavailable
from runtime.http_server import serve_in_thread
from runtime.stopping import until_stopped
from settings import Settings

_PAUSES = (0.2, 0.5, 1.0, 2.0)


def open_when_available(
    settings: Settings,
    stop: threading.Event,
    *,
    with_gateway: bool,
    clock: Clock | None = None,
) -> Application | None:
    """Open the application; wait for the database as long as the settings say.

    Args:
        with_gateway: whether to answer at the gateway's address meanwhile, alive and not ready.
        clock: as in `open_application`.

    Returns:
        None if `stop` was set first.

    Raises:
        StorageUnavailable: if the database stays away, or if waiting is no remedy.
        Exception: what `open_application` raises otherwise.
    """

    def opened() -> Application:
        return open_application(settings, clock)

    started_at = time.monotonic()
    try:
        return until_stopped(opened, stop)
    except StorageUnavailable as error:
        if error.permanent or not settings.database_wait_seconds:
            raise
        _say_waiting(error, settings.database_wait_seconds)
    with _answering(settings.gateway_listen if with_gateway else ""):
        attempt = 0
        while not stop.wait(_PAUSES[min(attempt, len(_PAUSES) - 1)]):
            attempt += 1
            try:
                return until_stopped(opened, stop)
            except StorageUnavailable as error:
                late = time.monotonic() - started_at > settings.database_wait_seconds
                if error.permanent or late:
                    raise
    return None


def _say_waiting(error: StorageUnavailable, seconds: float) -> None:
    GatewayLog(SystemClock()).event(
        logging.WARNING,
        "waiting_for_database",
        cause=str(error),
        remedy=f"It is waited for, for {seconds:g} s (APIKEYS_DATABASE_WAIT_SECONDS). Until then "
        "no key is accepted.",
    )


@contextmanager
def _answering(listen: str) -> Iterator[None]:
    if not listen:
        yield
        return
    host, _, port = listen.rpartition(":")
    running = serve_in_thread(waiting, host.strip("[]"), int(port))
    try:
        yield
    finally:
        # Its address is free again for the gateway.
        running.stop()

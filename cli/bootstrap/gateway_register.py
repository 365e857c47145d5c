"""Register a gateway in the database, under an id of its own for each start."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from sqlmodel import Session

from cli.bootstrap.application import Application
from keys.base.ids import new_id
from keys.changes import gateways
from storage import reading, writing


class GatewayRegister:
    """See `gateway.cache.heartbeat.Register`; for use in one thread at a time.

    A confirmation need not survive a power cut, which also ends the operation that waits for it.
    """

    def __init__(self, application: Application, name: str, listening: str = "") -> None:
        """Prepare to register.

        Args:
            name: shown to people.
            listening: where it listens; see runtime.listening. Earlier gateways there have ended.
        """
        self._application = application
        self._name = name
        self._prefix = f"gw_{listening}_" if listening else ""
        self.gateway_id = ""
        self._last: datetime | None = None

    def announce(self) -> None:
        """See `Register`."""
        before, gateway_id, now = self.gateway_id, self._new_id(), self._now
        with self._writing() as session:
            if before:
                gateways.stopped(session, before, now)
            gateways.announce(session, gateway_id, self._name, now, replaces=self._prefix)
        self.gateway_id, self._last = gateway_id, now

    def heartbeat(self) -> bool:
        """See `Register`."""
        now = self._now
        with self._writing() as session:
            found = gateways.heartbeat(session, self.gateway_id, now, self._last)
        if found:
            self._last = now
        else:
            self.announce()
        return found

    def confirm(self, fences: Sequence[str]) -> bool:
        """See `Register`."""
        now = self._now
        with self._writing() as session:
            if found := gateways.heartbeat(session, self.gateway_id, now, self._last):
                gateways.confirm(session, self.gateway_id, fences, now)
        if found:
            self._last = now
            return True
        self.announce()
        with self._writing() as session:
            gateways.confirm(session, self.gateway_id, fences, now)
        return False

    def newest_fences(self) -> list[str]:
        """See `Register`."""
        with reading(self._application.engine) as session:
            return gateways.newest_fences(session)

    def purge(self) -> None:
        """See `Register`."""
        with self._writing() as session:
            gateways.purge(session, self._now)

    def stopped(self) -> None:
        """See `Register`."""
        with self._writing() as session:
            gateways.stopped(session, self.gateway_id, self._now)

    def _new_id(self) -> str:
        made = new_id("gw")
        return f"{self._prefix}{made.removeprefix('gw_')}" if self._prefix else made

    @property
    def _now(self) -> datetime:
        return self._application.clock.now()

    def _writing(self) -> AbstractContextManager[Session]:
        return writing(self._application.engine, durable=False)

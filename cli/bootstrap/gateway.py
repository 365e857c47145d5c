"""Putting the gateway together: its memory, its feed of changes, its threads, and its server."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from cli.bootstrap.application import Application
from gateway.app import Gateway, build
from gateway.background_tasks import GatewayTasks
from gateway.base.gateway_log import GatewayLog
from gateway.base.metrics import Metrics
from gateway.base.options import Options, read_networks
from gateway.cache.heartbeat import Heartbeat
from gateway.cache.invalidation import CacheInvalidator
from gateway.cache.replica_positions import ReplicaPositions
from gateway.cache.verdict_cache import VerdictCache
from gateway.usage.rehash_queue import RehashQueue
from gateway.usage.usage_recorder import UsageRecorder
from gateway.verification.replica import Replica
from gateway.verification.verifier import CachingVerifier
from keys.base.ids import new_id
from keys.changes import gateways
from keys.transfer import import_keys
from keys.usage.usage import Use, record_uses
from runtime.http_server import Running, serve_in_thread
from settings import Settings, SettingsError
from storage import writing
from storage.change_feed import open_feed
from storage.replica_lookup import ReplicaLookup
from storage.secret_lookup import Lookup

_SWITCH_SECONDS = 0.000_5
# Objects, then collections of the generation before.
_COLLECT_AFTER = (10_000, 20, 20)


def start_gateway(application: Application, settings: Settings) -> Running:
    """Start the gateway in a thread of its own.

    Raises:
        SettingsError: if a setting cannot be read.
        ListenError: if the address is taken.
        StartError: if the database cannot be reached.
    """
    _tune_interpreter()
    host, _, port = settings.gateway_listen.rpartition(":")
    app = assemble(application, _options(settings), _name(settings.gateway_listen))
    running = serve_in_thread(app, host.strip("[]"), int(port), fast_path=app.fast_path)
    gc.collect()
    gc.freeze()
    return running


def _tune_interpreter() -> None:
    """Make Python a better server of many small requests.

    Sources: https://docs.python.org/3/library/sys.html#sys.setswitchinterval,
    https://docs.python.org/3/library/gc.html#gc.set_threshold.
    """
    # What lets go of the interpreter, as each read of the database does, has to wait for it as long
    # as another thread is busy: 5 ms, unless this says less. While last uses were written, tokens
    # that are not in memory were verified at 300 a second instead of 10,000.
    sys.setswitchinterval(_SWITCH_SECONDS)
    # Everything that lives is looked at again and again while tokens are remembered, for garbage
    # that refers to itself, of which they make none: with Python's own figures (700, 10, 10) that
    # took a third of the time for a new token. What there is by now is left out (`gc.freeze`).
    gc.set_threshold(*_COLLECT_AFTER)


def assemble(application: Application, options: Options, name: str) -> Gateway:
    """The gateway as an application, with everything that it does beside answering.

    Args:
        name: what people know it by; of two with the same name, the later takes the other's place.
    """
    clock = application.clock
    report, metrics = GatewayLog(clock), Metrics()
    memory = VerdictCache(clock, max_keys=options.cached_tokens)
    presence = Heartbeat(_Register(application, new_id("gw"), name), report)
    ledger = ReplicaPositions()
    follower = CacheInvalidator(
        open_feed(application.direct, places=application.replica is not None),
        memory,
        report,
        presence.confirm,
        clock,
        lease=options.lease,
        grace=options.grace,
        positions=ledger,
    )
    replica = None
    if application.replica is not None:
        lookup = ReplicaLookup(application.replica, application.direct, lambda: ledger.newest)
        replica = Replica(lookup, ledger, options, report, clock)
    uses = UsageRecorder(_writer(application), report, options.flush_every, options.trusted_proxies)
    upgrades = RehashQueue(application.peppers, _upgrader(application), report, options.flush_every)
    metrics.watch("remembered_tokens", "Good tokens in memory.", lambda: len(memory))
    metrics.watch("last_used_backlog", "Secrets with unwritten uses.", lambda: uses.backlog)
    metrics.watch("feed_alive", "1 while changes are followed.", lambda: float(follower.alive))
    metrics.watch(
        "feed_lag_seconds", "Time since it was proven that no change was missed.",
        lambda: follower.lag,
    )  # fmt: skip

    checker = CachingVerifier(
        Lookup(application.direct),
        application.peppers,
        clock,
        memory,
        options,
        metrics,
        upgrades,
        replica,
    )
    return build(
        checker,
        options,
        clock,
        usage_recorder=uses,
        ready=application.check_connection,
        log=report,
        metrics=metrics,
        cache=memory,
        try_read_now=checker.try_read_now,
        background_tasks=GatewayTasks(follower, presence, upgrades),
    )


def _options(settings: Settings) -> Options:
    try:
        proxies = read_networks(settings.trusted_proxies)
    except ValueError as error:
        raise SettingsError(f"APIKEYS_TRUSTED_PROXIES: {error}.") from error
    return Options(
        flush_every=settings.last_used_seconds,
        trusted_proxies=proxies,
        cached_tokens=settings.remembered_tokens,
        grace=settings.grace_seconds,
    )


def _name(listen: str) -> str:
    port = listen.rpartition(":")[2]
    # Port 0 is a new one each time, so it names nobody.
    return f"{socket.gethostname()}:{port if port != '0' else f'pid-{os.getpid()}'}"


def _writer(application: Application) -> Callable[[Mapping[str, Use]], None]:
    def write(uses: Mapping[str, Use]) -> None:
        with writing(application.engine, durable=False) as session:
            record_uses(session, uses)

    return write


def _upgrader(application: Application) -> Callable[[Mapping[str, import_keys.Upgrade]], None]:
    def write(upgrades: Mapping[str, import_keys.Upgrade]) -> None:
        with writing(application.engine, durable=False) as session:
            import_keys.upgrade(session, upgrades)

    return write


@dataclass(frozen=True, slots=True)
class _Register:
    """Notes a gateway in the database; see `gateway.cache.heartbeat.Register`.

    A confirmation need not survive a power cut, which ends what it was waited for as well.
    """

    application: Application
    gateway_id: str
    name: str

    def announce(self) -> None:
        """See there."""
        self._write(lambda s: gateways.announce(s, self.gateway_id, self.name, self._now))

    def heartbeat(self) -> None:
        """See there."""
        self._write(lambda s: gateways.heartbeat(s, self.gateway_id, self._now))

    def confirm(self, fences: Sequence[str]) -> None:
        """See there."""
        self._write(lambda s: gateways.confirm(s, self.gateway_id, fences, self._now))

    def purge(self) -> None:
        """See there."""
        self._write(lambda s: gateways.purge(s, self._now))

    def stopped(self) -> None:
        """See there."""
        self._write(lambda s: gateways.stopped(s, self.gateway_id, self._now))

    @property
    def _now(self) -> datetime:
        return self.application.clock.now()

    def _write(self, what: Callable[[Session], None]) -> None:
        with writing(self.application.engine, durable=False) as session:
            what(session)

"""Build the gateway: its cache, its change feed, its threads, and its server."""

from __future__ import annotations

import gc
import os
import resource
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from cli.bootstrap.application import Application
from cli.bootstrap.gateway_register import GatewayRegister
from gateway.app import Gateway, build
from gateway.background_tasks import GatewayTasks
from gateway.base.client_address import Proxies
from gateway.base.gateway_log import GatewayLog
from gateway.base.metrics import Metrics
from gateway.base.options import Options, read_networks
from gateway.cache.heartbeat import Heartbeat
from gateway.cache.invalidation import CacheInvalidator
from gateway.cache.replica_positions import ReplicaPositions
from gateway.cache.verdict_cache import VerdictCache
from gateway.usage.anchor_writer import AnchorWriter
from gateway.usage.rehash_queue import RehashQueue
from gateway.usage.usage_recorder import UsageRecorder
from gateway.verification.replica import Replica
from gateway.verification.verifier import CachingVerifier
from keys.integrity.findings import Finding
from keys.integrity.follow import AnchorUpdater
from keys.transfer import import_keys
from keys.usage.usage import Use, record_uses
from runtime.errors import StorageReadOnly
from runtime.http_server import Running, serve_in_thread
from runtime.listening import listening_id
from settings import Settings, SettingsError
from storage import reading, writing
from storage.change_feed import open_feed
from storage.replica_lookup import ReplicaLookup
from storage.secret_lookup import Lookup

_SWITCH_SECONDS = 0.000_5
# Open files of a process in addition to its connections: of the database, the log, the bot.
_OTHER_FILES = 256
# Objects, then collections of the generation before.
_COLLECT_AFTER = (10_000, 20, 20)


Reports = Mapping[str, Callable[[], Mapping[str, str]]]


def start_gateway(
    application: Application, settings: Settings, reports: Reports = MappingProxyType({})
) -> Running:
    """Start the gateway in a thread of its own.

    Args:
        reports: as in gateway.app.build.

    Raises:
        SettingsError: if a setting cannot be read.
        ListenError: if the address is taken.
        StartError: if the database cannot be reached.
    """
    _tune_interpreter()
    host, _, port = settings.gateway_listen.rpartition(":")
    listen = settings.gateway_listen
    options, name = _options(settings), _name(listen)
    app = assemble(application, options, name, listening_id(listen), reports)
    running = serve_in_thread(
        app, host.strip("[]"), int(port), fast_path=app.fast_path, limits=app.limits
    )
    gc.collect()
    gc.freeze()
    return running


def _tune_interpreter() -> None:
    """Make Python a better server of many small requests.

    Sources: https://docs.python.org/3/library/sys.html#sys.setswitchinterval,
    https://docs.python.org/3/library/gc.html#gc.set_threshold.
    """
    # A thread that releases the interpreter, as each read of the database does, gets it back only
    # after the switch interval if another thread is busy: 5 ms by default. While last uses were
    # written, 300 uncached tokens a second were verified instead of 10,000.
    sys.setswitchinterval(_SWITCH_SECONDS)
    # Caching tokens creates no cyclic garbage, but many objects to scan for it: with Python's
    # defaults (700, 10, 10) that took a third of the time for a new token. Objects that exist when
    # the server starts are not scanned at all (`gc.freeze`).
    gc.set_threshold(*_COLLECT_AFTER)


def assemble(
    application: Application,
    options: Options,
    name: str,
    listening: str = "",
    reports: Reports = MappingProxyType({}),
) -> Gateway:
    """Return the gateway's application, with its background tasks.

    Args:
        name: shown to people; others may have the same.
        listening: where it listens: earlier gateways there have ended; see runtime.listening.
        reports: as in gateway.app.build.
    """
    clock = application.clock
    log, metrics = GatewayLog(clock), Metrics()
    cache = VerdictCache(clock, max_keys=options.cached_tokens)
    heartbeat = Heartbeat(
        GatewayRegister(application, name, listening), log, proven_at=lambda: invalidator.proven_at
    )
    positions = ReplicaPositions()
    invalidator = CacheInvalidator(
        open_feed(application.direct, places=application.replica is not None),
        cache,
        log,
        heartbeat.confirm,
        clock,
        lease=options.lease,
        grace=options.grace,
        positions=positions,
        on_feed=heartbeat.catch_up,
    )
    replica = None
    if application.replica is not None:
        lookup = ReplicaLookup(application.replica, application.direct, lambda: positions.newest)
        replica = Replica(lookup, positions, options, log, clock)
    usage = UsageRecorder(_writer(application), log, clock, options.flush_every, options.proxies)
    upgrades = RehashQueue(
        application.peppers, _upgrader(application), log, min(options.flush_every, 5.0)
    )
    anchors = AnchorWriter(_anchor_step(application), log)
    metrics.watch("remembered_tokens", "Good tokens in memory.", lambda: len(cache))
    metrics.watch("last_used_backlog", "Secrets with unwritten uses.", lambda: usage.backlog)
    metrics.watch("feed_alive", "1 while changes are followed.", lambda: float(invalidator.proven))
    metrics.watch(
        "database_writable", "1 while the gateway's heartbeat is written.",
        lambda: float(heartbeat.writing),
    )  # fmt: skip
    metrics.watch(
        "feed_lag_seconds", "Time since it was proven that no change was missed.",
        lambda: invalidator.lag,
    )  # fmt: skip

    verifier = CachingVerifier(
        Lookup(application.direct),
        application.peppers,
        clock,
        cache,
        options,
        metrics,
        upgrades,
        replica,
    )
    app = build(
        verifier,
        options,
        clock,
        usage_recorder=usage,
        ready=application.check_connection,
        unwritable=lambda: _unwritable(heartbeat),
        log=log,
        metrics=metrics,
        cache=cache,
        try_read_now=verifier.try_read_now,
        background_tasks=GatewayTasks(invalidator, heartbeat, [upgrades, anchors]),
        reports=reports,
    )
    metrics.watch("connections", "Open connections.", lambda: app.limits.connections)
    return app


def _unwritable(heartbeat: Heartbeat) -> str:
    """Return why the database accepts no writes, as the last heartbeat found; empty if it does."""
    problem = heartbeat.problem
    return str(problem) if isinstance(problem, StorageReadOnly) else ""


def _options(settings: Settings) -> Options:
    try:
        trusted = read_networks(settings.trusted_proxies)
    except ValueError as error:
        raise SettingsError(f"APIKEYS_TRUSTED_PROXIES: {error}") from error
    connections = _allowed_connections(settings.gateway_connections)
    return Options(
        flush_every=settings.last_used_seconds,
        proxies=Proxies(trusted, settings.proxies_header.lower().encode()),
        cors_preflight=settings.cors_preflight,
        account=settings.gateway_account,
        cached_tokens=settings.remembered_tokens,
        grace=settings.grace_seconds,
        connections=connections,
        peer_connections=min(settings.gateway_peer_connections, max(connections * 3 // 4, 1)),
        read_timeout=settings.gateway_body_seconds,
    )


def _allowed_connections(wanted: int) -> int:
    """Return how many connections the process can hold, and have the system allow that many.

    Each is an open file. At the system's limit not one could be accepted, not even from a proxy
    that waits, and no file of the database be opened.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = wanted + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < files:
        soft = files if hard == resource.RLIM_INFINITY else min(files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return min(wanted, max(soft - _OTHER_FILES, soft // 2))
    return wanted


def _name(listen: str) -> str:
    port = listen.rpartition(":")[2]
    # Port 0 means another one each time, so it identifies nothing.
    return f"{socket.gethostname()}:{port if port != '0' else f'pid-{os.getpid()}'}"


def _writer(application: Application) -> Callable[[Mapping[str, Use]], None]:
    def write(uses: Mapping[str, Use]) -> None:
        with writing(application.engine, durable=False) as session:
            record_uses(session, uses)

    return write


def _anchor_step(application: Application) -> Callable[[], Sequence[Finding]]:
    updater = AnchorUpdater(application.anchors)

    def step() -> Sequence[Finding]:
        with reading(application.engine) as session:
            return updater.step(session)

    return step


def _upgrader(application: Application) -> Callable[[Mapping[str, import_keys.Upgrade]], None]:
    def write(upgrades: Mapping[str, import_keys.Upgrade]) -> None:
        with writing(application.engine, durable=False) as session:
            import_keys.upgrade(session, upgrades)

    return write

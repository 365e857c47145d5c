"""How many connections the gateway holds follows from its settings and the system's limits."""

from __future__ import annotations

import resource

import pytest

from cli.bootstrap import gateway
from settings import Settings

NONE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("wanted", "soft", "hard", "allowed", "asked"),
    [
        (10_000, 20_000, 20_000, 10_000, None),
        (10_000, NONE, NONE, 10_000, None),
        (10_000, 1_024, 524_288, 10_000, (10_256, 524_288)),
        (10_000, 1_024, NONE, 10_000, (10_256, NONE)),
        (10_000, 1_024, 4_096, 3_840, (4_096, 4_096)),
        (10_000, 1_024, 1_024, 768, (1_024, 1_024)),
        (10_000, 256, 256, 128, (256, 256)),
        (100, 256, 256, 100, (256, 256)),
    ],
)
def test_connections_are_fewer_than_open_files(
    monkeypatch: pytest.MonkeyPatch,
    wanted: int,
    soft: int,
    hard: int,
    allowed: int,
    asked: tuple[int, int] | None,
) -> None:
    said: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: said.append(limits))
    assert gateway._allowed_connections(wanted) == allowed
    assert said == ([] if asked is None else [asked])


@pytest.mark.parametrize(
    ("settings", "connections", "of_one_peer", "body_seconds"),
    [
        ({}, 10_000, 7_500, 10),
        ({"APIKEYS_GATEWAY_CONNECTIONS": 100}, 100, 75, 10),
        ({"APIKEYS_GATEWAY_PEER_CONNECTIONS": 20}, 10_000, 20, 10),
        ({"APIKEYS_GATEWAY_BODY_SECONDS": 3}, 10_000, 7_500, 3),
    ],
)
def test_one_peer_never_takes_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, int],
    connections: int,
    of_one_peer: int,
    body_seconds: float,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (NONE, NONE))
    options = gateway._options(Settings.model_validate(settings))
    assert (options.connections, options.peer_connections) == (connections, of_one_peer)
    assert options.read_timeout == body_seconds

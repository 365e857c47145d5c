"""A gateway that is slow, or hangs: callers wait in order, and hear when to try again."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.base.options import Options
from tests.proxies.echo import Echo, echo
from tests.proxies.proxies import DOCS, Proxy, running
from tests.proxies.raw import head

pytestmark = pytest.mark.sockets
WAITING = 1_200
# Where each configuration says how long it waits for a reply of the gateway, in seconds.
PATIENCE = {
    "nginx.conf": r"location = /_authz.*?proxy_read_timeout (\d+)s",
    "Caddyfile": r"forward_auth.*?response_header_timeout (\d+)s",
    "traefik-dynamic.yml": r"responseHeaderTimeout: (\d+)s",
    "envoy.yaml": r"cluster: gateway, timeout: (\d+)s",
}


@pytest.mark.parametrize("file", PATIENCE)
def test_a_proxy_waits_longer_than_the_gateway(file: str) -> None:
    """Otherwise nobody gets the gateway's own 503, with its Retry-After."""
    found = re.search(PATIENCE[file], (DOCS / file).read_text(encoding="utf-8"), re.DOTALL)
    assert found
    assert float(found[1]) > Options().deadline


def _open(stack: ExitStack, name: str, folder: Path) -> tuple[Proxy, Echo]:
    gateway, api = stack.enter_context(echo()), stack.enter_context(echo())
    proxy = running(name, folder, [gateway.port], api.port, ready=200)
    return stack.enter_context(proxy), gateway


async def _ask(port: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head("/a"))
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


async def _ask_all(port: int) -> Counter[int]:
    return Counter(await asyncio.gather(*(_ask(port) for _ in range(WAITING))))


@pytest.mark.slow
def test_many_callers_may_wait(proxy_name: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        proxy, gateway = _open(stack, proxy_name, tmp_path)
        gateway.delay = 3
        assert asyncio.run(_ask_all(proxy.port)) == {200: WAITING}
    for log in tmp_path.rglob("*log"):
        assert "not enough" not in log.read_text()


@pytest.mark.slow
def test_a_gateway_that_hangs_is_a_503(proxy_name: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        proxy, gateway = _open(stack, proxy_name, tmp_path)
        gateway.delay = 60
        began = time.monotonic()
        assert asyncio.run(_ask(proxy.port)) in (503, 504)
        assert 6 < time.monotonic() - began < 9

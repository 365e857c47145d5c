"""A caller, a proxy, a gateway and an API, one behind the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cli.bootstrap.gateway import assemble
from gateway.app import Gateway
from gateway.base.client_address import Proxies
from gateway.base.options import Options, read_networks
from keys.credentials.tokens import Token
from runtime.http_server import serve_in_thread
from tests.gateway.site import Site
from tests.proxies.echo import Echo, echo
from tests.proxies.proxies import Proxy, running

IDENTITY = ("x-apikey-id", "x-apikey-name", "x-apikey-owner", "x-apikey-scopes", "x-apikey-account")


@dataclass
class Street:
    """A caller, a proxy, one gateway or two, and an API.

    Attributes:
        direct: asks the first gateway itself.
    """

    name: str
    site: Site
    apps: list[Gateway]
    api: Echo
    proxy: Proxy
    client: httpx.Client
    direct: httpx.Client

    def get(self, token: Token | str = "", **headers: str) -> httpx.Response:
        """Ask the API through the proxy."""
        return self.send("GET", token, **headers)

    def send(self, method: str, token: Token | str, **more: Any) -> httpx.Response:
        """The same with any method; `content`, `path` and headers may be added."""
        content, path = more.pop("content", None), more.pop("path", "/documents")
        return self.client.request(method, path, headers=bearer(token) | more, content=content)


def bearer(token: Token | str) -> dict[str, str]:
    """Return the header with a token; none for no token."""
    text = token if isinstance(token, str) else token.reveal()
    return {"Authorization": f"Bearer {text}"} if text else {}


OPTIONS = Options(proxies=Proxies(read_networks("127.0.0.1")), cors_preflight=True)


@contextmanager
def street(
    name: str, folder: Path, gateways: int = 1, changed: Mapping[str, str] = {}
) -> Iterator[Street]:
    """Open the street: the proxy from its file in docs/proxies, and what it stands between."""
    with ExitStack() as stack:
        site = Site(f"sqlite:///{folder / 'keys.db'}")
        stack.callback(site.close)
        apps = [start_gateway(site) for _ in range(gateways)]
        api = stack.enter_context(echo())
        ports = [gateway.port for gateway in site.gateways]
        proxy = stack.enter_context(running(name, folder, ports, api.port, changed))
        client, direct = (
            stack.enter_context(httpx.Client(base_url=url, timeout=20, trust_env=False))
            for url in (proxy.url, site.gateways[0].url)
        )
        yield Street(name, site, apps, api, proxy, client, direct)


def start_gateway(site: Site, port: int = 0) -> Gateway:
    """Start one gateway more."""
    app = assemble(site.application, OPTIONS, f"gateway-{len(site.gateways) + 1}")
    site.gateways.append(serve_in_thread(app, "127.0.0.1", port, fast_path=app.fast_path))
    return app

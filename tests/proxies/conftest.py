"""The proxies' tests run once for each proxy that is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keys.base.models import KeyView
from keys.credentials.tokens import Token
from tests.proxies.proxies import PROXIES, missing
from tests.proxies.street import Street, street


@pytest.fixture(scope="session", params=sorted(PROXIES))
def proxy_name(request: pytest.FixtureRequest) -> str:
    """The name of a proxy."""
    if why := missing(request.param):
        pytest.skip(why)
    name: str = request.param
    return name


@pytest.fixture(scope="module", name="street")
def open_street(proxy_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A street of the module's own."""
    with street(proxy_name, tmp_path_factory.mktemp(proxy_name)) as opened:
        yield opened


@pytest.fixture
def key(street: Street, request: pytest.FixtureRequest) -> tuple[KeyView, Token]:
    """A reading key of the test's own."""
    return street.site.issue(request.node.name[:70])

"""Imported keys before real gateways and a real database."""

from __future__ import annotations

import hashlib
import http.client
from collections.abc import Iterator

import pytest
from sqlmodel import select

from gateway.base.options import Options
from keys.base.actors import Actor
from keys.lifecycle.revoke import revoke_key
from keys.transfer import import_keys
from keys.transfer.import_files import read
from keys.transfer.import_rows import Defaults, check
from runtime.http_server import Running
from storage import reading
from storage.tables import Key, Secret
from tests.gateway.site import Site
from tests.waiting import waits_until

pytestmark = pytest.mark.sockets
KEY = "Ab3dEf6h.kJ8sLq0ZxTnVb2Yc4RfWmPg7HdUe5KiO"
ME = Actor.operator("root@host")


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    opened = Site(database_url)
    opened.open(2, Options(flush_every=0.1))
    yield opened
    opened.close()


def ask(gateway: Running, key: str) -> int:
    """The status for a request that presents this key."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    headers = {"Authorization": f"Bearer {key}", "X-Original-Method": "GET"}
    connection.request("GET", "/authz", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def ask_all(site: Site, key: str = KEY) -> list[int]:
    return [ask(gateway, key) for gateway in site.gateways]


def imports(site: Site, *keys: str) -> None:
    """Imports the keys, and waits until every gateway knows."""
    lines = [f"sha512$${hashlib.sha512(key.encode()).hexdigest()}" for key in keys]
    text = "\n".join(("hash", *lines))
    checked = check(read(text), Defaults(scopes=("read",)), site.services.clock.now())
    entries = checked.entries
    assert len(entries) == len(keys)
    assert site.change(
        lambda change: import_keys.carry_out(change, entries, all_or_nothing=True)
    ).everywhere


def secret(site: Site) -> Secret:
    with reading(site.application.engine) as session:
        return session.exec(select(Secret).where(Secret.imported)).one()


def test_from_unknown_to_upgraded_to_revoked(site: Site) -> None:
    _, ours = site.issue()
    assert ask_all(site) == [401, 401]
    imports(site, KEY)
    assert ask_all(site) == [204, 204]
    assert ask_all(site, KEY + "x") == [401, 401]
    waits_until(lambda: secret(site).algorithm == "hmac")
    changed = secret(site)
    assert changed.digest == site.application.peppers.digest_bytes(KEY.encode(), 1)
    assert ask_all(site) == [204, 204]
    assert ask_all(site, ours.reveal()) == [204, 204]
    with reading(site.application.engine) as session:
        key = session.exec(select(Key).where(Key.id == changed.key_id)).one()
    assert site.change(lambda change: revoke_key(change, key.id)).everywhere
    assert ask_all(site) == [401, 401]
    assert ask_all(site, ours.reveal()) == [204, 204]


def test_a_gateway_that_starts_later_knows_them(site: Site) -> None:
    imports(site, KEY)
    site.open(1)
    assert ask_all(site) == [204, 204, 204]


def test_a_whole_team_moves_while_others_are_served(site: Site) -> None:
    """Thousands of changes together are reported in time."""
    _, ours = site.issue()
    assert ask_all(site, ours.reveal()) == [204, 204]
    imports(site, KEY, *(f"key_{n}" for n in range(3_000)))
    assert ask_all(site, ours.reveal()) == [204, 204]
    assert ask_all(site, "key_2999") == [204, 204]
    assert ask_all(site) == [204, 204]

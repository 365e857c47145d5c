"""Real gateways after somebody has written to the database, started again and not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.base.options import Options
from keys.integrity.anchor import Anchor
from keys.lifecycle.update import limit_key
from runtime.http_server import Running
from tests.gateway.site import Site, ask
from tests.keys.integrity.attacks import (
    by_hand,
    findings,
    past_triggers,
    plant_two_triggers,
    put_back,
    rows,
)
from tests.waiting import waits_until

pytestmark = pytest.mark.sockets
CHANGES = {
    "more scopes": "UPDATE keys SET scopes = 'read write' WHERE id = :id",
    "no networks": "UPDATE keys SET networks = '' WHERE id = :id",
    "a later end": "UPDATE keys SET expires_at = '2099-01-01 00:00:00.0' WHERE id = :id",
    "another owner": "UPDATE keys SET owner = 'U0MALLORY' WHERE id = :id",
    "another secret": "UPDATE secrets SET created_at = '2020-01-01' WHERE key_id = :id",
}


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    opened = Site(database_url)
    opened.open(2, Options(flush_every=0.1))
    yield opened
    opened.close()


def started_again(site: Site) -> Running:
    """A gateway that remembers nothing."""
    site.open(1)
    return site.gateways[-1]


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
def test_a_change_by_hand_is_refused_at_every_gateway(site: Site, statement: str) -> None:
    key, token = site.issue()
    _, other = site.issue("Other")
    site.change(lambda change: limit_key(change, key.id, rate_limit="", networks=("127.0.0.0/8",)))
    assert site.ask_all(token) == [204, 204]
    assert site.ask_all(other) == [204, 204]
    assert by_hand(site.application.engine, statement, id=key.id) == 1
    waits_until(lambda: site.ask_all(token) == [401, 401])
    assert ask(started_again(site), token) == 401
    assert site.ask_all(other) == [204, 204, 204]


def test_a_key_put_back_as_it_was_before_its_revocation_stays_refused(site: Site) -> None:
    key, token = site.issue()
    engine = site.application.engine
    before = rows(engine, "keys"), rows(engine, "secrets")
    assert site.ask_all(token) == [204, 204]
    site.revoke(key)
    put_back(engine, "keys", before[0])
    put_back(engine, "secrets", before[1])
    assert ask(started_again(site), token) == 401
    waits_until(lambda: site.ask_all(token) == [401, 401, 401])


def test_a_revocation_that_triggers_hide_from_gateways_is_confirmed_but_the_triggers_are_found(
    site: Site,
) -> None:
    key, token = site.issue()
    engine = site.application.engine
    # Gateways have applied what came before, and answer from memory from now on.
    assert site.change(lambda _: None).everywhere
    assert site.ask_all(token) == [204, 204]
    plant_two_triggers(engine)
    assert site.revoke(key).everywhere
    # Gateways cannot notice it, except one that remembers nothing …
    assert site.ask_all(token) == [204, 204]
    assert ask(started_again(site), token) == 401
    # … but a verification does.
    assert {(one.table, one.row) for one in findings(engine)} == {
        ("schema", "trigger a_forger on changes"),
        (
            "schema",
            "trigger z_thief on changes"
            if engine.dialect.name == "sqlite"
            else "function changes_are_told",
        ),
    }


def test_a_gateway_moves_the_anchor_on_and_says_when_the_audit_log_goes_back(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    engine, anchors = site.application.engine, site.application.anchors
    key, _ = site.issue()
    newest = max(row["seq"] for row in rows(engine, "events"))
    site.revoke(key)
    last = max(row["seq"] for row in rows(engine, "events"))
    waits_until(lambda: anchors.read().get(site.account, Anchor(0, "")).seq == last)
    past_triggers(engine, "DELETE FROM notices", f"DELETE FROM events WHERE seq > {newest}")  # noqa: S608
    waits_until(lambda: "is older than what this machine has seen of it" in caplog.text)
    assert "apikeys db verify" in caplog.text
    assert anchors.read()[site.account].seq == last

"""Revoked means revoked: several real gateways on one database, each with its own cache."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from sqlalchemy import text

from keys.base.ids import new_id
from keys.base.models import KeyRequest
from keys.changes.change import change
from keys.lifecycle.create import activate_key, create_pending_key
from tests.gateway.site import GATEWAYS, ME, Site

pytestmark = pytest.mark.sockets


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    with ExitStack() as stack:
        site = Site(database_url)
        stack.callback(site.close)
        yield site


def test_once_all_gateways_have_confirmed_none_accepts_the_key(site: Site) -> None:
    site.open()
    for number in range(10):
        key, token = site.issue(f"Integration {number}, production")
        assert site.ask_all(token) == [204] * GATEWAYS  # now it is remembered everywhere
        propagation = site.revoke(key)
        assert (propagation.running, propagation.waiting) == (GATEWAYS, ())
        assert site.ask_all(token) == [401] * GATEWAYS


def test_a_key_is_refused_under_load_once_its_revocation_is_confirmed(site: Site) -> None:
    site.open()
    key, token = site.issue()
    other_key, other = site.issue("Dashboard, staging")
    stop = threading.Event()
    seen: list[int] = []

    def load() -> None:
        while not stop.is_set():
            site.ask_all(token)
            seen.extend(site.ask_all(other))

    askers = [threading.Thread(target=load) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        propagation = site.revoke(key)
        assert propagation.everywhere
        assert [site.ask_all(token) for _ in range(20)] == [[401] * GATEWAYS] * 20
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert set(seen) == {204}
    assert other_key.id != key.id


def test_what_is_typed_by_hand_counts_like_any_other_change(site: Site) -> None:
    site.open(1)
    key, token = site.issue()
    assert site.ask_all(token) == [204]
    by_hand = text("UPDATE keys SET state = 'revoked' WHERE id = :id")
    assert site.change(
        lambda change: change.session.connection().execute(by_hand, {"id": key.id})
    ).everywhere
    assert site.ask_all(token) == [401]


def test_a_new_key_works_immediately_although_its_token_was_refused_before(site: Site) -> None:
    site.open(1)
    request = KeyRequest("Zapier, production", ("read",), ME.id, new_id("req"))
    with change(site.services, ME) as pending:
        made = create_pending_key(pending, request, ME, timedelta(minutes=1))
    assert site.ask_all(made.token) == [401]  # remembered as not working yet
    assert site.change(lambda change: activate_key(change, made.delivery_id, None)).everywhere
    assert site.ask_all(made.token) == [204]


def test_a_gateway_that_ended_is_not_waited_for(site: Site) -> None:
    site.open()
    key, token = site.issue()
    site.ask_all(token)
    site.gateways.pop().stop()
    propagation = site.revoke(key)
    assert (propagation.running, propagation.everywhere) == (GATEWAYS - 1, True)

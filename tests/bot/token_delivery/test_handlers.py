"""The buttons below a token: for its recipient alone, and those of old messages too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.app import build
from bot.token_delivery.handlers import router
from bot.ui import ids
from bot.ui.payloads import ActionPayload
from keys.base.models import State
from keys.base.policy import DeliveryWay, Policy
from keys.changes.authorization import recipient
from keys.delivery import deliveries
from keys.search import search
from storage import reading, writing
from storage.tables import Delivery, Key
from tests.bot.harness.listening import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


def delivered(bench: Bench) -> str:
    """A delivery to Alice; its token is in a message."""
    domain = bench.domain
    made = domain.reserve()
    with writing(domain.engine, domain.account) as session:
        deliveries.record_place(session, made.delivery_id, "D1", "1.000001")
    return made.delivery_id


def press(bench: Bench, value: str, user: str) -> None:
    bench.presses({"type": "button", "action_id": ids.STORED, "value": value}, user)


def ref(bench: Bench, delivery: str) -> str:
    return ActionPayload(bench.domain.clock.now(), delivery=delivery).encode()


def removed(bench: Bench, delivery: str) -> bool:
    with reading(bench.domain.engine, bench.domain.account) as session:
        return deliveries.get(session, delivery).removed_at is not None


def test_each_button_and_modal_of_a_token_is_for_its_recipient() -> None:
    assert {route.id: route.allow for route in router.routes} == {
        ids.STORED: recipient,
        ids.REVEAL: recipient,
        ids.REVEAL_MODAL: recipient,
    }


def test_an_admin_who_is_not_the_recipient_removes_nothing(bench: Bench) -> None:
    delivery = delivered(bench)
    press(bench, ref(bench, delivery), "U0BOB")
    assert "another person" in json.dumps(bench.answers[-1])
    assert not removed(bench, delivery)
    press(bench, ref(bench, delivery), "U0ALICE")
    assert removed(bench, delivery)


@pytest.mark.parametrize("delivery", ["", "dlv_unknown"])
def test_a_delivery_that_is_not_there_is_nobodys(bench: Bench, delivery: str) -> None:
    press(bench, ref(bench, delivery), "U0ALICE")
    assert "chat.update" not in bench.calls.methods()
    assert len(bench.answers) == 1


@pytest.mark.parametrize("value", ["", "no JSON", '{"v": 2, "at": 0, "delivery": "dlv_1"}'])
def test_a_reference_that_cannot_be_read_is_of_an_older_version(bench: Bench, value: str) -> None:
    press(bench, value, "U0ALICE")
    assert "from an older version" in bench.answers[-1]["text"]
    assert "chat.update" not in bench.calls.methods()


def test_the_button_of_an_old_message_works(bench: Bench) -> None:
    delivery = delivered(bench)
    at = int(bench.domain.clock.now().timestamp())
    old = {"v": 1, "at": at, "delivery": delivery}
    press(bench, json.dumps(old), "U0ALICE")
    assert removed(bench, delivery)


def test_a_modal_that_another_user_submits_makes_nothing_work(bench: Bench) -> None:
    policy = Policy(delivery=DeliveryWay.REVEAL)
    bench.context = replace(bench.context, services=replace(bench.context.services, policy=policy))
    bench.app = build(bench.context, bot_token="xoxb-1", bot_id="B1", bot_user_id="U0BOT")
    bench.types("new")
    read: dict[str, Any] = {"selected_options": [{"value": "read"}]}
    view = bench.last("views.open")["view"]
    bench.submits(view, name={"value": "Zapier"}, scopes=read)
    posted = bench.last("chat.postMessage")["blocks"]
    value = next(e["value"] for b in posted for e in b.get("elements", ()) if "value" in e)
    bench.presses({"type": "button", "action_id": ids.REVEAL, "value": value})
    shown = bench.last("views.open")["view"]
    answer = submit(bench, shown, "U0BOB")
    assert "another person" in json.dumps(answer)
    assert states(bench) == []
    submit(bench, shown, "U0ALICE")
    assert states(bench) == [State.ACTIVE]


def submit(bench: Bench, view: dict[str, Any], user: str) -> dict[str, Any]:
    return bench.sends(
        {
            "type": "view_submission",
            "user": {"id": user, "team_id": "T0ACME"},
            "team": {"id": "T0ACME"},
            "trigger_id": "t3",
            "view": {**view, "id": "V1", "state": {"values": {}}},
        }
    )


def states(bench: Bench) -> list[State]:
    """Of each key that is listed; a pending one is not."""
    with reading(bench.domain.engine, bench.domain.account) as session:
        return [key.state for key in search.page(session).keys]


def test_a_key_that_is_revoked_while_its_token_is_sent_leaves_no_token_behind(
    bench: Bench,
) -> None:
    def revokes(args: dict[str, Any]) -> dict[str, Any]:
        with reading(bench.domain.engine, bench.domain.account) as session:
            key_id = session.exec(select(Key.id)).one()
        bench.domain.revoke(key_id)
        return {}

    bench.calls.replies["chat.update"] = [revokes, {}]
    bench.types("new")
    view = bench.last("views.open")["view"]
    read: dict[str, Any] = {"selected_options": [{"value": "read"}]}
    bench.submits(view, name={"value": "Zapier, production"}, scopes=read)
    updates = [args for method, args in bench.calls.asked if method == "chat.update"]
    assert ["ak_" in json.dumps(args) for args in updates] == [True, False]
    assert "No key was created" in json.dumps(bench.last("views.update"))
    with reading(bench.domain.engine, bench.domain.account) as session:
        assert session.exec(select(Delivery.removed_at)).one() is not None

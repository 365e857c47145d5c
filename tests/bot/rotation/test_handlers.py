"""Rotating and revealing, through Bolt and down to the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import build
from bot.background.worker import Worker
from bot.token_delivery.deliver import LEASE
from bot.ui import ids
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.policy import DeliveryWay, Policy
from keys.credentials.tokens import Token, parse
from keys.credentials.verification import Verified
from keys.delivery import deliveries
from keys.delivery.completion import CLAIMED_WITHIN
from keys.rotation.queries import RotationView, Stage
from keys.rotation.start import begin_rotation
from keys.search import search
from storage import reading
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import Bench, buttons
from tests.bot.harness.working import worker
from tests.keys.rotation import test_rotations

DAY = timedelta(days=1)


@pytest.fixture(params=["dm"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(tmp_path)
    if request.param == "reveal":
        policy = Policy(delivery=DeliveryWay.REVEAL)
        made.context = replace(made.context, services=replace(made.context.services, policy=policy))
        made.app = build(made.context, bot_token="xoxb-1", bot_id="B1", bot_user_id="U0BOT")
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


reveal = pytest.mark.parametrize("bench", ["reveal"], indirect=True)


def open_modal(bench: Bench, name: str = "Zapier") -> dict[str, Any]:
    bench.types(f"rotate {name}")
    view: dict[str, Any] = bench.last("views.open")["view"]
    return view


def chosen(grace: timedelta = DAY, recipient: str = "U0ALICE") -> dict[str, Any]:
    option = {"value": str(int(grace.total_seconds()))}
    return {"grace": {"selected_option": option}, "recipient": {"selected_user": recipient}}


def submit(bench: Bench, view: dict[str, Any], user: str = "U0ALICE", **values: Any) -> Any:
    given = {block: {"value": value} for block, value in (values or chosen()).items()}
    state = {"values": given}
    body = {
        "type": "view_submission",
        "user": {"id": user, "team_id": "T0ACME"},
        "team": {"id": "T0ACME"},
        "trigger_id": "t3",
        "view": {**view, "id": "V1", "state": state},
    }
    return bench.sends(body)


def seen(bench: Bench, key_id: str) -> RotationView:
    return test_rotations.seen(bench.domain, key_id)


def sent_token(bench: Bench, method: str = "chat.update") -> Token:
    """The token in the newest message or modal."""
    args = bench.last(method)
    blocks = args["view"]["blocks"] if "view" in args else args["blocks"]
    return next(
        parse(part["elements"][0]["text"])
        for block in blocks
        for part in block.get("elements", ())
        if part.get("type") == "rich_text_preformatted"
        and part["elements"][0]["text"].startswith("ak_")
    )


def works(bench: Bench, token: Token) -> bool:
    return isinstance(bench.domain.verifier.verify(token.reveal()), Verified)


def following(bench: Bench) -> Worker:
    domain = bench.domain
    return worker(domain.services, bench.context.slack)


def press(bench: Bench, action: str, rotation: str, user: str = "U0ALICE") -> None:
    ref = ActionPayload(bench.domain.clock.now(), about=rotation)
    bench.presses({"type": "button", "action_id": action, "value": ref.encode()}, user)


def test_the_new_token_goes_to_whom_was_chosen_and_both_work(bench: Bench) -> None:
    key, old = bench.domain.issue("Zapier")
    shown = submit(bench, open_modal(bench), **chosen(recipient="U0BOB"))
    assert shown["response_action"] == "update"
    assert bench.last("conversations.open")["users"] == "U0BOB"
    assert "ak_" not in json.dumps(bench.last("chat.postMessage"))
    new = sent_token(bench)
    assert (works(bench, old), works(bench, new)) == (True, True)
    assert "has a new token" in json.dumps(bench.last("views.update"))
    assert seen(bench, key.id).stage is Stage.RUNNING
    assert bench.nudges == 1  # rotated; of its beginning nobody has to hear


def test_the_same_modal_twice_rotates_once(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    view = open_modal(bench)
    submit(bench, view)
    first = seen(bench, key.id)
    submit(bench, view)
    assert seen(bench, key.id) == first
    assert "has a new token" in json.dumps(bench.last("views.update"))


def test_a_guest_gets_no_token(bench: Bench) -> None:
    bench.domain.issue("Zapier")
    answer = submit(bench, open_modal(bench), **chosen(recipient="U0GUEST"))
    assert "full member" in answer["errors"][ids.RECIPIENT]
    assert "chat.postMessage" not in bench.calls.methods()


def test_who_is_no_admin_submits_in_vain(bench: Bench) -> None:
    _, old = bench.domain.issue("Zapier")
    submit(bench, open_modal(bench), user="U0BOB")
    assert "chat.postMessage" not in bench.calls.methods()
    assert works(bench, old)


def test_a_token_that_cannot_be_sent_leaves_the_old_one(bench: Bench) -> None:
    key, old = bench.domain.issue("Zapier")
    bench.calls.replies["conversations.open"] = [refusal("user_disabled")]
    submit(bench, open_modal(bench))
    assert "The old token keeps working" in json.dumps(
        bench.last("views.update"), ensure_ascii=False
    )
    assert works(bench, old)
    assert seen(bench, key.id).stage is Stage.ABANDONED
    bench.calls.replies["conversations.open"] = [{"channel": {"id": "D1"}}]
    bench.domain.clock.move(timedelta(seconds=1))
    submit(bench, open_modal(bench))
    assert seen(bench, key.id).stage is Stage.RUNNING


def test_the_message_of_a_rotation_follows_it(bench: Bench) -> None:
    key, old = bench.domain.issue("Zapier")
    submit(bench, open_modal(bench))
    bot = following(bench)
    bot.run_once()
    posts = [args for name, args in bench.calls.asked if name == "chat.postMessage"]
    live = next(post for post in posts if "rotation_end" in json.dumps(post))
    assert set(buttons(live["blocks"])) == {ids.ROTATION_END, ids.ROTATION_EXTEND}
    rotation = seen(bench, key.id)
    press(bench, ids.ROTATION_EXTEND, rotation.id)
    assert seen(bench, key.id).ends_at == bench.domain.clock.now() + 2 * DAY
    press(bench, ids.ROTATION_END, rotation.id, user="U0BOB")
    assert works(bench, old)
    press(bench, ids.ROTATION_END, rotation.id)
    assert not works(bench, old)
    bot.run_once()
    assert "is refused" in json.dumps(bench.last("chat.update"))
    press(bench, ids.ROTATION_END, rotation.id)
    press(bench, ids.ROTATION_EXTEND, rotation.id)
    assert "already stopped working" in json.dumps(bench.answers[-1], ensure_ascii=False)


def test_a_rotation_under_way_is_shown_instead_of_the_modal(bench: Bench) -> None:
    bench.domain.issue("Zapier")
    submit(bench, open_modal(bench))
    opened = bench.calls.methods().count("views.open")
    shown = bench.types("rotate Zapier")
    assert ids.ROTATION_END in json.dumps(shown)
    assert bench.calls.methods().count("views.open") == opened


def test_a_revoked_key_is_not_rotated(bench: Bench) -> None:
    key, _ = bench.domain.issue("Zapier")
    bench.domain.revoke(key.id)
    shown = bench.types(f"rotate {key.id}")
    assert "no longer works" in json.dumps(shown, ensure_ascii=False)


def test_a_crash_while_the_token_is_on_its_way_is_cleaned_up(bench: Bench) -> None:
    key, old = bench.domain.issue("Zapier")
    domain, alice = bench.domain, Actor.person("U0ALICE")
    with domain.change(alice) as begun:
        made = begin_rotation(
            begun,
            key.id,
            recipient=alice,
            grace=DAY,
            idempotency_key="req_1",
            delivery_deadline=LEASE,
        )
        deliveries.record_place(begun.session, made.delivery_id, "D1", "2.000002")
    assert seen(bench, key.id).stage is Stage.PENDING
    bench.domain.clock.move(LEASE)
    following(bench).run_once()
    assert seen(bench, key.id).stage is Stage.ABANDONED
    assert "was interrupted" in json.dumps(bench.last("chat.update"))
    assert works(bench, old)


# --- revealing -----------------------------------------------------------------------------------


def reveal_button(bench: Bench) -> dict[str, Any]:
    return buttons(bench.last("chat.postMessage")["blocks"])[ids.REVEAL]


def make(bench: Bench) -> None:
    bench.types("new")
    view = bench.last("views.open")["view"]
    bench.submits(
        view,
        name={"value": "Zapier, production"},
        scopes={"selected_options": [{"value": "read"}]},
    )


@reveal
def test_a_new_key_waits_until_its_token_was_taken(bench: Bench) -> None:
    make(bench)
    assert "ak_" not in json.dumps([args for _, args in bench.calls.asked])
    button = reveal_button(bench)
    bench.presses(button, "U0BOB")
    assert "another person" in json.dumps(bench.answers[-1])
    bench.presses(button)
    first = sent_token(bench, "views.open")
    assert not works(bench, first)
    bench.presses(button)
    second, view = sent_token(bench, "views.open"), bench.last("views.open")["view"]
    assert second.secret not in view["private_metadata"]
    assert second.secret not in json.dumps(bench.last("chat.postMessage"))
    submit(bench, view)
    assert (works(bench, first), works(bench, second)) == (False, True)
    assert "You have collected the token" in json.dumps(bench.last("chat.update"))
    bench.presses(button)
    assert "already" in json.dumps(bench.answers[-1])


@reveal
def test_a_rotation_waits_likewise_and_the_old_token_goes_on(bench: Bench) -> None:
    key, old = bench.domain.issue("Zapier")
    submit(bench, open_modal(bench), **chosen(timedelta()))
    assert "can collect the new token" in json.dumps(bench.last("views.update"))
    bench.presses(reveal_button(bench))
    assert works(bench, old)
    submit(bench, bench.last("views.open")["view"])
    assert not works(bench, old)
    assert seen(bench, key.id).stage is Stage.ENDED


@reveal
def test_what_nobody_takes_ends_after_a_day(bench: Bench) -> None:
    make(bench)
    button = reveal_button(bench)
    bot = following(bench)
    bot.run_once()
    bench.domain.clock.move(CLAIMED_WITHIN)
    bot.run_once()
    assert "can no longer be collected" in json.dumps(bench.last("chat.update"))
    bench.presses(button)
    assert "not collected in time" in json.dumps(bench.answers[-1])
    with reading(bench.domain.engine, bench.domain.account) as session:
        assert search.page(session).keys == []

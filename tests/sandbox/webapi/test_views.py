"""Modals, Homes and triggers."""

import json
from typing import Any

import pytest

from tests.sandbox.webapi.bench import ALICE, BOB, GONE, Bench, changed, home, modal, section


@pytest.fixture
def bench() -> Bench:
    return Bench()


def opened(bench: Bench, method: str = "views.open", **view: Any) -> dict[str, Any]:
    answer = bench(method, trigger_id=bench.triggers.issue(ALICE), view=modal(**view))
    assert answer["ok"] is True, answer
    shown: dict[str, Any] = answer["view"]
    return shown


def test_opening(bench: Bench) -> None:
    trigger = bench.triggers.issue(ALICE)
    view = bench("views.open", trigger_id=trigger, view=json.dumps(modal("Hello")))["view"]
    [there] = bench.workspace.modals_of(ALICE)
    assert (there.id, there.hash, there.body["title"]["text"]) == (
        view["id"],
        view["hash"],
        "Hello",
    )
    assert (view["root_view_id"], view["previous_view_id"]) == (view["id"], None)
    assert view["blocks"][0]["block_id"]
    assert bench.workspace.modals_of(BOB) == []


def test_triggers_work_once_and_for_three_seconds(bench: Bench) -> None:
    trigger = bench.triggers.issue(ALICE)
    assert bench("views.open", trigger_id=trigger, view=modal())["ok"] is True
    assert bench.error("views.open", trigger_id=trigger, view=modal()) == "exchanged_trigger_id"
    late = bench.triggers.issue(ALICE)
    bench.clock.advance(3)
    assert bench.error("views.open", trigger_id=late, view=modal()) == "expired_trigger_id"
    assert bench.error("views.open", trigger_id="1.2.a", view=modal()) == "invalid_trigger_id"
    just = bench.triggers.issue(ALICE)
    bench.clock.advance(2.9)
    assert bench("views.open", trigger_id=just, view=modal())["ok"] is True


def test_views_that_break_the_rules(bench: Bench) -> None:
    trigger = bench.triggers.issue(ALICE)
    answer = bench("views.open", trigger_id=trigger, view=modal("x" * 25))
    assert answer["error"] == "invalid_arguments"
    assert "/view/title" in answer["response_metadata"]["messages"][0]
    assert bench.error("views.open", trigger_id=trigger) == "invalid_arguments"
    assert bench.error("views.open", trigger_id=trigger, view="{") == "invalid_arguments"
    assert bench.error("views.open", view=modal()) == "invalid_arguments"
    assert bench.error("views.publish", user_id=ALICE, view=modal()) == "invalid_arguments"
    assert bench.error("views.open", trigger_id=trigger, view=home()) == "invalid_arguments"
    big = modal(blocks=[section("x" * 3000)] * 90)
    assert bench.error("views.open", trigger_id=trigger, view=big) == "view_too_large"


def test_three_modals_and_no_more(bench: Bench) -> None:
    first = opened(bench)
    second = opened(bench, "views.push")
    third = opened(bench, "views.push")
    assert third["previous_view_id"] == second["id"]
    assert third["root_view_id"] == first["id"]
    trigger = bench.triggers.issue(ALICE)
    assert bench.error("views.push", trigger_id=trigger, view=modal()) == "push_limit_reached"
    there = [v.id for v in bench.workspace.modals_of(ALICE)]
    assert there == [first["id"], second["id"], third["id"]]


def test_nothing_to_push_on(bench: Bench) -> None:
    trigger = bench.triggers.issue(ALICE)
    assert bench.error("views.push", trigger_id=trigger, view=modal()) == "not_found"


def test_opening_anew_leaves_one(bench: Bench) -> None:
    opened(bench)
    opened(bench, "views.push")
    last = opened(bench)
    assert [v.id for v in bench.workspace.modals_of(ALICE)] == [last["id"]]
    assert list(bench.workspace.views) == [last["id"]]


def test_updating_with_a_hash(bench: Bench) -> None:
    view = opened(bench)
    args = {"view_id": view["id"], "view": modal("New"), "hash": view["hash"]}
    assert bench("views.update", **args)["view"]["hash"] != view["hash"]
    assert bench.error("views.update", **args) == "hash_conflict"
    del args["hash"]
    assert bench("views.update", **args)["ok"] is True
    assert bench.error("views.update", view_id="V0", view=modal()) == "not_found"


def test_what_was_entered_stays_where_its_input_does(bench: Bench) -> None:
    def field(block: str) -> dict[str, Any]:
        label = {"type": "plain_text", "text": block}
        element = {"type": "plain_text_input", "action_id": "a"}
        return {"type": "input", "block_id": block, "label": label, "element": element}

    submit = {"type": "plain_text", "text": "Go"}
    view = opened(bench, blocks=[field("kept"), field("gone")], submit=submit)
    typed = {"a": {"type": "plain_text_input", "value": "x"}}
    bench.workspace.views[view["id"]].values = {"kept": typed, "gone": dict(typed)}
    changed_view = modal(blocks=[field("kept"), field("new")], submit=submit)
    answer = bench("views.update", view_id=view["id"], view=changed_view)
    untouched = {"a": {"type": "plain_text_input", "value": None}}
    assert answer["view"]["state"]["values"] == {"kept": typed, "new": untouched}


def test_external_ids(bench: Bench) -> None:
    opened(bench, external_id="one")
    opened(bench, "views.push")
    trigger = bench.triggers.issue(ALICE)
    again = modal(external_id="one")
    assert bench.error("views.push", trigger_id=trigger, view=again) == "duplicate_external_id"
    assert bench("views.update", external_id="one", view=again)["ok"] is True
    assert bench.error("views.update", external_id="two", view=again) == "not_found"


def test_publishing_a_home(bench: Bench) -> None:
    first = bench("views.publish", user_id=ALICE, view=home("one"))["view"]
    second = bench("views.publish", user_id=ALICE, view=home("two"), hash=first["hash"])["view"]
    assert second["id"] == first["id"]
    there = bench.workspace.home_of(ALICE)
    assert there is not None
    assert there.blocks[0]["text"]["text"] == "two"
    args = {"user_id": ALICE, "view": home("three")}
    assert bench.error("views.publish", **args, hash=first["hash"]) == "hash_conflict"


def test_who_has_a_home(bench: Bench) -> None:
    for nobody in ("U0NOBODY", GONE, bench.install.bot_user):
        assert bench.error("views.publish", user_id=nobody, view=home()) == "user_not_found"
    without = Bench(changed(home_tab=False))
    assert without.error("views.publish", user_id=ALICE, view=home()) == "not_enabled"

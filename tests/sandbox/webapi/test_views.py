"""Modals, Homes and triggers."""

import json
from typing import Any

import pytest

from tests.sandbox.webapi.harness import ALICE, BOB, GONE, Harness, changed, home, modal, section


@pytest.fixture
def harness() -> Harness:
    return Harness()


def opened(harness: Harness, method: str = "views.open", **view: Any) -> dict[str, Any]:
    answer = harness(method, trigger_id=harness.triggers.issue(ALICE), view=modal(**view))
    assert answer["ok"] is True, answer
    created: dict[str, Any] = answer["view"]
    return created


def test_opening(harness: Harness) -> None:
    trigger = harness.triggers.issue(ALICE)
    view = harness("views.open", trigger_id=trigger, view=json.dumps(modal("Hello")))["view"]
    [there] = harness.workspace.modals_of(ALICE)
    assert (there.id, there.hash, there.body["title"]["text"]) == (
        view["id"],
        view["hash"],
        "Hello",
    )
    assert (view["root_view_id"], view["previous_view_id"]) == (view["id"], None)
    assert view["blocks"][0]["block_id"]
    assert harness.workspace.modals_of(BOB) == []


def test_triggers_work_once_and_for_three_seconds(harness: Harness) -> None:
    trigger = harness.triggers.issue(ALICE)
    assert harness("views.open", trigger_id=trigger, view=modal())["ok"] is True
    assert harness.error("views.open", trigger_id=trigger, view=modal()) == "exchanged_trigger_id"
    late = harness.triggers.issue(ALICE)
    harness.clock.advance(3)
    assert harness.error("views.open", trigger_id=late, view=modal()) == "expired_trigger_id"
    assert harness.error("views.open", trigger_id="1.2.a", view=modal()) == "invalid_trigger_id"
    just = harness.triggers.issue(ALICE)
    harness.clock.advance(2.9)
    assert harness("views.open", trigger_id=just, view=modal())["ok"] is True


def test_views_that_break_the_rules(harness: Harness) -> None:
    trigger = harness.triggers.issue(ALICE)
    answer = harness("views.open", trigger_id=trigger, view=modal("x" * 25))
    assert answer["error"] == "invalid_arguments"
    assert "/view/title" in answer["response_metadata"]["messages"][0]
    assert harness.error("views.open", trigger_id=trigger) == "invalid_arguments"
    assert harness.error("views.open", trigger_id=trigger, view="{") == "invalid_arguments"
    assert harness.error("views.open", view=modal()) == "invalid_arguments"
    assert harness.error("views.publish", user_id=ALICE, view=modal()) == "invalid_arguments"
    assert harness.error("views.open", trigger_id=trigger, view=home()) == "invalid_arguments"
    big = modal(blocks=[section("x" * 3000)] * 90)
    assert harness.error("views.open", trigger_id=trigger, view=big) == "view_too_large"


def test_three_modals_and_no_more(harness: Harness) -> None:
    first = opened(harness)
    second = opened(harness, "views.push")
    third = opened(harness, "views.push")
    assert third["previous_view_id"] == second["id"]
    assert third["root_view_id"] == first["id"]
    trigger = harness.triggers.issue(ALICE)
    assert harness.error("views.push", trigger_id=trigger, view=modal()) == "push_limit_reached"
    there = [v.id for v in harness.workspace.modals_of(ALICE)]
    assert there == [first["id"], second["id"], third["id"]]


def test_nothing_to_push_on(harness: Harness) -> None:
    trigger = harness.triggers.issue(ALICE)
    assert harness.error("views.push", trigger_id=trigger, view=modal()) == "not_found"


def test_opening_again_leaves_one(harness: Harness) -> None:
    opened(harness)
    opened(harness, "views.push")
    last = opened(harness)
    assert [v.id for v in harness.workspace.modals_of(ALICE)] == [last["id"]]
    assert list(harness.workspace.views) == [last["id"]]


def test_updating_with_a_hash(harness: Harness) -> None:
    view = opened(harness)
    args = {"view_id": view["id"], "view": modal("New"), "hash": view["hash"]}
    assert harness("views.update", **args)["view"]["hash"] != view["hash"]
    assert harness.error("views.update", **args) == "hash_conflict"
    del args["hash"]
    assert harness("views.update", **args)["ok"] is True
    assert harness.error("views.update", view_id="V0", view=modal()) == "not_found"


def test_what_was_entered_stays_where_its_input_does(harness: Harness) -> None:
    def field(block: str) -> dict[str, Any]:
        label = {"type": "plain_text", "text": block}
        element = {"type": "plain_text_input", "action_id": "a"}
        return {"type": "input", "block_id": block, "label": label, "element": element}

    submit = {"type": "plain_text", "text": "Go"}
    view = opened(harness, blocks=[field("kept"), field("gone")], submit=submit)
    typed = {"a": {"type": "plain_text_input", "value": "x"}}
    harness.workspace.views[view["id"]].values = {"kept": typed, "gone": dict(typed)}
    changed_view = modal(blocks=[field("kept"), field("new")], submit=submit)
    answer = harness("views.update", view_id=view["id"], view=changed_view)
    untouched = {"a": {"type": "plain_text_input", "value": None}}
    assert answer["view"]["state"]["values"] == {"kept": typed, "new": untouched}


def test_external_ids(harness: Harness) -> None:
    opened(harness, external_id="one")
    opened(harness, "views.push")
    trigger = harness.triggers.issue(ALICE)
    again = modal(external_id="one")
    assert harness.error("views.push", trigger_id=trigger, view=again) == "duplicate_external_id"
    assert harness("views.update", external_id="one", view=again)["ok"] is True
    assert harness.error("views.update", external_id="two", view=again) == "not_found"


def test_publishing_a_home(harness: Harness) -> None:
    first = harness("views.publish", user_id=ALICE, view=home("one"))["view"]
    second = harness("views.publish", user_id=ALICE, view=home("two"), hash=first["hash"])["view"]
    assert second["id"] == first["id"]
    there = harness.workspace.home_of(ALICE)
    assert there is not None
    assert there.blocks[0]["text"]["text"] == "two"
    args = {"user_id": ALICE, "view": home("three")}
    assert harness.error("views.publish", **args, hash=first["hash"]) == "hash_conflict"


def test_who_has_a_home(harness: Harness) -> None:
    for nobody in ("U0NOBODY", GONE, harness.install.bot_user):
        assert harness.error("views.publish", user_id=nobody, view=home()) == "user_not_found"
    without = Harness(changed(home_tab=False))
    assert without.error("views.publish", user_id=ALICE, view=home()) == "not_enabled"

"""Modals: what a submission sends, and what each answer of the app does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.base.errors import SandboxError, SlackError
from sandbox.delivery.dispatcher import NotAcknowledged
from sandbox.state.input_values import state_values
from sandbox.state.models import Json, ViewRef
from sandbox.state.view_stack import TROUBLE
from sandbox.webapi.core.modals import update_view
from tests.sandbox.page.demo import new_key_view, plain
from tests.sandbox.users.bench import Bench

READ: Json = {"text": plain("Read existing data"), "value": "read"}


def filled(bench: Bench, **more: object) -> ViewRef:
    """A modal of Alice's with everything in it that is required."""
    where = ViewRef(bench.modal(new_key_view() | more).id)
    for block_id, value in (
        ("name", {"type": "plain_text_input", "value": "Zapier"}),
        ("scopes", {"type": "checkboxes", "selected_options": [READ]}),
        ("owner", {"type": "users_select", "selected_user": "Ubob"}),
    ):
        bench.hands.enter("Ualice", where, block_id, "v", value)
    return where


def titles(bench: Bench) -> list[str]:
    return [v.body["title"]["text"] for v in bench.workspace.modals_of("Ualice")]


def other_view(title: str = "Other") -> Json:
    return {"type": "modal", "title": plain(title), "blocks": [{"type": "divider"}]}


def test_a_submission_carries_the_view_and_what_was_entered() -> None:
    bench = Bench()
    where = filled(bench, private_metadata="k1")
    bench.hands.submit("Ualice")
    kind, body = bench.delivered[0]
    assert (kind, body["type"], body["user"]["id"]) == ("interactive", "view_submission", "Ualice")
    view = body["view"]
    assert (view["id"], view["callback_id"], view["private_metadata"]) == (
        where.view,
        "new_key",
        "k1",
    )
    values = view["state"]["values"]
    assert values["name"]["v"]["value"] == "Zapier"
    assert values["scopes"]["v"]["selected_options"] == [READ]
    assert values["note"]["v"] == {"type": "plain_text_input", "value": None}
    assert titles(bench) == []


def test_a_required_input_left_empty_is_slacks_own_affair() -> None:
    bench = Bench()
    bench.modal(new_key_view())
    bench.hands.submit("Ualice")
    assert bench.delivered == []
    assert set(bench.workspace.modals_of("Ualice")[0].errors) == {"name", "scopes", "owner"}


def test_errors_are_shown_and_go_when_the_input_is_changed() -> None:
    bench = Bench()
    where = filled(bench)
    bench.answer = lambda body: {"response_action": "errors", "errors": {"name": "Taken."}}
    bench.hands.submit("Ualice")
    assert bench.workspace.modals_of("Ualice")[0].errors == {"name": "Taken."}
    value = {"type": "plain_text_input", "value": "Other"}
    bench.hands.enter("Ualice", where, "name", "v", value)
    assert bench.workspace.modals_of("Ualice")[0].errors == {}


def test_update_push_and_clear() -> None:
    bench = Bench()
    filled(bench)
    bench.answer = lambda body: {"response_action": "push", "view": other_view()}
    bench.hands.submit("Ualice")
    assert titles(bench) == ["New key", "Other"]
    top = bench.workspace.modals_of("Ualice")[1]
    assert top.previous_id == top.root_id == bench.workspace.modals_of("Ualice")[0].id
    bench.hands.close("Ualice")
    updated = new_key_view() | {"title": plain("Once more")}
    bench.answer = lambda body: {"response_action": "update", "view": updated}
    before = bench.workspace.modals_of("Ualice")[0]
    bench.hands.submit("Ualice")
    after = bench.workspace.modals_of("Ualice")[0]
    assert titles(bench) == ["Once more"]
    assert after.hash != before.hash
    assert state_values(after.blocks, after.values) == state_values(before.blocks, before.values)
    bench.answer = lambda body: {"response_action": "clear"}
    bench.hands.submit("Ualice")
    assert titles(bench) == []


def test_a_later_update_is_not_undone_by_an_answer_that_is_read_late() -> None:
    bench = Bench()
    where = filled(bench)

    def answer_and_go_on(_body: Json) -> Json:
        update_view(bench.workspace, where.view, other_view("Done"))
        return {"response_action": "update", "view": other_view("Working")}

    bench.answer = answer_and_go_on
    bench.hands.submit("Ualice")
    assert titles(bench) == ["Done"]


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"no_such_block": "Hm."}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "errors", "errors": {"name": ""}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "push"},
        {"response_action": "sing"},
        {"text": "not an answer to a modal"},
        "words",
    ],
)
def test_an_answer_slack_cannot_use_leaves_the_modal_with_a_warning(answer: Json | str) -> None:
    bench = Bench()
    filled(bench)
    bench.answer = lambda body: answer
    bench.hands.submit("Ualice")
    view = bench.workspace.modals_of("Ualice")[0]
    assert view.notice == TROUBLE
    assert (view.waiting, view.errors) == (False, {})


def test_no_acknowledgement_leaves_the_modal_with_a_warning() -> None:
    bench = Bench()
    filled(bench)

    def refuse(body: Json) -> None:
        raise NotAcknowledged("operation_timeout")

    bench.answer = refuse
    bench.hands.submit("Ualice")
    view = bench.workspace.modals_of("Ualice")[0]
    assert (view.notice, view.waiting) == (TROUBLE, False)
    bench.answer = lambda body: None
    bench.hands.submit("Ualice")
    assert titles(bench) == []


def test_a_fourth_modal_is_too_many() -> None:
    bench = Bench()
    for title in ("One", "Two", "Three"):
        bench.modal(other_view(title))
    with pytest.raises(SlackError, match="push_limit_reached"):
        bench.modal(other_view("Four"))


def test_closing_is_told_where_the_view_asks_for_it() -> None:
    bench = Bench()
    bench.modal(other_view() | {"notify_on_close": True})
    bench.modal(other_view("Top"))
    bench.hands.close("Ualice")
    assert bench.delivered == []
    bench.hands.close("Ualice", everything=True)
    assert (bench.last()["type"], bench.last()["is_cleared"]) == ("view_closed", True)
    assert titles(bench) == []
    with pytest.raises(SandboxError, match="no modal"):
        bench.hands.close("Ualice")


def test_a_modal_without_a_submit_button_cannot_be_submitted() -> None:
    bench = Bench()
    bench.modal(other_view())
    with pytest.raises(SandboxError, match="no button"):
        bench.hands.submit("Ualice")


def test_opening_the_home_is_told() -> None:
    bench = Bench()
    bench.hands.open_home("Ualice")
    bench.wiring.close()
    event = bench.last()["event"]
    assert (event["type"], event["tab"], event["user"]) == ("app_home_opened", "home", "Ualice")
    direct = bench.workspace.direct_between("Ualice", bench.install.bot_user)
    assert direct is not None
    assert event["channel"] == direct.id


def test_reloading_and_dismissing_take_ephemeral_messages_away() -> None:
    bench = Bench()
    bench.answer = lambda body: str(body["text"])
    bench.types("/keys one")
    bench.types("/keys two")
    ts = bench.workspace.messages_for("Ualice", "C1")[0].ts
    with pytest.raises(SandboxError):
        bench.hands.dismiss("Ubob", "C1", ts)
    bench.hands.dismiss("Ualice", "C1", ts)
    assert bench.seen() == ["two"]
    bench.modal(other_view())
    bench.hands.reload("Ualice")
    assert (bench.seen(), titles(bench)) == ([], [])


def option(value: str) -> Json:
    return {"text": plain(value), "value": value}


def form(*elements: Json, block_id: str = "b") -> Json:
    """A modal with an input for each element; its block ids end in the element's place."""
    blocks = [
        {
            "type": "input",
            "block_id": f"{block_id}{place}",
            "label": plain("It"),
            "optional": True,
            "element": {"action_id": "a", **element},
        }
        for place, element in enumerate(elements)
    ]
    return other_view() | {"blocks": blocks, "submit": plain("Go")}


def kinds(text: str, box: str, user: str, day: str) -> list[Json]:
    boxes = [option("x"), option("y")]
    return [
        {"type": "plain_text_input", "initial_value": text},
        {"type": "checkboxes", "options": boxes, "initial_options": [option(box)]},
        {"type": "radio_buttons", "options": boxes, "initial_option": option(box)},
        {"type": "static_select", "options": boxes, "initial_option": option(box)},
        {"type": "users_select", "initial_user": user},
        {"type": "datepicker", "initial_date": day},
    ]


FIRST, SECOND = kinds("one", "x", "U0ONE", "2030-01-01"), kinds("two", "y", "U0TWO", "2031-02-02")


def held(bench: Bench) -> list[Json]:
    """What stands in the inputs of the modal, in their order."""
    view = bench.workspace.modals_of("Ualice")[0]
    values = state_values(view.blocks, view.values)
    return [values[b["block_id"]][b["element"]["action_id"]] for b in view.blocks]


def redraw(bench: Bench, view: Json, way: str) -> None:
    if way == "views.update":
        update_view(bench.workspace, bench.workspace.modals_of("Ualice")[0].id, view)
    else:
        bench.answer = lambda body: {"response_action": "update", "view": view}
        bench.hands.submit("Ualice")


@pytest.mark.parametrize("way", ["views.update", "response_action"])
def test_another_initial_value_shows_only_under_new_ids(way: str) -> None:
    bench = Bench()
    bench.modal(form(*SECOND))
    second = held(bench)
    bench.hands.close("Ualice")
    bench.modal(form(*FIRST))
    first = held(bench)
    assert all(one != other for one, other in zip(first, second, strict=True))
    redraw(bench, form(*SECOND), way)
    assert held(bench) == first
    redraw(bench, form(*SECOND, block_id="c"), way)
    assert held(bench) == second
    redraw(bench, form(*({**element, "action_id": "z"} for element in FIRST), block_id="c"), way)
    assert held(bench) == first


@pytest.mark.parametrize("way", ["views.update", "response_action"])
def test_an_input_that_was_emptied_stays_empty(way: str) -> None:
    bench = Bench()
    where = ViewRef(bench.modal(form(FIRST[0])).id)
    empty = {"type": "plain_text_input", "value": None}
    bench.hands.enter("Ualice", where, "b0", "a", empty)
    redraw(bench, form(SECOND[0]), way)
    assert held(bench) == [empty]


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """Something typed, or a redrawing with another block_id or the same."""
    what = st.sampled_from(["type", "views.update", "response_action"])
    step = st.tuples(what, st.sampled_from("bcd"), st.sampled_from(["", "p", "q"]))
    return draw(st.lists(step, max_size=12))


@given(steps())
@settings(deadline=None, max_examples=60)
def test_however_often_it_is_redrawn_an_input_holds_what_it_held_under_its_id(
    done: list[tuple[str, str, str]],
) -> None:
    bench = Bench()
    where = ViewRef(bench.modal(form({"type": "plain_text_input"})).id)
    block_id, value = "b", ""
    for what, block, text in done:
        if what == "type":
            typed = {"type": "plain_text_input", "value": text or None}
            bench.hands.enter("Ualice", where, f"{block_id}0", "a", typed)
            value = text
        else:
            element: Json = {"type": "plain_text_input"} | ({"initial_value": text} if text else {})
            redraw(bench, form(element, block_id=block), what)
            if block != block_id:
                block_id, value = block, text
        assert held(bench) == [{"type": "plain_text_input", "value": value or None}]

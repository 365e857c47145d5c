"""What was entered in a modal stays when the app updates it, while the ids stay the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.state.input_values import state_values
from sandbox.state.models import Json, ViewRef
from sandbox.webapi.core.modals import update_view
from tests.sandbox.page.demo_app import plain
from tests.sandbox.users.harness import Harness


def option(value: str) -> Json:
    return {"text": plain(value), "value": value}


def form(*elements: Json, block_id: str = "b") -> Json:
    """A modal with an input for each element; its block ids end in the element's index."""
    blocks = [
        {
            "type": "input",
            "block_id": f"{block_id}{index}",
            "label": plain("It"),
            "optional": True,
            "element": {"action_id": "a", **element},
        }
        for index, element in enumerate(elements)
    ]
    return {"type": "modal", "title": plain("It"), "blocks": blocks, "submit": plain("Go")}


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


def held(harness: Harness) -> list[Json]:
    """Return the values of the modal's inputs, in their order."""
    view = harness.workspace.modals_of("Ualice")[0]
    values = state_values(view.blocks, view.values)
    return [values[b["block_id"]][b["element"]["action_id"]] for b in view.blocks]


def update(harness: Harness, view: Json, way: str) -> None:
    if way == "views.update":
        update_view(harness.workspace, harness.workspace.modals_of("Ualice")[0].id, view)
    else:
        harness.answer = lambda body: {"response_action": "update", "view": view}
        harness.actions.submit("Ualice")


@pytest.mark.parametrize("way", ["views.update", "response_action"])
def test_another_initial_value_shows_only_under_new_ids(way: str) -> None:
    harness = Harness()
    harness.modal(form(*SECOND))
    second = held(harness)
    harness.actions.close("Ualice")
    harness.modal(form(*FIRST))
    first = held(harness)
    assert all(one != other for one, other in zip(first, second, strict=True))
    update(harness, form(*SECOND), way)
    assert held(harness) == first
    update(harness, form(*SECOND, block_id="c"), way)
    assert held(harness) == second
    update(harness, form(*({**element, "action_id": "z"} for element in FIRST), block_id="c"), way)
    assert held(harness) == first


@pytest.mark.parametrize("way", ["views.update", "response_action"])
def test_an_input_that_was_emptied_stays_empty(way: str) -> None:
    harness = Harness()
    ref = ViewRef(harness.modal(form(FIRST[0])).id)
    empty = {"type": "plain_text_input", "value": None}
    harness.actions.enter("Ualice", ref, "b0", "a", empty)
    update(harness, form(SECOND[0]), way)
    assert held(harness) == [empty]


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """Something typed, or an update with another block_id or the same."""
    what = st.sampled_from(["type", "views.update", "response_action"])
    step = st.tuples(what, st.sampled_from("bcd"), st.sampled_from(["", "p", "q"]))
    return draw(st.lists(step, max_size=12))


@given(steps())
@settings(max_examples=60)
def test_however_often_it_is_updated_an_input_holds_what_it_held_under_its_id(
    done: list[tuple[str, str, str]],
) -> None:
    harness = Harness()
    ref = ViewRef(harness.modal(form({"type": "plain_text_input"})).id)
    block_id, value = "b", ""
    for what, block, text in done:
        if what == "type":
            typed = {"type": "plain_text_input", "value": text or None}
            harness.actions.enter("Ualice", ref, f"{block_id}0", "a", typed)
            value = text
        else:
            element: Json = {"type": "plain_text_input"} | ({"initial_value": text} if text else {})
            update(harness, form(element, block_id=block), what)
            if block != block_id:
                block_id, value = block, text
        assert held(harness) == [{"type": "plain_text_input", "value": value or None}]

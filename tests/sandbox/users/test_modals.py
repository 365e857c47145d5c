"""Modals: what a submission sends, and what each answer of the app does."""

from __future__ import annotations

import pytest

from sandbox.base.errors import SandboxError, SlackError
from sandbox.delivery.dispatcher import NotAcknowledged
from sandbox.state.input_values import state_values
from sandbox.state.models import Json, ViewRef
from sandbox.state.view_stack import TROUBLE
from sandbox.webapi.core.modals import update_view
from tests.sandbox.page.demo_app import new_key_view, plain
from tests.sandbox.users.harness import Harness

READ: Json = {"text": plain("Read existing data"), "value": "read"}


def filled(harness: Harness, **more: object) -> ViewRef:
    """A modal of Alice's with everything in it that is required."""
    ref = ViewRef(harness.modal(new_key_view() | more).id)
    for block_id, value in (
        ("name", {"type": "plain_text_input", "value": "Zapier"}),
        ("scopes", {"type": "checkboxes", "selected_options": [READ]}),
        ("owner", {"type": "users_select", "selected_user": "Ubob"}),
    ):
        harness.actions.enter("Ualice", ref, block_id, "v", value)
    return ref


def titles(harness: Harness) -> list[str]:
    return [v.body["title"]["text"] for v in harness.workspace.modals_of("Ualice")]


def other_view(title: str = "Other") -> Json:
    return {"type": "modal", "title": plain(title), "blocks": [{"type": "divider"}]}


def test_a_submission_carries_the_view_and_what_was_entered() -> None:
    harness = Harness()
    ref = filled(harness, private_metadata="k1")
    harness.actions.submit("Ualice")
    kind, body = harness.delivered[0]
    assert (kind, body["type"], body["user"]["id"]) == ("interactive", "view_submission", "Ualice")
    view = body["view"]
    assert (view["id"], view["callback_id"], view["private_metadata"]) == (
        ref.view,
        "new_key",
        "k1",
    )
    values = view["state"]["values"]
    assert values["name"]["v"]["value"] == "Zapier"
    assert values["scopes"]["v"]["selected_options"] == [READ]
    assert values["note"]["v"] == {"type": "plain_text_input", "value": None}
    assert titles(harness) == []


def test_a_required_input_left_empty_is_slacks_own_affair() -> None:
    harness = Harness()
    harness.modal(new_key_view())
    harness.actions.submit("Ualice")
    assert harness.delivered == []
    assert set(harness.workspace.modals_of("Ualice")[0].errors) == {"name", "scopes", "owner"}


def test_errors_are_shown_and_go_when_the_input_is_changed() -> None:
    harness = Harness()
    ref = filled(harness)
    harness.answer = lambda body: {"response_action": "errors", "errors": {"name": "Taken."}}
    harness.actions.submit("Ualice")
    assert harness.workspace.modals_of("Ualice")[0].errors == {"name": "Taken."}
    value = {"type": "plain_text_input", "value": "Other"}
    harness.actions.enter("Ualice", ref, "name", "v", value)
    assert harness.workspace.modals_of("Ualice")[0].errors == {}


def test_update_push_and_clear() -> None:
    harness = Harness()
    filled(harness)
    harness.answer = lambda body: {"response_action": "push", "view": other_view()}
    harness.actions.submit("Ualice")
    assert titles(harness) == ["New key", "Other"]
    top = harness.workspace.modals_of("Ualice")[1]
    assert top.previous_id == top.root_id == harness.workspace.modals_of("Ualice")[0].id
    harness.actions.close("Ualice")
    updated = new_key_view() | {"title": plain("Once more")}
    harness.answer = lambda body: {"response_action": "update", "view": updated}
    before = harness.workspace.modals_of("Ualice")[0]
    harness.actions.submit("Ualice")
    after = harness.workspace.modals_of("Ualice")[0]
    assert titles(harness) == ["Once more"]
    assert after.hash != before.hash
    assert state_values(after.blocks, after.values) == state_values(before.blocks, before.values)
    harness.answer = lambda body: {"response_action": "clear"}
    harness.actions.submit("Ualice")
    assert titles(harness) == []


def test_a_later_update_is_not_undone_by_an_answer_that_is_read_late() -> None:
    harness = Harness()
    ref = filled(harness)

    def answer_and_go_on(_body: Json) -> Json:
        update_view(harness.workspace, ref.view, other_view("Done"))
        return {"response_action": "update", "view": other_view("Working")}

    harness.answer = answer_and_go_on
    harness.actions.submit("Ualice")
    assert titles(harness) == ["Done"]


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
    harness = Harness()
    filled(harness)
    harness.answer = lambda body: answer
    harness.actions.submit("Ualice")
    view = harness.workspace.modals_of("Ualice")[0]
    assert view.notice == TROUBLE
    assert (view.waiting, view.errors) == (False, {})


def test_no_acknowledgement_leaves_the_modal_with_a_warning() -> None:
    harness = Harness()
    filled(harness)

    def refuse(body: Json) -> None:
        raise NotAcknowledged("operation_timeout")

    harness.answer = refuse
    harness.actions.submit("Ualice")
    view = harness.workspace.modals_of("Ualice")[0]
    assert (view.notice, view.waiting) == (TROUBLE, False)
    harness.answer = lambda body: None
    harness.actions.submit("Ualice")
    assert titles(harness) == []


def test_a_fourth_modal_is_too_many() -> None:
    harness = Harness()
    for title in ("One", "Two", "Three"):
        harness.modal(other_view(title))
    with pytest.raises(SlackError, match="push_limit_reached"):
        harness.modal(other_view("Four"))


def test_closing_is_delivered_if_the_view_asks_for_it() -> None:
    harness = Harness()
    harness.modal(other_view() | {"notify_on_close": True})
    harness.modal(other_view("Top"))
    harness.actions.close("Ualice")
    assert harness.delivered == []
    harness.actions.close("Ualice", everything=True)
    assert (harness.last()["type"], harness.last()["is_cleared"]) == ("view_closed", True)
    assert titles(harness) == []
    with pytest.raises(SandboxError, match="no modal"):
        harness.actions.close("Ualice")


def test_a_modal_without_a_submit_button_cannot_be_submitted() -> None:
    harness = Harness()
    harness.modal(other_view())
    with pytest.raises(SandboxError, match="no submit button"):
        harness.actions.submit("Ualice")


def test_opening_the_home_emits_an_event() -> None:
    harness = Harness()
    harness.actions.open_home("Ualice")
    harness.runtime.close()
    event = harness.last()["event"]
    assert (event["type"], event["tab"], event["user"]) == ("app_home_opened", "home", "Ualice")
    direct = harness.workspace.direct_between("Ualice", harness.install.bot_user)
    assert direct is not None
    assert event["channel"] == direct.id


def test_reloading_and_dismissing_take_ephemeral_messages_away() -> None:
    harness = Harness()
    harness.answer = lambda body: str(body["text"])
    harness.types("/keys one")
    harness.types("/keys two")
    ts = harness.workspace.messages_for("Ualice", "C1")[0].ts
    with pytest.raises(SandboxError):
        harness.actions.dismiss("Ubob", "C1", ts)
    harness.actions.dismiss("Ualice", "C1", ts)
    assert harness.seen() == ["two"]
    harness.modal(other_view())
    harness.actions.reload("Ualice")
    assert (harness.seen(), titles(harness)) == ([], [])

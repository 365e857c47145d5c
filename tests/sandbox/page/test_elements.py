"""Block Kit in a real browser: what it shows, and which user action each press calls."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from sandbox.state.models import MessageRef
from tests.sandbox.page.browser import Window, message, needs_browser, soon
from tests.sandbox.page.demo_app import (
    TOKEN,
    list_blocks,
    mrkdwn,
    plain,
    question_blocks,
    token_blocks,
)
from tests.sandbox.page.fake_sandbox import BOT, FakeSandbox

pytestmark = [pytest.mark.sockets, pytest.mark.browser, needs_browser]


def test_a_token_is_alone_in_its_block(tab: Window, slack: FakeSandbox) -> None:
    slack.post("D1", BOT, "A token", blocks=token_blocks("Zapier"))
    page = tab.open("as=alice&in=D1")
    expect(page.locator("pre")).to_have_text(TOKEN)
    page.locator("pre").dblclick()
    assert page.evaluate("getSelection().toString()").strip() == TOKEN
    page.get_by_role("button", name="I've stored it").click()
    call = soon(page, lambda: slack.actions.of("act"))[0]
    assert call[1] == "UALICE"
    assert call[3:5] == ("stored", "stored")


def test_a_danger_button_asks_first(tab: Window, slack: FakeSandbox) -> None:
    made = slack.post("CGENERAL", BOT, "Sure?", blocks=question_blocks())
    page = tab.open("as=alice&in=general")
    revoke = page.get_by_role("button", name="Revoke")
    expect(revoke).to_have_css("background-color", "rgb(224, 30, 90)")
    revoke.click()
    dialog = page.get_by_role("dialog", name="Revoke Zapier?")
    expect(dialog).to_contain_text("This cannot be *undone*.")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_have_count(0)
    assert slack.actions.of("act") == []
    revoke.click()
    yes = dialog.get_by_role("button", name="Revoke")
    expect(yes).to_have_css("background-color", "rgb(224, 30, 90)")
    yes.click()
    call = soon(page, lambda: slack.actions.of("act"))[0]
    ref = MessageRef("CGENERAL", made.ts)
    assert call == ("act", "UALICE", ref, "question", "revoke", {"type": "button", "value": None})


def test_news_does_not_move_a_button_that_is_being_pressed(tab: Window, slack: FakeSandbox) -> None:
    for number in range(30):
        slack.post("CGENERAL", "UBOB", f"number {number}.")
    slack.post("CGENERAL", BOT, "Sure?", blocks=question_blocks())
    page = tab.open("as=alice&in=general")
    revoke = page.get_by_role("button", name="Revoke")
    expect(revoke).to_be_in_viewport()
    revoke.hover()
    before = revoke.bounding_box()
    page.mouse.down()
    for number in range(5):
        slack.post("CGENERAL", "UGITA", f"news {number}.")
    expect(message(page, "news 4.")).to_be_attached()
    assert revoke.bounding_box() == before
    page.mouse.up()
    expect(page.get_by_role("dialog", name="Revoke Zapier?")).to_be_visible()
    page.keyboard.press("Escape")
    # The newest message is in view again.
    expect(message(page, "news 4.")).to_be_in_viewport()


def test_escape_declines(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", BOT, "Sure?", blocks=question_blocks())
    page = tab.open("as=alice&in=general")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert slack.actions.of("act") == []


def test_a_button_waits_for_the_app(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", BOT, "Pages", blocks=list_blocks())
    page = tab.open("as=alice&in=general")
    slack.actions.answer.clear()
    button_next = page.get_by_role("button", name="Next")
    button_next.click()
    expect(button_next).to_be_disabled()
    slack.actions.answer.set()
    expect(button_next).to_be_enabled()
    assert len(slack.actions.of("act")) == 1


def test_a_row_has_its_own_menu(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", BOT, "Keys", blocks=list_blocks())
    page = tab.open("as=alice&in=general")
    row = page.locator("[data-block-id='key-Export job']")
    row.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("menuitem")).to_have_text(["Rename", "Revoke", "Details"])
    page.get_by_role("menuitem", name="Rename").click()
    call = soon(page, lambda: slack.actions.of("act"))[0]
    assert call[3:5] == ("key-Export job", "row")
    assert call[5]["selected_option"]["value"] == "rename"


def test_enter_in_a_search_asks_the_app_and_keeps_the_focus(
    tab: Window, slack: FakeSandbox
) -> None:
    made = slack.post("CGENERAL", BOT, "Keys", blocks=list_blocks())
    page = tab.open("as=alice&in=general")
    search = page.get_by_label("Search")
    search.fill("zap")
    search.press("Enter")
    call = soon(page, lambda: slack.actions.of("act"))[0]
    assert call[3:] == ("search", "words", {"type": "plain_text_input", "value": "zap"})
    with slack.workspace.change():
        made.blocks, made.revision = list_blocks("zap"), 2
    expect(page.locator("[data-block-id='key-Export job']")).to_have_count(0)
    expect(search).to_have_value("zap")
    expect(search).to_be_focused()


@pytest.mark.parametrize(
    ("element", "act", "value"),
    [
        (
            {"type": "datepicker", "action_id": "x", "initial_date": "2025-03-03"},
            lambda page: page.get_by_label("x").fill("2025-04-01"),
            {"type": "datepicker", "selected_date": "2025-04-01"},
        ),
        (
            {"type": "timepicker", "action_id": "x"},
            lambda page: page.get_by_label("x").fill("09:30"),
            {"type": "timepicker", "selected_time": "09:30"},
        ),
        (
            {"type": "datetimepicker", "action_id": "x", "initial_date_time": 1_740_992_400},
            lambda page: page.get_by_label("x").fill("2025-03-03T10:00"),
            {"type": "datetimepicker", "selected_date_time": 1_740_996_000},
        ),
        (
            {
                "type": "radio_buttons",
                "action_id": "x",
                "options": [{"text": plain(t), "value": t} for t in ("One", "Two")],
            },
            lambda page: page.get_by_label("Two").check(),
            {"type": "radio_buttons", "selected_option": {"text": plain("Two"), "value": "Two"}},
        ),
        (
            {
                "type": "static_select",
                "action_id": "x",
                "placeholder": plain("Sort by"),
                "options": [{"text": plain(t), "value": t} for t in ("Name", "Age")],
            },
            lambda page: (
                page.get_by_role("combobox", name="Sort by").click(),
                page.get_by_role("option", name="Age").click(),
            ),
            {"type": "static_select", "selected_option": {"text": plain("Age"), "value": "Age"}},
        ),
        (
            {"type": "channels_select", "action_id": "x", "placeholder": plain("Where")},
            lambda page: (
                page.get_by_role("combobox", name="Where").click(),
                page.get_by_role("option", name="general").click(),
            ),
            {"type": "channels_select", "selected_channel": "CGENERAL"},
        ),
        (
            {"type": "multi_users_select", "action_id": "x", "placeholder": plain("Who")},
            lambda page: (
                page.get_by_role("combobox", name="Who").click(),
                page.get_by_role("option", name="Bob Ferreira").click(),
                page.get_by_role("option", name="Gita Rao").click(),
                page.keyboard.press("Escape"),
            ),
            {"type": "multi_users_select", "selected_users": ["UBOB", "UGITA"]},
        ),
        (
            {"type": "external_select", "action_id": "x", "placeholder": plain("Find")},
            lambda page: (
                page.get_by_role("combobox", name="Find").click(),
                page.get_by_label("Search Find").fill("abc"),
                page.get_by_role("option", name="Found abc").click(),
            ),
            {
                "type": "external_select",
                "selected_option": {"text": plain("Found abc"), "value": "abc"},
            },
        ),
    ],
    ids=lambda case: case.get("type") if isinstance(case, dict) else None,
)
def test_each_kind_of_element_sends_its_value(
    tab: Window, slack: FakeSandbox, element: Any, act: Any, value: Any
) -> None:
    blocks = [{"type": "actions", "block_id": "a", "elements": [element]}]
    slack.post("CGENERAL", BOT, "Choose", blocks=blocks)
    page = tab.open("as=alice&in=general")
    act(page)
    call = soon(page, lambda: slack.actions.of("act"))[-1]
    assert call[3:] == ("a", "x", value)


def test_a_declined_choice_is_taken_back(tab: Window, slack: FakeSandbox) -> None:
    confirm = {"title": plain("Sure?"), "text": plain("Really."), "confirm": plain("Yes")}
    element = {
        "type": "checkboxes",
        "action_id": "x",
        "options": [{"text": plain("One"), "value": "1"}],
        "confirm": confirm | {"deny": plain("No")},
    }
    blocks = [{"type": "actions", "block_id": "a", "elements": [element]}]
    slack.post("CGENERAL", BOT, "Choose", blocks=blocks)
    page = tab.open("as=alice&in=general")
    page.get_by_label("One").click()
    page.get_by_role("dialog").get_by_role("button", name="No").click()
    expect(page.get_by_label("One")).not_to_be_checked()
    assert slack.actions.of("act") == []


def test_other_blocks_are_drawn(tab: Window, slack: FakeSandbox) -> None:
    dot = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    rich = {
        "type": "rich_text_section",
        "elements": [{"type": "text", "text": "rich words", "style": {"bold": True}}],
    }
    rows = [
        [{"type": "raw_text", "text": t} for t in row] for row in (("Name", "Owner"), ("A", "B"))
    ]
    blocks: list[Any] = [
        {"type": "divider"},
        {"type": "context", "elements": [mrkdwn("small words")]},
        {"type": "image", "image_url": dot, "alt_text": "a dot", "title": plain("A picture")},
        {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "from outside"},
        {"type": "rich_text", "elements": [rich]},
        {"type": "table", "rows": rows},
    ]
    slack.post("CGENERAL", BOT, "x", blocks=blocks)
    page = tab.open("as=alice&in=general")
    expect(page.get_by_text("small words")).to_be_visible()
    expect(page.get_by_role("img", name="a dot")).to_be_attached()
    expect(page.get_by_role("img", name="from outside")).to_have_text("from outside")
    expect(page.locator("b", has_text="rich words")).to_be_visible()
    expect(page.get_by_role("columnheader")).to_have_text(["Name", "Owner"])
    expect(page.get_by_role("cell")).to_have_text(["A", "B"])

"""The page in a real browser: what is drawn, and what each press asks of the hands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.state.models import Flow, MessageRef, ViewRef
from tests.sandbox.page.browser import Window, chromium, needs_browser, window
from tests.sandbox.page.demo_app import (
    TOKEN,
    button,
    list_blocks,
    mrkdwn,
    new_key_view,
    plain,
    question_blocks,
    token_blocks,
)
from tests.sandbox.page.fake_sandbox import BOT, FakeSandbox, served

pytestmark = [pytest.mark.sockets, pytest.mark.browser, needs_browser]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def slack() -> FakeSandbox:
    return FakeSandbox()


@pytest.fixture
def tab(slack: FakeSandbox, browser: Browser) -> Iterator[Window]:
    with served(slack) as address, window(browser, address) as made:
        yield made


def soon(page: Page, condition: Callable[[], Any]) -> Any:
    """Wait, 10 s at most, until `condition` gives something true; gives that."""
    for _ in range(200):
        if found := condition():
            return found
        page.wait_for_timeout(50)
    return pytest.fail("it did not come true within 10 s")


def message(page: Page, words: str) -> Any:
    return page.get_by_role("article").filter(has_text=words)


# --- the window ----------------------------------------------------------------------------------


def test_the_rail_shows_where_one_can_go(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", "UBOB", "Hello")
    page = tab.open("as=alice&in=D1")
    expect(page.get_by_role("heading", name="Acme")).to_be_visible()
    rail = page.get_by_role("navigation", name="Channels and direct messages")
    expect(rail.get_by_role("button", name="general, 1 unread")).to_be_visible()
    rail.get_by_role("button", name="general").click()
    expect(message(page, "Hello")).to_be_visible()
    expect(rail.get_by_role("button", name="general", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    expect(page).to_have_url(re.compile("in=CGENERAL"))


def test_the_address_leads_to_a_person_and_a_place(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=bob&in=general")
    expect(page.get_by_role("button", name="You are: Bob Ferreira (member)")).to_be_visible()
    expect(page.get_by_role("heading", name="general")).to_be_visible()
    expect(page.get_by_role("button", name="secrets")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="You are: Bob Ferreira (member)")).to_be_visible()
    soon(page, lambda: slack.actions.of("reload") == [("reload", "UBOB")])


def test_opening_an_address_is_no_reload(tab: Window, slack: FakeSandbox) -> None:
    tab.open("as=bob&in=general")
    assert slack.actions.of("reload") == []


def test_one_can_act_as_somebody_else(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CSECRETS", "UALICE", "For few eyes")
    page = tab.open("as=alice&in=secrets")
    expect(message(page, "For few eyes")).to_be_visible()
    page.get_by_role("button", name="You are: Alice Wong (admin)").click()
    page.get_by_role("menuitemradio", name="Oskar Lind (another organisation)").click()
    expect(
        page.get_by_role("button", name="You are: Oskar Lind (another organisation)")
    ).to_be_visible()
    expect(message(page, "For few eyes")).to_have_count(0)
    expect(page).to_have_url(re.compile("as=oskar"))


def test_who_is_deactivated_cannot_use_slack(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=bob&in=general")
    with slack.workspace.change():
        slack.workspace.accounts["UBOB"].deleted = True
    expect(page.get_by_text("Bob Ferreira is deactivated, and cannot use Slack.")).to_be_visible()
    page.get_by_role("button", name="You are: Bob Ferreira").click()
    page.get_by_role("menuitemradio", name="Alice Wong").click()
    page.get_by_role("button", name="You are: Alice Wong").click()
    expect(page.get_by_role("menuitemradio", name="Bob Ferreira")).to_be_disabled()


def test_news_comes_without_a_reload(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    made = slack.post("CGENERAL", "UBOB", "First")
    expect(message(page, "First")).to_be_visible()
    with slack.workspace.change():
        made.text, made.edited_ts, made.revision = "Second", "1", 2
    expect(message(page, "Second")).to_contain_text("(edited)")
    expect(message(page, "First")).to_have_count(0)
    with slack.workspace.change():
        slack.workspace.messages["CGENERAL"].remove(made)
    expect(message(page, "Second")).to_have_count(0)


def test_an_earlier_message_is_drawn_in_its_place(tab: Window, slack: FakeSandbox) -> None:
    first, third = (slack.post("CGENERAL", u, w) for u, w in (("UBOB", "one"), ("UBOB", "three")))
    page = tab.open("as=alice&in=general")
    expect(message(page, "three")).to_be_visible()
    middle = f"{(float(first.ts) + float(third.ts)) / 2:.6f}"
    with slack.workspace.change():
        slack.post("CGENERAL", "UGITA", "two", ts=middle)
        slack.workspace.messages["CGENERAL"].sort(key=lambda m: m.ts)
    expect(page.get_by_role("article")).to_contain_text(["one", "two", "three"])


def test_earlier_messages_come_when_asked_for(tab: Window, slack: FakeSandbox) -> None:
    for number in range(130):
        slack.post("CGENERAL", "UBOB", f"number {number}.")
    page = tab.open("as=alice&in=general")
    expect(page.get_by_role("article")).to_have_count(100)
    expect(message(page, "number 129.")).to_be_in_viewport()
    page.get_by_role("button", name="Show earlier messages (30)").click()
    expect(page.get_by_role("article")).to_have_count(130)
    expect(page.get_by_role("article").first).to_contain_text("number 0.")
    expect(page.get_by_role("button", name="Show earlier messages")).to_have_count(0)


def test_messages_have_faces_names_times_and_days(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", "UOSKAR", "From afar")
    slack.post("CGENERAL", BOT, "From the app")
    page = tab.open("as=alice&in=general")
    expect(page.get_by_role("separator")).to_have_text("Today")
    expect(message(page, "From afar")).to_contain_text("Oskar Lind")
    expect(message(page, "From afar").locator(".badge")).to_have_text("External")
    expect(message(page, "From the app").locator(".badge")).to_have_text("APP")
    expect(message(page, "From the app").locator("time")).to_have_text(
        re.compile(r"\d{1,2}:\d\d [AP]M")
    )


def test_an_ephemeral_message_says_so_and_can_be_dismissed(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", BOT, "Psst", ephemeral_for="UALICE")
    page = tab.open("as=alice&in=general")
    expect(message(page, "Psst")).to_contain_text("Only visible to you")
    page.get_by_role("button", name="Dismiss message").click()
    expect(message(page, "Psst")).to_have_count(0)
    assert len(slack.actions.of("dismiss")) == 1


def test_text_from_outside_stays_text(tab: Window, slack: FakeSandbox) -> None:
    evil = "<img src=x onerror=document.title='broken'>"
    slack.post("CGENERAL", "UBOB", evil)
    blocks = [
        {"type": "header", "block_id": "h", "text": plain(evil)},
        {"type": "section", "block_id": "s", "text": mrkdwn(f"{evil} *bold*")},
        {"type": "actions", "block_id": "a", "elements": [button(evil, "x")]},
    ]
    slack.post("CGENERAL", BOT, evil, blocks=blocks)
    page = tab.open("as=alice&in=general")
    expect(message(page, "bold")).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    assert "broken" not in page.title()
    expect(page.get_by_role("button", name=evil)).to_be_visible()


def test_slacks_own_warning_stands_in_the_message(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", BOT, "Press", notices={"UALICE": "The app did not answer."})
    page = tab.open("as=alice&in=general")
    expect(page.get_by_role("alert")).to_have_text("The app did not answer.")


# --- blocks and elements -------------------------------------------------------------------------


def test_a_token_stands_alone_in_its_block(tab: Window, slack: FakeSandbox) -> None:
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


# --- modals --------------------------------------------------------------------------------------


def test_a_modal_is_filled_in_and_submitted(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    view = slack.open("UALICE", new_key_view())
    dialog = page.get_by_role("dialog", name="New key")
    dialog.get_by_label("Name").fill("Test")
    dialog.get_by_label("Read existing data").check()
    dialog.get_by_role("combobox", name="Owner").click()
    page.get_by_label("Search Owner").fill("bob")
    page.get_by_role("option", name="Bob Ferreira").click()
    expect(dialog.get_by_role("combobox", name="Owner")).to_contain_text("Bob Ferreira")
    slack.actions.answer.clear()
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("button", name="Create")).to_be_disabled()
    assert view.values["name"]["v"]["value"] == "Test"
    assert [o["value"] for o in view.values["scopes"]["v"]["selected_options"]] == ["read"]
    assert view.values["owner"]["v"]["selected_user"] == "UBOB"
    slack.actions.answer.set()
    expect(dialog.get_by_role("alert")).to_have_text("“Test” says little.")
    expect(dialog.get_by_label("Name")).to_have_value("Test")
    assert {call[2] for call in slack.actions.of("enter")} == {ViewRef("V1")}
    assert slack.actions.of("act") == []
    assert len(slack.actions.of("submit")) == 1


def test_enter_submits_and_escape_closes_a_modal(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    slack.open("UALICE", new_key_view())
    dialog = page.get_by_role("dialog", name="New key")
    dialog.get_by_label("Name").fill("Zapier")
    dialog.get_by_label("Name").press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Name").press("Escape")
    expect(dialog).to_have_count(0)
    assert slack.actions.of("close") == [("close", "UALICE", False)]


def test_errors_come_and_go_under_a_field_that_stays(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    view = slack.open("UALICE", new_key_view())
    dialog = page.get_by_role("dialog", name="New key")
    name = dialog.get_by_label("Name")
    name.evaluate("field => { field.drawnFirst = true }")
    name.fill("Test")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    name.fill("Zapier")
    with slack.workspace.change():
        view.errors = {}
    expect(dialog.get_by_role("alert")).to_have_count(0)
    expect(name).to_have_value("Zapier")
    assert name.evaluate("field => field.drawnFirst === true")


def test_an_answer_does_not_take_away_what_is_being_typed(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    view = slack.open("UALICE", new_key_view())
    name = page.get_by_role("dialog", name="New key").get_by_label("Name")
    name.evaluate("field => { field.drawnFirst = true }")
    name.fill("Zapier, prod")
    soon(page, lambda: view.values)
    with slack.workspace.change():  # as though the last keys were still on their way
        view.values, view.hash = {}, "h2"
    soon(page, lambda: not name.evaluate("field => field.drawnFirst"))
    expect(name).to_have_value("Zapier, prod")
    expect(name).to_be_focused()
    soon(page, lambda: view.values["name"]["v"]["value"] == "Zapier, prod")


def test_escape_in_a_menu_leaves_the_modal_open(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    slack.open("UALICE", new_key_view())
    page.get_by_role("combobox", name="Owner").click()
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(page.get_by_role("dialog", name="New key")).to_be_visible()
    assert slack.actions.of("close") == []


def test_only_the_topmost_modal_shows_and_the_cross_closes_all(
    tab: Window, slack: FakeSandbox
) -> None:
    page = tab.open("as=alice&in=general")
    slack.open("UALICE", new_key_view())
    slack.open("UALICE", new_key_view() | {"title": plain("Second")}, "V2")
    expect(page.get_by_role("dialog", name="Second")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog", name="New key")).to_be_visible()
    page.get_by_role("button", name="Close window").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert slack.actions.of("close") == [("close", "UALICE", False), ("close", "UALICE", True)]


def test_a_modal_belongs_to_one_person(tab: Window, slack: FakeSandbox) -> None:
    slack.open("UALICE", new_key_view())
    page = tab.open("as=bob&in=general")
    expect(page.get_by_role("heading", name="general")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


# --- the message box -----------------------------------------------------------------------------


def test_enter_sends_and_shift_enter_does_not(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    assert slack.actions.of("type") == []
    box.press("Enter")
    expect(message(page, "one")).to_be_visible()
    assert slack.actions.of("type") == [("type", "UALICE", "CGENERAL", "one\ntwo")]
    expect(box).to_have_value("")


def test_the_button_sends_too(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    page.get_by_role("textbox", name="Message #general").fill("hello")
    page.get_by_role("button", name="Send now").click()
    expect(message(page, "hello")).to_be_visible()


def test_commands_complete_themselves(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("/")
    lines = page.get_by_role("listbox", name="Slash commands").get_by_role("option")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("/keys")
    expect(lines.first).to_contain_text("[list, new, ask, slow]")
    expect(lines.first).to_contain_text("List and make keys")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("/standup ")
    box.fill("/ke")
    expect(lines).to_contain_text(["/keys"])
    box.press("Tab")
    expect(box).to_have_value("/keys ")
    box.press_sequentially("list")
    box.press("Enter")
    call = soon(page, lambda: slack.actions.of("type"))[0]
    assert call == ("type", "UALICE", "CGENERAL", "/keys list")


def test_fast_typing_is_not_overtaken_by_suggestions(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("/ke")
    expect(page.get_by_role("listbox", name="Slash commands")).to_be_visible()
    enter = "new KeyboardEvent('keydown', { key: 'Enter' })"
    box.evaluate(f"box => {{ box.value = '/keys list'; box.dispatchEvent({enter}) }}")
    call = soon(page, lambda: slack.actions.of("type"))[0]
    assert call[3] == "/keys list"


def test_tab_waits_for_the_suggestions_that_it_is_ahead_of(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("/")
    expect(page.get_by_role("listbox", name="Slash commands")).to_be_visible()
    box.evaluate("""box => {
        box.value = '/ke';
        box.dispatchEvent(new Event('input', { bubbles: true }));
        box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Tab', cancelable: true }));
    }""")
    expect(box).to_have_value("/keys ")


def test_people_of_another_organisation_are_offered_no_commands(
    tab: Window, slack: FakeSandbox
) -> None:
    page = tab.open("as=oskar&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("/k @b")
    expect(page.get_by_role("listbox", name="People")).to_be_visible()
    box.fill("/k")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_people_of_another_organisation_have_not_got_the_app(tab: Window) -> None:
    page = tab.open("as=oskar&in=general")
    expect(page.get_by_role("heading", name="Channels")).to_be_visible()
    expect(page.get_by_role("heading", name="Apps")).to_have_count(0)


def test_a_mention_is_picked_from_a_list(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    box = page.get_by_role("textbox", name="Message #general")
    box.press_sequentially("ask @bo")
    page.get_by_role("option", name="Bob Ferreira").click()
    expect(box).to_have_value("ask @bob ")
    box.press_sequentially("or me@example.com")
    box.press("Enter")
    call = soon(page, lambda: slack.actions.of("type"))[0]
    assert call[3] == "ask <@UBOB> or me@example.com"
    expect(page.locator(".slack-mention")).to_have_text("@Bob Ferreira")


# --- the app, the traffic, the practice itself ---------------------------------------------------


def test_the_app_has_a_home_and_messages(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    page.get_by_role("button", name="Key Ring", exact=True).click()
    expect(page.get_by_role("textbox", name="Message Key Ring")).to_be_visible()
    soon(page, lambda: slack.actions.of("open_home") == [("open_home", "UALICE", "messages")])
    page.get_by_role("tab", name="Home").click()
    expect(page.get_by_text("Key Ring has nothing to show here yet.")).to_be_visible()
    soon(page, lambda: ("open_home", "UALICE", "home") in slack.actions.calls)
    expect(page).to_have_url(re.compile("in=home"))


def test_traffic_shows_both_directions_and_no_tokens(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    page.get_by_role("button", name="Traffic").click()
    expect(page.get_by_role("heading", name="Traffic")).to_be_visible()
    command = slack.traffic.begin(Flow.TO_APP, "slash_commands", {"text": "new"}, "socket")
    slack.traffic.finish(command, 200, "")
    sent = {"token": "xoxb-1-secret", "channel": "C1", "text": "hi xoxb-2-secret"}
    call = slack.traffic.begin(Flow.TO_SLACK, "chat.postMessage", sent, "http")
    slack.traffic.finish(call, 200, {"ok": False, "error": "channel_not_found"})
    rows = page.get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("chat.postMessage")
    expect(rows.nth(0)).to_contain_text("channel_not_found")
    expect(rows.nth(1)).to_contain_text("slash_commands")
    rows.nth(0).get_by_role("button").click()
    expect(rows.nth(0)).to_contain_text('"channel": "C1"')
    assert "-secret" not in page.content()
    expect(page).to_have_url(re.compile("traffic=open"))


def test_the_question_mark_says_what_this_is(tab: Window, slack: FakeSandbox) -> None:
    page = tab.open("as=alice&in=general")
    page.get_by_role("button", name="What is this?").click()
    expect(page.get_by_text("This is a practice Slack.")).to_be_visible()


def test_a_fault_of_the_practice_itself_is_said(
    tab: Window, slack: FakeSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    slack.post("CGENERAL", BOT, "Pages", blocks=list_blocks())
    slack.actions.fault = ValueError("broken on purpose")
    page = tab.open("as=alice&in=general")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Something went wrong in the practice Slack.")).to_be_visible()
    assert "broken on purpose" in caplog.text
    expect(page.get_by_role("button", name="Next")).to_be_enabled()


def test_on_a_phone_the_rail_is_a_drawer(slack: FakeSandbox, browser: Browser) -> None:
    slack.post("CGENERAL", BOT, "Keys", blocks=list_blocks())
    with served(slack) as address, window(browser, address, 390, 844) as tab:
        page = tab.open("as=alice&in=general")
        rail = page.get_by_role("navigation", name="Channels and direct messages")
        expect(rail).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="Channels").click()
        rail.get_by_role("button", name="secrets").click()
        expect(page.get_by_role("heading", name="secrets")).to_be_visible()
        expect(rail).to_be_hidden()

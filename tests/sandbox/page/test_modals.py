"""Modals in a real browser: filling in, submitting, errors and closing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from sandbox.state.models import ViewRef
from tests.sandbox.page.browser import Window, needs_browser, soon
from tests.sandbox.page.demo_app import (
    new_key_view,
    plain,
)
from tests.sandbox.page.fake_sandbox import FakeSandbox

pytestmark = [pytest.mark.sockets, pytest.mark.browser, needs_browser]


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


def test_escape_closes_a_result_that_took_the_place_of_a_form(
    tab: Window, slack: FakeSandbox
) -> None:
    page = tab.open("as=alice&in=general")
    view = slack.open("UALICE", new_key_view())
    page.get_by_role("dialog", name="New key").get_by_label("Name").fill("Zapier")
    with slack.workspace.change():
        done = {"type": "section", "text": plain("Done.")}
        view.body = {"type": "modal", "title": plain("Key created"), "blocks": [done]}
        view.hash = "2.0"
    dialog = page.get_by_role("dialog", name="Key created")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
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
    soon(page, lambda: view.values.get("name", {}).get("v", {}).get("value") == "Zapier, prod")


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

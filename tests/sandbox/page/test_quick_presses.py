"""Quick hands in a real browser: no press is lost, and none fails, while the page changes."""

from __future__ import annotations

import gc
import threading
import time
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from sandbox.base.errors import GoneError
from sandbox.state.models import Message
from tests.sandbox.page.browser import Window, message, needs_browser, soon
from tests.sandbox.page.demo_app import button, list_blocks, new_key_view, plain
from tests.sandbox.page.fake_sandbox import BOT, FakeSandbox

pytestmark = [pytest.mark.sockets, pytest.mark.browser, needs_browser]

_ASK = [{"type": "actions", "block_id": "a", "elements": [button("Approve", "approve")]}]


def _middle(found: Locator) -> tuple[float, float]:
    box = found.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _held_down(tab: Window, slack: FakeSandbox) -> tuple[Message, Page, Locator]:
    """A message, the page with it, and its button, marked and with the mouse held down on it."""
    made = slack.post("CGENERAL", BOT, "Sure?", blocks=_ASK)
    page = tab.open("as=alice&in=general")
    approve = page.get_by_role("button", name="Approve")
    approve.evaluate("each => { each.drawnFirst = true }")
    approve.hover()
    page.mouse.down()
    return made, page, approve


def _slow_line(page: Page) -> None:
    """Make what the browser sends arrive half a second later."""
    page.evaluate(
        "const send = window.socket.emit.bind(window.socket);"
        "window.socket.emit = (...all) => setTimeout(() => send(...all), 500)"
    )


def test_two_choices_are_picked_without_a_pause(tab: Window, slack: FakeSandbox) -> None:
    element = {"type": "multi_users_select", "action_id": "x", "placeholder": plain("Who")}
    blocks = [{"type": "actions", "block_id": "a", "elements": [element]}]
    slack.post("CGENERAL", BOT, "Choose", blocks=blocks)
    page = tab.open("as=alice&in=general")
    page.get_by_role("combobox", name="Who").click()
    options = [page.get_by_role("option", name=name) for name in ("Bob Ferreira", "Gita Rao")]
    expect(options[1]).to_be_visible()
    places = [_middle(each) for each in options]
    for place in places:
        page.mouse.click(*place)
    page.keyboard.press("Escape")
    call = soon(page, lambda: slack.actions.of("act"))[-1]
    assert call[5]["selected_users"] == ["UBOB", "UGITA"]


def test_what_is_picked_survives_a_form_that_is_rendered_again(
    tab: Window, slack: FakeSandbox
) -> None:
    select = {"type": "multi_users_select", "action_id": "v", "placeholder": plain("Who")}
    block = {"type": "input", "block_id": "who", "label": plain("Who"), "element": select}
    page = tab.open("as=alice&in=general")
    view = slack.open("UALICE", new_key_view() | {"blocks": [block]})
    page.get_by_role("combobox", name="Who").click()
    page.get_by_role("option", name="Bob Ferreira").click()
    soon(page, lambda: view.values)
    with slack.workspace.change():
        view.hash = "h2"
    expect(page.get_by_role("combobox", name="Who")).to_contain_text("Bob Ferreira")


def test_the_app_is_opened_while_the_channels_are_rendered_again(
    tab: Window, slack: FakeSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    page = tab.open("as=bob&in=general")
    real = slack.actions.open_direct

    def slowly(user: str, other: str) -> str:
        found = real(user, other)
        slack.post(found, BOT, "Unread")
        time.sleep(0.3)  # the page shows the new conversation in its list meanwhile
        gc.collect()
        return found

    slack.actions.open_direct = slowly  # type: ignore[method-assign]
    page.get_by_role("button", name="Key Ring").click()
    expect(message(page, "Unread")).to_be_visible()
    assert [each for each in caplog.records if each.name == "nicegui"] == []


def test_a_press_counts_when_its_button_is_rendered_again_under_it(
    tab: Window, slack: FakeSandbox
) -> None:
    made, page, approve = _held_down(tab, slack)
    with slack.workspace.change():
        made.revision += 1
    soon(page, lambda: not approve.evaluate("each => each.drawnFirst"))
    page.mouse.up()
    soon(page, lambda: slack.actions.of("act"))
    page.wait_for_timeout(300)
    assert len(slack.actions.of("act")) == 1


@pytest.mark.parametrize("again", ["re-rendered", "kept"])
def test_a_press_counts_when_the_answer_to_the_one_before_disabled_its_button_meanwhile(
    tab: Window, slack: FakeSandbox, again: str
) -> None:
    made, page, approve = _held_down(tab, slack)
    approve.evaluate("each => { each.disabled = true }")
    if again == "kept":
        approve.evaluate("each => { each.disabled = false }")
    else:
        with slack.workspace.change():
            made.revision += 1
        soon(page, lambda: not approve.evaluate("each => each.drawnFirst"))
    page.mouse.up()
    soon(page, lambda: slack.actions.of("act"))
    page.wait_for_timeout(300)
    assert len(slack.actions.of("act")) == 1


def test_a_button_that_is_still_disabled_at_the_end_of_the_press_takes_none(
    tab: Window, slack: FakeSandbox
) -> None:
    _, page, approve = _held_down(tab, slack)
    approve.evaluate("each => { each.disabled = true }")
    page.mouse.up()
    page.wait_for_timeout(300)
    assert slack.actions.of("act") == []


def test_a_press_can_still_be_taken_back_by_moving_away(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", BOT, "Sure?", blocks=_ASK)
    page = tab.open("as=alice&in=general")
    page.get_by_role("button", name="Approve").hover()
    page.mouse.down()
    page.mouse.move(600, 300)
    page.mouse.up()
    page.wait_for_timeout(300)
    assert slack.actions.of("act") == []


def test_a_box_is_ticked_when_it_is_rendered_again_under_the_mouse(
    tab: Window, slack: FakeSandbox
) -> None:
    options = [{"text": plain("One"), "value": "1"}, {"text": plain("Two"), "value": "2"}]
    element = {"type": "checkboxes", "action_id": "x", "options": options}
    blocks = [{"type": "actions", "block_id": "a", "elements": [element]}]
    made = slack.post("CGENERAL", BOT, "Choose", blocks=blocks)
    page = tab.open("as=alice&in=general")
    two = page.get_by_label("Two")
    two.evaluate("each => { each.drawnFirst = true }")
    two.hover()
    page.mouse.down()
    with slack.workspace.change():
        made.revision += 1
    soon(page, lambda: not two.evaluate("each => each.drawnFirst"))
    page.mouse.up()
    call = soon(page, lambda: slack.actions.of("act"))[-1]
    assert [each["value"] for each in call[5]["selected_options"]] == ["2"]


def test_a_press_that_arrives_after_its_message_has_changed_counts(
    tab: Window, slack: FakeSandbox
) -> None:
    made = slack.post("CGENERAL", BOT, "Keys", blocks=list_blocks())
    page = tab.open("as=alice&in=general")
    _slow_line(page)
    page.get_by_role("button", name="Next").click()
    with slack.workspace.change():
        made.blocks, made.revision = list_blocks("zap"), 2
    call = soon(page, lambda: slack.actions.of("act"))[-1]
    assert call[3:5] == ("paging", "next")


def test_who_presses_what_is_gone_is_told_to_look_again(tab: Window, slack: FakeSandbox) -> None:
    slack.post("CGENERAL", BOT, "Sure?", blocks=_ASK)
    page = tab.open("as=alice&in=general")
    slack.actions.fault = GoneError("there is no a/approve")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("This has changed in the meantime.")).to_be_visible()


@pytest.mark.parametrize("way", ["goto", "reload"])
def test_a_press_while_the_page_loads_is_kept(tab: Window, slack: FakeSandbox, way: str) -> None:
    slack.post("CGENERAL", BOT, "Sure?", blocks=_ASK)
    page = tab.page
    if way == "reload":
        tab.open("as=alice&in=general")
    page.add_init_script(
        """new MutationObserver((_, watch) => {
            const found = document.querySelector('[data-action-id="approve"]');
            if (!found) return;
            watch.disconnect();
            window.early = !document.documentElement.dataset.ready;
            found.click();
        }).observe(document, { childList: true, subtree: true })"""
    )
    if way == "reload":
        page.reload(wait_until="commit")
    else:
        page.goto(f"{tab.address}/?as=alice&in=general", wait_until="commit")
    soon(page, lambda: slack.actions.of("act"))
    assert page.evaluate("window.early")
    names: list[Any] = [call[0] for call in slack.actions.calls]
    assert names == (["reload", "act"] if way == "reload" else ["act"])


def test_no_press_is_lost_while_its_message_is_rendered_again_and_again(
    tab: Window, slack: FakeSandbox
) -> None:
    made = slack.post("CGENERAL", BOT, "Sure?", blocks=_numbered(1))
    page = tab.open("as=alice&in=general")
    shown = page.locator("[data-block-id=number]")
    x, y = _middle(page.get_by_role("button", name="Approve"))
    done = threading.Event()

    def render_again() -> None:
        while not done.wait(0.04):
            with slack.workspace.change():
                made.revision += 1
                made.blocks = _numbered(made.revision)

    rendering = threading.Thread(target=render_again)
    rendering.start()
    try:
        page.mouse.move(x, y)
        for number in range(20):
            page.mouse.down()
            page.wait_for_timeout(number * 5)  # as long as people hold a button down
            page.mouse.up()
            soon(page, lambda wanted=number + 1: len(slack.actions.of("act")) == wanted)
            # Until the app has answered, the button is disabled. The one that is rendered next is
            # another: no answer is awaited there.
            now = made.revision
            soon(page, lambda now=now: int(shown.inner_text().split()[-1]) > now)
    finally:
        done.set()
        rendering.join()
    assert made.revision > 20


def _numbered(revision: int) -> list[dict[str, Any]]:
    number = {"type": "section", "block_id": "number", "text": plain(f"No. {revision:06}")}
    return [number, *_ASK]

"""Slack's window in a browser, as somebody uses it with mouse and keyboard; every wait is for what
is seen."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

APP = "API keys"
SECONDS = 15.0


class SlackWindow:
    """One browser window at the practice Slack.

    Args:
        page: the tab, already at the practice Slack.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    # --- going places -------------------------------------------------------------------------

    def acts_as(self, name: str) -> None:
        """Choose somebody in the switch at the top."""
        self.page.get_by_role("button", name="You are:").click()
        self.page.get_by_role("menuitemradio", name=name).click()
        expect(self.page.get_by_role("button", name=f"You are: {name}")).to_be_visible()

    def goes_to(self, place: str) -> None:
        """Choose a channel, or the app, in the rail."""
        rail = self.page.get_by_role("navigation", name="Channels and direct messages")
        rail.get_by_role("button", name=re.compile(rf"^{re.escape(place)}(,|$)")).click()
        heading = self.page.get_by_role("heading", name=place, exact=True)
        expect(heading.filter(visible=True).first).to_be_visible()

    # --- the message box and messages -----------------------------------------------------------

    def types(self, text: str) -> None:
        """Type into the message box and press Enter."""
        box = self.page.get_by_role("textbox", name=re.compile("^Message "))
        box.press_sequentially(text)
        expect(box).to_have_value(text)
        box.press("Enter")
        expect(box).to_have_value("")

    def sees(self, *words: str) -> Locator:
        """Wait for the newest message with all these words; gives it, whatever it says later."""
        found = self.page.get_by_role("article")
        for part in words:
            found = found.filter(has_text=part)
        expect(found.last).to_be_visible(timeout=SECONDS * 1000)
        return self.page.locator(f"[data-ts='{found.last.get_attribute('data-ts')}']")

    def asks(self, text: str, words: str) -> Locator:
        """Type a command, and wait for its answer, seen by nobody else."""
        self.types(text)
        return self.sees(words, "Only visible to you")

    # --- modals ---------------------------------------------------------------------------------

    def modal(self, title: str) -> Locator:
        """Wait for the modal of this title."""
        found = self.page.get_by_role("dialog", name=title)
        expect(found).to_be_visible(timeout=SECONDS * 1000)
        return found

    def closes(self, button: str) -> None:
        """Close the modal by a button at its foot."""
        modal = self.page.get_by_role("dialog")
        modal.get_by_role("button", name=button, exact=True).click()
        expect(modal).to_have_count(0)

    def picks(self, field: Locator, option: str) -> None:
        """Choose in a select menu."""
        field.click()
        self.page.get_by_role("option", name=option).click()
        expect(self.page.get_by_role("listbox")).to_have_count(0)
        expect(field).to_contain_text(option)

"""What a phone, a desktop and a screen reader say of a message."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.text import NameBook, Notification, notification_of

NAMES = NameBook(users={"U1": "Ada Adams"}, channels={"C1": "general"})
NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
_BUTTON = {"type": "button", "action_id": "x", "text": {"type": "plain_text", "text": "Undo"}}
BLOCKS = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Zapier* was revoked."}},
    {"type": "actions", "elements": [_BUTTON]},
]


def test_a_phone_shows_the_text_alone_and_a_screen_reader_reads_it() -> None:
    message = {"text": "Ada revoked 'Zapier'", "blocks": BLOCKS}
    assert notification_of(message, NAMES, NOW) == Notification(
        phone="Ada revoked 'Zapier'",
        desktop="Zapier was revoked.",
        screen_reader="Ada revoked 'Zapier'",
    )


def test_without_text_a_phone_shows_nothing_and_the_blocks_are_read() -> None:
    found = notification_of({"text": "", "blocks": BLOCKS}, NAMES, NOW)
    assert found == Notification("", "Zapier was revoked.", "Zapier was revoked.")


def test_without_blocks_a_desktop_shows_the_text() -> None:
    assert notification_of({"text": "Hello"}).desktop == "Hello"


def test_ids_become_names_and_formatting_stays_raw() -> None:
    text = "<@U1> said *no* in <#C1> &amp; <!date^1768467600^left {date_short_pretty}|soon>"
    found = notification_of({"text": text, "blocks": BLOCKS}, NAMES, NOW)
    assert found.phone == "@Ada Adams said *no* in #general & left today"

"""A token leaves its message, or the record and people say that it is still there."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.slack_api.backoff import FIRST_PAUSE
from bot.slack_api.client import SlackClient
from bot.ui import ids
from sandbox.sandbox import Sandbox
from storage import reading
from storage.tables import Delivery, Event, OutboxRow
from tests.bot import test_listeners_practice as practised
from tests.bot.harness.fake_slack import FakeTime
from tests.bot.harness.listening import buttons
from tests.bot.harness.working import worker
from tests.keys.conftest import Domain
from tests.waiting import waits_until

domain = practised.domain
slack = practised.slack

PLACES = ("timer", "button", "cancelled")
# What chat.update and chat.delete may answer, and whether the same call may be taken later.
LASTING = (
    "cant_update_message", "edit_window_closed", "block_mismatch", "is_inactive", "is_archived",
    "channel_not_found", "msg_too_long", "no_text", "invalid_blocks", "missing_scope",
    "restricted_action", "not_in_channel", "unheard_of",
)  # fmt: skip
PASSING = (
    "internal_error", "fatal_error", "service_unavailable", "request_timeout", "update_failed",
    "ratelimited", "invalid_auth", "token_revoked", "account_inactive",
)  # fmt: skip
UNDELETABLE = (
    "cant_delete_message", "compliance_exports_prevent_deletion", "is_inactive",
    "channel_not_found", "missing_scope", "unheard_of",
)  # fmt: skip


def cases() -> Iterator[tuple[str, str, str]]:
    """What chat.update answers, what chat.delete does (nothing: it deletes), and what follows."""
    for code in LASTING:
        yield code, "", "removed"
        yield code, "cant_delete_message", "remains"
    for code in PASSING:
        yield code, "", "later"
        yield "edit_window_closed", code, "later"
    for code in UNDELETABLE:
        yield "edit_window_closed", code, "remains"


def follow(slack: Sandbox, domain: Domain) -> None:
    fake = FakeTime()
    calls = practised.practice_calls(slack)
    client = SlackClient(calls, sleep=fake.sleep, monotonic=fake.monotonic)
    worker(domain.services, client, "general").run_once()


def refuse(slack: Sandbox, updating: str, deleting: str) -> None:
    slack.faults.error("chat.update", updating, times=99)
    if deleting:
        slack.faults.error("chat.delete", deleting, times=99)


def make(slack: Sandbox) -> None:
    alice = slack.person("alice")
    alice.types("/apikeys new")
    # The command is acknowledged before the modal is opened.
    waits_until(lambda: alice.modal is not None)
    alice.fills(name="Zapier").submits()


def attempt(slack: Sandbox, domain: Domain, place: str, updating: str, deleting: str) -> None:
    """Has a message with a token, and has the token taken out of it there."""
    if place == "cancelled":
        # The token is in the message, and the answer that says so is not.
        slack.faults.error("chat.update", "unheard_of", after=True)
        refuse(slack, updating, deleting)
        make(slack)
        settle(domain)
        return
    make(slack)
    alice = slack.person("alice")
    alice.sees("works now").closes()
    assert alice.dm.token().startswith("ak_")
    refuse(slack, updating, deleting)
    if place == "timer":
        domain.clock.move(timedelta(minutes=16))
        follow(slack, domain)
    else:
        alice.presses(buttons(alice.dm.latest.blocks)[ids.STORED]["text"]["text"])
        settle(domain)


def settle(domain: Domain) -> None:
    """Waits until the attempt is over: removed, or to be tried again after the first pause."""
    later = domain.clock.now() + FIRST_PAUSE
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with reading(domain.engine) as session:
            rows = session.exec(select(Delivery)).all()
            if any(row.removed_at is not None or row.remove_at == later for row in rows):
                return
        time.sleep(0.01)
    raise AssertionError("nothing came of the attempt")


def has_token(slack: Sandbox) -> bool:
    """Whether any message in Slack has a token in it."""
    held = slack.workspace.messages.values()
    return any(
        re.search(r"ak_\w{30}", json.dumps(message.blocks))
        for messages in held
        for message in messages
    )


def recorded(domain: Domain) -> list[str]:
    with reading(domain.engine) as session:
        kinds = session.exec(select(Event.kind).order_by(col(Event.seq)))
        return [kind for kind in kinds if kind in ("token.removed", "token.remained")]


def told(domain: Domain) -> list[str]:
    with reading(domain.engine) as session:
        rows = session.exec(select(OutboxRow).where(OutboxRow.kind == "token.remained"))
        return sorted(row.recipient.partition(":")[0] for row in rows)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("updating", "deleting", "follows"), list(cases()))
def test_the_record_and_people_are_told_what_is_so(
    slack: Sandbox, domain: Domain, place: str, updating: str, deleting: str, follows: str
) -> None:
    attempt(slack, domain, place, updating, deleting)
    assert has_token(slack) is (follows != "removed")
    expected = {"removed": ["token.removed"], "remains": ["token.remained"], "later": []}
    assert recorded(domain) == expected[follows]
    assert told(domain) == (["person", "team"] if follows == "remains" else [])


@pytest.mark.parametrize("place", PLACES)
def test_a_message_that_was_deleted_is_without_the_token(
    slack: Sandbox, domain: Domain, place: str
) -> None:
    attempt(slack, domain, place, "message_not_found", "")
    assert recorded(domain) == ["token.removed"]
    assert told(domain) == []


@pytest.mark.parametrize("place", PLACES)
def test_a_token_that_stays_is_tried_with_growing_pauses_and_told_once(
    slack: Sandbox, domain: Domain, place: str
) -> None:
    attempt(slack, domain, place, "edit_window_closed", "cant_delete_message")
    pauses = []
    for _ in range(8):
        with reading(domain.engine) as session:
            due = session.exec(select(Delivery.remove_at)).one()
        assert due is not None
        pauses.append((due - domain.clock.now()).total_seconds())
        domain.clock.move(due - domain.clock.now())
        follow(slack, domain)
        assert has_token(slack)
        assert recorded(domain) == ["token.remained"]
        assert told(domain) == ["person", "team"]
    assert pauses[-1] >= 320
    assert pauses == sorted(pauses)
    slack.faults.clear()
    domain.clock.move(timedelta(minutes=16))
    follow(slack, domain)
    assert not has_token(slack)
    assert recorded(domain) == ["token.remained", "token.removed"]


def test_people_read_that_the_token_is_still_there(slack: Sandbox, domain: Domain) -> None:
    attempt(slack, domain, "button", "edit_window_closed", "cant_delete_message")
    alice = slack.person("alice")
    alice.sees("The token is still in the message")
    follow(slack, domain)
    alice.sees("is still in the direct message to").sees("An admin should rotate the key.")
    alice.never_sees("was removed from this message")

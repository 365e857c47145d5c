"""Asking for a key and deciding about it, through Bolt and down to the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from bot.ui import ids
from keys.base.models import KeyView
from keys.changes.authorization import Caller
from keys.credentials.tokens import make
from keys.operations import Withdraw, execute
from keys.search import search
from storage import reading
from storage.tables import AccessRequest
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import PEOPLE, READ, Bench, buttons
from tests.bot.harness.working import worker
from tests.keys.conftest import BOB


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    carl = {**PEOPLE["U0ALICE"], "id": "U0CARL", "name": "carl"}
    monkeypatch.setitem(PEOPLE, "U0CARL", carl)
    made = Bench(tmp_path)
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


def active(bench: Bench) -> list[KeyView]:
    with reading(bench.domain.engine, bench.domain.account) as session:
        return list(search.page(session).keys)


def follow(bench: Bench) -> None:
    domain = bench.domain
    worker(domain.services, bench.context.slack).run_once()


def ask(bench: Bench, user: str = "U0BOB", **changes: Any) -> dict[str, Any]:
    """Asks, as somebody who is no admin; returns what the modal shows."""
    bench.types("request Zapier, production", user)
    view = bench.last("views.open")["view"]
    values: dict[str, Any] = {
        "name": {"value": "Zapier, production"},
        "scopes": {"selected_options": [{"value": "read"}]},
        "reason": {"value": "For invoices"},
    }
    return bench.submits(view, user, **(values | changes))


def posted(bench: Bench, action: str) -> dict[str, Any]:
    """The button of this kind in the newest message that has one."""
    for name, args in reversed(bench.calls.asked):
        if name in ("chat.postMessage", "chat.update") and action in json.dumps(args):
            return buttons(args["blocks"])[action]
    raise AssertionError(action)


def test_asked_and_approved_and_the_token_goes_to_who_asked(bench: Bench) -> None:
    assert "You have asked for" in json.dumps(ask(bench))
    follow(bench)
    press = posted(bench, ids.REQUEST_APPROVE)
    assert "token" not in press["value"]
    bench.presses(press)
    (key,) = active(bench)
    assert (key.owner, str(key.creator)) == ("U0BOB", "person:U0ALICE")
    opened = [args["users"] for name, args in bench.calls.asked if name == "conversations.open"]
    assert set(opened) == {"U0BOB"}
    assert "ak_" in json.dumps(bench.last("chat.update")["blocks"])
    follow(bench)
    said = [json.dumps(args) for name, args in bench.calls.asked if name == "chat.update"]
    assert any("Only the requester got the token" in text for text in said)
    assert any("You got the token" in text for text in said)
    bench.presses(press, "U0CARL")
    assert "approved this" in json.dumps(bench.answers[-1])
    assert len(active(bench)) == 1


def pressed_changes(bench: Bench) -> dict[str, Any]:
    bench.presses(posted(bench, ids.REQUEST_CHANGE))
    view: dict[str, Any] = bench.last("views.open")["view"]
    return view


def test_the_card_says_what_is_asked_and_what_is_risky(bench: Bench) -> None:
    both = [{"value": "read"}, {"value": "write"}]
    ask(bench, scopes={"selected_options": both})
    follow(bench)
    card = next(args for name, args in bench.calls.asked if args.get("channel") == "C1")
    assert [block["type"] for block in card["blocks"][:4]] == [
        "header", "rich_text", "section", "rich_text",
    ]  # fmt: skip
    said = json.dumps(card["blocks"], ensure_ascii=False)
    for words in ("<@", "For invoices", "write access", "no expiry date", "add new records"):
        assert words.replace("<@", "U0BOB") in said
    assert [*buttons(card["blocks"])] == [ids.REQUEST_APPROVE, ids.REQUEST_CHANGE, ids.REQUEST_DENY]


def test_approved_with_changes_and_the_card_alone_says_so(bench: Bench) -> None:
    both = [{"value": "read"}, {"value": "write"}]
    ask(bench, scopes={"selected_options": both}, last_day={"selected_date": "2190-01-31"})
    follow(bench)
    view = pressed_changes(bench)
    filled = {block["block_id"]: block["element"] for block in view["blocks"] if "element" in block}
    assert [one["value"] for one in filled["scopes"]["initial_options"]] == ["read", "write"]
    assert filled["last_day"]["initial_date"] == "2190-01-31"
    past = bench.submits(view, scopes=READ, last_day={"selected_date": "2020-01-01"})
    assert "is in the past" in past["errors"]["last_day"]
    bench.submits(view, scopes=READ, last_day={"selected_date": "2190-01-01"})
    (key,) = active(bench)
    assert (key.owner, key.scopes) == ("U0BOB", ("read",))
    assert "approved this with changes" in json.dumps(bench.last("views.update"))
    follow(bench)
    redrawn = [args for name, args in bench.calls.asked if name == "chat.update"]
    said = [json.dumps(args, ensure_ascii=False) for args in redrawn]
    assert any("Request approved" in text and "until Jan 31, 2190" in text for text in said)
    assert any("You asked for" in text and "until Jan 1, 2190" in text for text in said)
    # No second message stands beside the card.
    posts = [args for name, args in bench.calls.asked if name == "chat.postMessage"]
    assert [args["channel"] for args in posts].count("C1") == 1
    # The other admin is too late, and reads what was decided.
    late = bench.submits(view, "U0CARL", scopes=READ, last_day={"selected_date": None})
    assert "approved this with changes" in json.dumps(late)
    assert len(active(bench)) == 1


def test_a_date_that_has_passed_is_said_with_what_to_press(bench: Bench) -> None:
    today = bench.domain.clock.now().date().isoformat()
    ask(bench, last_day={"selected_date": today})
    follow(bench)
    bench.domain.clock.move(timedelta(days=2))
    bench.presses(posted(bench, ids.REQUEST_APPROVE))
    assert "Approve with changes" in json.dumps(bench.answers[-1])
    assert active(bench) == []


def test_who_may_not_decide_cannot_with_changes_either(bench: Bench) -> None:
    ask(bench)
    follow(bench)
    view = pressed_changes(bench)
    for user in ("U0BOB", "U0GUEST", "U0FAR"):
        bench.submits(view, user, scopes=READ, last_day={"selected_date": None})
    assert active(bench) == []


def test_who_may_not_decide_is_refused(bench: Bench) -> None:
    ask(bench)
    follow(bench)
    press = posted(bench, ids.REQUEST_APPROVE)
    for user in ("U0BOB", "U0GUEST", "U0FAR"):
        bench.presses(press, user)
        bench.presses(posted(bench, ids.REQUEST_DENY), user)
    assert active(bench) == []
    assert "views.open" in bench.calls.methods()
    assert bench.calls.methods().count("views.open") == 1


def test_an_admin_cannot_decide_their_own(bench: Bench) -> None:
    bench.types("request Zapier, production")
    assert "/apikeys new" in json.dumps(bench.last("views.open"))
    ask(bench, "U0ALICE")
    follow(bench)
    bench.presses(posted(bench, ids.REQUEST_APPROVE))
    assert "your own request" in json.dumps(bench.answers[-1])
    bench.presses(posted(bench, ids.REQUEST_DENY))
    assert "your own request" in json.dumps(bench.answers[-1])
    bench.presses(posted(bench, ids.REQUEST_DENY), "U0CARL")
    modal = bench.last("views.open")["view"]
    assert "your own request" in json.dumps(bench.submits(modal, reason={"value": "Not mine"}))
    assert active(bench) == []
    bench.presses(posted(bench, ids.REQUEST_APPROVE), "U0CARL")
    assert [key.owner for key in active(bench)] == ["U0ALICE"]


def test_a_token_is_refused_at_its_field(bench: Bench) -> None:
    text = f"“{make('acme_old').reveal()}”"
    refused = ask(bench, name={"value": text}, reason={"value": text})
    assert [*refused["errors"]] == [ids.NAME, ids.REASON]
    assert all("contains a token" in why for why in refused["errors"].values())
    ask(bench)
    follow(bench)
    bench.presses(posted(bench, ids.REQUEST_DENY))
    view = bench.last("views.open")["view"]
    denied = bench.submits(view, reason={"value": text})
    assert "contains a token" in denied["errors"][ids.REASON]
    assert "denied this" in json.dumps(bench.submits(view, reason={"value": "Not needed"}))


def test_denied_with_a_reason_that_the_person_reads(bench: Bench) -> None:
    ask(bench)
    follow(bench)
    bench.presses(posted(bench, ids.REQUEST_DENY))
    view = bench.last("views.open")["view"]
    shown = bench.submits(view, reason={"value": "You have one already"})
    assert "denied this" in json.dumps(shown)
    assert "denied this" in json.dumps(bench.submits(view, "U0CARL", reason={"value": "again"}))
    follow(bench)
    said = [json.dumps(args) for name, args in bench.calls.asked if name == "chat.update"]
    assert sum("denied this" in text for text in said) == 2
    # The requester reads the reason in a message of its own, below the one that is edited.
    assert sum("You have one already" in text for text in said) == 1
    news = [json.dumps(args) for name, args in bench.calls.asked if name == "chat.postMessage"]
    assert sum("You have one already" in text for text in news) == 1
    assert not any("again" in text for text in said)


def test_the_requester_may_withdraw_and_nobody_else(bench: Bench) -> None:
    ask(bench)
    follow(bench)
    press = posted(bench, ids.REQUEST_WITHDRAW)
    bench.presses(press)
    assert "another person" in json.dumps(bench.answers[-1])
    bench.presses(press, "U0BOB")
    follow(bench)
    assert "withdrawn" in json.dumps(bench.last("chat.update"))
    bench.presses(posted(bench, ids.REQUEST_APPROVE))
    assert active(bench) == []


def test_a_token_that_cannot_be_delivered_opens_it_again(bench: Bench) -> None:
    ask(bench)
    follow(bench)
    press = posted(bench, ids.REQUEST_APPROVE)
    bench.calls.replies["chat.postMessage"] = [
        refusal("messages_tab_disabled"), {"channel": "D1", "ts": "1.000001"},
    ]  # fmt: skip
    bench.presses(press)
    assert active(bench) == []
    assert "open again" in json.dumps(bench.last("chat.postMessage"))
    bench.presses(press)
    assert len(active(bench)) == 1


@pytest.mark.parametrize(
    ("block", "value", "words"),
    [
        ("name", {"value": ""}, "Give the key a name"),
        ("reason", {"value": "  "}, "what the key is for"),
        ("scopes", {"selected_options": []}, "at least one"),
    ],
)
def test_what_is_missing_is_said_at_its_field(
    bench: Bench, block: str, value: dict[str, Any], words: str
) -> None:
    assert words in ask(bench, **{block: value})["errors"][block]  # type: ignore[arg-type]


def test_guests_and_outsiders_cannot_ask(bench: Bench) -> None:
    for user in ("U0GUEST", "U0FAR"):
        bench.types("request Zapier", user)
    assert "views.open" not in bench.calls.methods()


def test_a_poor_name_is_advised_against(bench: Bench) -> None:
    shown = ask(bench, name={"value": "Test"})
    assert "In six months" in json.dumps(shown)
    insisted = {"selected_options": [{"value": "anyway"}]}
    shown = bench.submits(
        shown["view"], "U0BOB", name={"value": "Test"}, reason={"value": "x"}, anyway=insisted,
        scopes={"selected_options": [{"value": "read"}]},
    )  # fmt: skip
    assert "You have asked for" in json.dumps(shown)


def posts(bench: Bench) -> int:
    """How many messages there are."""
    return bench.calls.methods().count("chat.postMessage")


@pytest.mark.parametrize("posted_first", [True, False])
def test_asking_and_withdrawing_again_and_again_is_bounded(
    bench: Bench, posted_first: bool
) -> None:
    refusals = []
    for number in range(30):
        answer = ask(bench, name={"value": f"Program {number}, production"})
        refusals += answer.get("errors", {}).values()
        if "errors" in answer:
            continue
        if posted_first:
            follow(bench)
            bench.presses(posted(bench, ids.REQUEST_WITHDRAW), "U0BOB")
        else:
            with reading(bench.domain.engine, bench.domain.account) as session:
                newest = session.exec(select(AccessRequest.id).order_by(text("rowid DESC"))).first()
            execute(bench.domain.services, Caller(BOB), Withdraw(request=newest or ""))
        follow(bench)
    assert len(refusals) == 20
    assert set(refusals) == {
        "You have made 10 requests within 24 hours, and withdrawn ones count. Try again tomorrow, "
        "or ask an admin."
    }
    # One for the team and one for the requester, each redrawn; none if it was withdrawn at once.
    assert posts(bench) == (20 if posted_first else 0)
    assert bench.calls.methods().count("chat.update") == posts(bench)


def denied(bench: Bench, reason: str) -> None:
    ask(bench)
    follow(bench)
    bench.presses(posted(bench, ids.REQUEST_DENY))
    bench.submits(bench.last("views.open")["view"], reason={"value": reason})
    follow(bench)


def test_a_denial_is_a_new_message_with_the_reason_and_a_way_to_ask_again(bench: Bench) -> None:
    denied(bench, "Use the one of billing.")
    message = bench.last("chat.postMessage")
    first = message["text"].split("\n")[0]
    assert first == (
        "alice denied your request for “Zapier, production”. Reason: Use the one of billing."
    )
    opened = bench.calls.methods().count("views.open")
    for user in ("U0GUEST", "U0CARL"):
        bench.presses(posted(bench, ids.REQUEST_AGAIN), user)
    assert bench.calls.methods().count("views.open") == opened
    bench.presses(posted(bench, ids.REQUEST_AGAIN), "U0BOB")
    view = bench.last("views.open")["view"]
    values = json.dumps(view["blocks"])
    assert all(word in values for word in ("Zapier, production", "For invoices"))
    again = {
        "name": {"value": "Zapier, staging"},
        "scopes": {"selected_options": [{"value": "read"}]},
        "reason": {"value": "For invoices"},
    }
    assert "You have asked for" in json.dumps(bench.submits(view, "U0BOB", **again))


def test_an_approval_says_who_gave_it_and_a_phone_shows_it(bench: Bench) -> None:
    ask(bench)
    follow(bench)
    bench.presses(posted(bench, ids.REQUEST_APPROVE))
    first = bench.last("chat.postMessage")["text"].split("\n")[0]
    assert first == (
        "alice approved your request for “Zapier, production”. Its token appears in this message."
    )
    assert "It cannot be shown again. alice approved" in bench.last("chat.update")["text"]

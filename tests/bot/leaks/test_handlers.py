"""A token in a message: who is told what, through Bolt, from the event to the team's channel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.app import build
from bot.leaks import handlers
from bot.ui import ids
from keys.base.models import KeyView, State
from keys.base.policy import Leaked, Policy
from keys.credentials.tokens import Token, make
from keys.rotation.grace import end_rotation
from keys.search import search
from storage import StorageUnavailable, reading, writing
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import ALICE, PEOPLE, Bench, buttons
from tests.bot.harness.working import worker
from tests.keys.lifecycle.test_update import edit, like
from tests.keys.rotation.test_rotations import rotate

DAY = timedelta(days=1)

_numbers = count(1)
LINK = "https://acme.slack.com/archives/C0GENERAL/p1790000000000001"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.calls.replies["chat.postEphemeral"] = [{}]
    made.calls.replies["chat.postMessage"] = [
        lambda args: {"channel": args["channel"], "ts": "1.000001"}
    ]
    made.calls.replies["chat.getPermalink"] = [{"permalink": LINK}]
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


def decides(bench: Bench, **changes: Any) -> None:
    """Has the bot go on with another context."""
    bench.app.listener_runner.listener_executor.shutdown()
    bench.context = replace(bench.context, services=replace(bench.context.services, **changes))
    bench.app = build(bench.context, bot_token="xoxb-1", bot_id="B1", bot_user_id="U0BOT")


def event(bench: Bench, user: str = "U0BOB", **parts: Any) -> dict[str, Any]:
    """A message as Slack tells of it; `parts` are added to it, or replace what is there."""
    number = next(_numbers)
    ts = f"1790000000.{number:06}"
    said = {
        "type": "message",
        "channel": "C0GENERAL",
        "channel_type": "channel",
        "ts": ts,
        "event_ts": ts,
        "text": "",
        **({"user": user, "user_team": _team(user)} if user else {}),
    }
    return {
        "type": "event_callback",
        "team_id": "T0ACME",
        "api_app_id": "A1",
        "event_id": f"Ev{number}",
        "event": said | parts,
    }


def _team(user: str) -> str:
    return str(PEOPLE[user]["team_id"]) if user in PEOPLE else "T0ACME"


def posts(bench: Bench, text: str = "", user: str = "U0BOB", **parts: Any) -> dict[str, Any]:
    body = event(bench, user, text=text, **parts)
    bench.sends(body)
    return body


def follow(bench: Bench) -> None:
    domain = bench.domain
    worker(domain.services, bench.context.slack).run_once()


def alarms(bench: Bench) -> list[dict[str, Any]]:
    """What was said in the team's channel of tokens in messages."""
    follow(bench)
    said = [args for name, args in bench.calls.asked if name == "chat.postMessage"]
    return [args for args in said if " token of " in args["text"]]


def hints(bench: Bench) -> list[dict[str, Any]]:
    return [args for name, args in bench.calls.asked if name == "chat.postEphemeral"]


def state(bench: Bench, key: KeyView) -> State:
    with reading(bench.domain.engine, bench.domain.account) as session:
        return search.get(session, key.id).state


# --- seen ----------------------------------------------------------------------------------------


def test_poster_and_team_are_told_and_the_token_is_not_repeated(bench: Bench) -> None:
    key, token = bench.domain.issue("Zapier")
    posts(bench, f"use `{token.reveal()}`")
    (hint,) = hints(bench)
    assert (hint["channel"], hint["user"]) == ("C0GENERAL", "U0BOB")
    assert "thread_ts" not in hint
    assert "Please delete the message" in json.dumps(hint)
    (alarm,) = alarms(bench)
    assert alarm["channel"] == "C1"
    text = json.dumps(alarm, ensure_ascii=False)
    for words in ("U0BOB", "C0GENERAL", "Zapier", token.hint, "still works"):
        assert words in text
    assert buttons(alarm["blocks"]).keys() == {
        ids.LEAK_OPEN, ids.LEAK_REVOKE, ids.ROTATE, ids.KEY_CHOICE,
    }  # fmt: skip
    assert token.secret not in json.dumps(bench.calls.asked)
    # One for the event, and one when the link is known.
    assert bench.nudges == 2
    assert state(bench, key) is State.ACTIVE


def nested(token: str) -> list[dict[str, Any]]:
    """Where a message can have it."""
    text = {"type": "text", "text": f"here:\n{token}"}
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}, text]}
    code = {"type": "rich_text_preformatted", "elements": [text]}
    return [
        {"text": token},
        {"blocks": [{"type": "rich_text", "elements": [section]}]},
        {"blocks": [{"type": "rich_text", "elements": [code]}]},
        {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": f"```{token}```"}}]},
        {"attachments": [{"fallback": "x", "text": f"line\n{token}"}]},
        {"attachments": [{"fields": [{"title": "Key", "value": token}]}]},
        {"attachments": [{"blocks": [{"type": "rich_text", "elements": [code]}]}]},
    ]


@pytest.mark.parametrize("where", range(len(nested(""))))
def test_it_is_found_wherever_a_message_can_have_it(bench: Bench, where: int) -> None:
    _, token = bench.domain.issue("Zapier")
    posts(bench, **nested(token.reveal())[where])
    assert len(hints(bench)) == len(alarms(bench)) == 1


def test_one_message_delivered_twice_or_edited_is_told_of_once(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    body = posts(bench, token.reveal())
    bench.sends(body)
    bench.sends(edited(bench, body, f"again {token.reveal()}"))
    assert len(hints(bench)) == len(alarms(bench)) == 1


def edited(bench: Bench, body: dict[str, Any], text: str) -> dict[str, Any]:
    before = body["event"]
    return event(
        bench, "", subtype="message_changed", hidden=True, previous_message=before,
        message=before | {"text": text},
    )  # fmt: skip


def test_what_was_put_in_by_editing_is_seen(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    body = posts(bench, "a harmless text")
    assert hints(bench) == []
    bench.sends(edited(bench, body, token.reveal()))
    assert hints(bench)[0]["user"] == "U0BOB"
    assert len(alarms(bench)) == 1


def test_what_was_taken_out_by_editing_or_deleting_is_not(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    with_it = event(bench, text=token.reveal())["event"]
    bench.sends(
        event(
            bench, "", subtype="message_changed", message=with_it | {"text": "-"},
            previous_message=with_it,
        )
    )  # fmt: skip
    bench.sends(event(bench, "", subtype="message_deleted", previous_message=with_it))
    assert (hints(bench), alarms(bench)) == ([], [])


def test_a_reply_is_answered_in_its_thread(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    posts(bench, token.reveal(), thread_ts="1789999999.000001")
    assert hints(bench)[0]["thread_ts"] == "1789999999.000001"


def test_several_tokens_are_one_hint_and_an_alarm_each(bench: Bench) -> None:
    tokens = [bench.domain.issue(name)[1].reveal() for name in ("First", "Second")]
    posts(bench, " ".join(tokens))
    assert (len(hints(bench)), len(alarms(bench))) == (1, 2)


def test_a_program_is_told_of_and_not_told(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    posts(bench, token.reveal(), user="", subtype="bot_message", bot_id="B0OTHER")
    assert "A program" in json.dumps(alarms(bench))
    bot = dict(PEOPLE["U0BOB"], id="U0APP", is_bot=True)
    bench.calls.replies["users.info"] = [{"user": bot}]
    posts(bench, token.reveal(), user="U0APP", bot_id="B0OTHER")
    assert len(alarms(bench)) == 2
    assert hints(bench) == []


def test_what_the_app_itself_says_is_not_looked_at(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    posts(bench, token.reveal(), user="U0BOT", bot_id="B1")
    assert (hints(bench), alarms(bench)) == ([], [])


# --- not told ------------------------------------------------------------------------------------


def test_without_a_token_nobody_and_nothing_is_asked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr("keys.changes.services.writing", never)
    for text in ("hello", "ak_ is our prefix", make("ak").hint, make("ak").reveal()[:-1]):
        posts(bench, text)
    assert bench.calls.asked == []


def test_a_guess_is_no_alarm(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    posts(bench, Token("ak", token.public_id, make("ak").secret).reveal())
    assert (hints(bench), alarms(bench)) == ([], [])


@pytest.mark.parametrize("leaked", list(Leaked))
def test_a_token_that_does_not_work_is_a_short_hint_once(bench: Bench, leaked: Leaked) -> None:
    decides(bench, policy=Policy(leaked=leaked))
    key, token = bench.domain.issue("Zapier")
    bench.domain.revoke(key.id)
    body = posts(bench, token.reveal())
    bench.sends(body)
    (hint,) = hints(bench)
    assert "no longer works" in hint["text"]
    assert "delete" not in json.dumps(hint)
    assert alarms(bench) == []


@pytest.mark.parametrize("who", ["U0FAR", "U0GUEST"])
@pytest.mark.parametrize("works", [True, False])
def test_an_outsider_learns_nothing_of_keys(bench: Bench, who: str, works: bool) -> None:
    key, token = bench.domain.issue("Zapier")
    if not works:
        bench.domain.revoke(key.id)
    posts(bench, token.reveal(), user=who)
    (hint,) = hints(bench)
    text = json.dumps(hint).lower()
    assert "looks like a secret" in text
    for word in ("api", "key", "zapier", "token", "work", "revoke"):
        assert word not in text
    assert len(alarms(bench)) == works


def test_where_slack_does_not_say_who_it_was_they_are_an_outsider(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    bench.calls.replies["users.info"] = [refusal("internal_error")]
    posts(bench, token.reveal())
    assert "looks like a secret" in hints(bench)[0]["text"]
    assert len(alarms(bench)) == 1


def test_the_team_is_told_even_if_the_poster_cannot_be(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier")
    bench.calls.replies["chat.postEphemeral"] = [refusal("user_not_in_channel")]
    posts(bench, token.reveal())
    assert len(alarms(bench)) == 1


# --- decided -------------------------------------------------------------------------------------


def test_revoked_at_once_where_the_team_wants_it(bench: Bench) -> None:
    decides(bench, policy=Policy(leaked=Leaked.REVOKE))
    key, token = bench.domain.issue("Zapier")
    body = posts(bench, token.reveal())
    bench.sends(body)
    assert state(bench, key) is State.REVOKED
    (hint,) = hints(bench)
    assert "Its key was revoked" in json.dumps(hint)
    (alarm,) = alarms(bench)
    assert "The key was revoked" in json.dumps(alarm)
    assert buttons(alarm["blocks"]) == {}


def test_the_alarm_follows_a_revocation_pressed_under_it(bench: Bench) -> None:
    key, token = bench.domain.issue("Zapier")
    posts(bench, token.reveal())
    press = buttons(alarms(bench)[0]["blocks"])
    bench.presses(press[ids.LEAK_REVOKE], "U0BOB")
    assert "not an admin" in json.dumps(bench.answers[-1])
    assert state(bench, key) is State.ACTIVE
    bench.presses(press[ids.LEAK_REVOKE])
    follow(bench)
    redrawn = bench.last("chat.update")
    assert "The key was revoked" in json.dumps(redrawn)
    assert buttons(redrawn["blocks"]) == {}
    bench.presses(press[ids.LEAK_REVOKE])
    assert "was already revoked" in json.dumps(bench.answers[-1])


def test_rotate_opens_from_the_alarm_and_the_alarm_follows(bench: Bench) -> None:
    key, token = bench.domain.issue("Zapier")
    posts(bench, token.reveal())
    bench.presses(buttons(alarms(bench)[0]["blocks"])[ids.ROTATE])
    assert "Rotate API key" in json.dumps(bench.last("views.open"))
    rotate(bench.domain, key.id, grace=timedelta(hours=1))
    follow(bench)
    assert "It expires" in json.dumps(last_redrawn(bench, "still works"))
    bench.domain.clock.move(timedelta(hours=1))
    follow(bench)
    shown = last_redrawn(bench, "no longer works")
    assert "The key has another token" in json.dumps(shown)
    assert buttons(shown["blocks"]) == {}


def test_the_alarm_follows_an_old_token_that_is_ended_before_its_time(bench: Bench) -> None:
    domain = bench.domain
    key, token = domain.issue("Zapier")
    posts(bench, token.reveal())
    alarms(bench)
    rotation, _ = rotate(domain, key.id, grace=timedelta(days=1))
    follow(bench)
    with domain.change(ALICE) as change:
        end_rotation(change, rotation)
    follow(bench)
    assert "another token" in json.dumps(last_redrawn(bench, "no longer works"))


def last_redrawn(bench: Bench, words: str) -> dict[str, Any]:
    return next(
        args
        for name, args in reversed(bench.calls.asked)
        if name == "chat.update" and words in json.dumps(args)
    )


def test_the_alarm_says_when_the_key_has_expired(bench: Bench) -> None:
    _, token = bench.domain.issue("Zapier", expires_at=bench.domain.clock.now() + timedelta(days=1))
    posts(bench, token.reveal())
    alarms(bench)
    bench.domain.clock.move(timedelta(days=1))
    follow(bench)
    over = json.dumps(last_redrawn(bench, "The key has expired, so the token is refused"))
    assert "Revoke now" in over
    assert "Rotate" not in over


# --- bad days ------------------------------------------------------------------------------------


@pytest.mark.parametrize("failures", [1, len(handlers.PAUSES), len(handlers.PAUSES) + 1])
def test_a_database_that_does_not_answer_is_asked_again(
    bench: Bench, failures: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    decides(bench, sleep=slept.append)
    _, token = bench.domain.issue("Zapier")
    left = [None] * failures

    @contextmanager
    def sometimes(engine: Any, account_id: str) -> Iterator[Any]:
        if left:
            left.pop()
            raise StorageUnavailable("busy")
        with writing(engine, account_id) as session:
            yield session

    monkeypatch.setattr("keys.changes.services.writing", sometimes)
    posts(bench, token.reveal())
    found = failures <= len(handlers.PAUSES)
    assert slept == list(handlers.PAUSES[:failures])
    assert len(hints(bench)) == len(alarms(bench)) == found


def test_the_alarm_follows_a_rename(bench: Bench) -> None:
    key, token = bench.domain.issue("Zapier")
    posts(bench, token.reveal())
    follow(bench)
    bench.domain.rename(key.id, "Zapier, invoices")
    follow(bench)
    assert "Zapier, invoices" in json.dumps(last_redrawn(bench, "posted it"))


# --- the team's message --------------------------------------------------------------------------


def test_the_alarm_leads_to_the_message_and_mentions_the_owner_and_the_admins(bench: Bench) -> None:
    _, token = bench.domain.issue("Reporting script", owner="U0BOB")
    posts(bench, token.reveal())
    (alarm,) = alarms(bench)
    assert alarm["text"].startswith("LEAK: a live token of “Reporting script” in a channel.")
    assert alarm["text"].endswith("Please take care of this: bob alice")
    pressable = buttons(alarm["blocks"])
    assert pressable[ids.LEAK_OPEN]["url"] == LINK
    assert list(pressable) == [ids.LEAK_OPEN, ids.LEAK_REVOKE, ids.ROTATE, ids.KEY_CHOICE]
    bench.presses(pressable[ids.LEAK_OPEN], "U0BOB")
    assert not bench.answers, "Slack opens it"


def test_revoked_from_the_alarm_the_reason_is_filled_in(bench: Bench) -> None:
    key, token = bench.domain.issue("Reporting script", owner="U0BOB")
    posts(bench, token.reveal())
    (alarm,) = alarms(bench)
    press = buttons(alarm["blocks"])[ids.LEAK_REVOKE]
    assert "Reason: leaked" in press["confirm"]["text"]["text"]
    bench.presses(press, "U0BOB")
    assert state(bench, key) is State.ACTIVE
    bench.presses(press)
    assert state(bench, key) is State.REVOKED
    bench.presses(press)
    assert "already revoked" in bench.answers[-1]["text"]
    follow(bench)
    texts = [args["text"] for name, args in bench.calls.asked if name == "chat.postMessage"]
    assert any(
        text.startswith("alice revoked the key “Reporting script” (leaked)") for text in texts
    )


def test_without_a_link_the_alarm_is_raised_and_after_a_crash_as_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.calls.replies["chat.getPermalink"] = [refusal("message_not_found")]
    _, token = bench.domain.issue("Reporting script")
    posts(bench, token.reveal())
    (alarm,) = alarms(bench)
    assert ids.LEAK_OPEN not in buttons(alarm["blocks"])
    monkeypatch.setattr(handlers, "_describe", lambda *_: None)
    posts(bench, f"again {token.reveal()}")
    assert len(alarms(bench)) == 1
    bench.domain.clock.move(timedelta(seconds=15))
    assert len(alarms(bench)) == 2


def test_the_alarm_about_a_key_that_expired_shows_when_it_works_again(bench: Bench) -> None:
    domain = bench.domain
    key, token = domain.issue("Report", expires_at=domain.clock.now() + 10 * DAY)
    posts(bench, token.reveal())
    assert len(alarms(bench)) == 1
    domain.clock.move(10 * DAY)
    follow(bench)
    assert "The key has expired, so the token is refused." in shown(bench)
    domain.clock.move(40 * DAY)
    follow(bench)
    later = (domain.clock.now() + 30 * DAY).date()
    edit(domain, key.id, like(last_day=later))
    follow(bench)
    assert "still works" in shown(bench)
    assert "Revoke now" in shown(bench)


def shown(bench: Bench) -> str:
    """The alarm as it was rendered last."""
    return json.dumps(bench.last("chat.update"), ensure_ascii=False)


def test_rotating_a_leaked_key_proposes_to_revoke_the_old_token_at_once(bench: Bench) -> None:
    _, token = bench.domain.issue("Report")
    bench.domain.issue("Other")
    posts(bench, token.reveal())
    (alarm,) = alarms(bench)
    bench.presses(buttons(alarm["blocks"])[ids.ROTATE])
    view = json.dumps(bench.last("views.open")["view"])
    assert "A token of it was found in a message." in view
    assert '"initial_option": {"text": {"type": "plain_text", "text": "Revoke' in view
    bench.types("rotate Other")
    assert "found in a message" not in json.dumps(bench.last("views.open")["view"])

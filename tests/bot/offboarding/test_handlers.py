"""A person leaves: the command, the message with the keys, all at once, and what Slack reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.offboarding.feature import FEATURE
from bot.ui import ids
from keys.base.models import KeyView, State
from keys.search import search
from storage import reading
from storage.tables import Event, LiveMessageRow, Offboarding, OutboxRow
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import PEOPLE, Bench, buttons
from tests.bot.harness.working import worker_of
from tests.keys.conftest import ALICE, BOB
from tests.keys.offboarding.test_offboarding import issue_to
from tests.keys.transfer.test_import_keys import imports, sha256_base64


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setitem(PEOPLE, "U0CARL", {**PEOPLE["U0ALICE"], "id": "U0CARL", "name": "carl"})
    monkeypatch.setitem(PEOPLE, "U0BOB", dict(PEOPLE["U0BOB"]))
    made = Bench(tmp_path)
    made.calls.replies["chat.postMessage"] = [
        lambda args: {"channel": args["channel"], "ts": "1.000001"}
    ]
    yield made
    made.app.listener_runner.listener_executor.shutdown()
    made.domain.close()


def follow(bench: Bench) -> None:
    """Rounds until nothing is due, as the schedule goes on."""
    domain = bench.domain
    following = worker_of(replace(bench.context, services=domain.services), jobs=FEATURE.jobs)
    for _ in range(200):
        if not following.run_once():
            return
    raise AssertionError("there is always something due")


def board(bench: Bench) -> dict[str, Any]:
    """The message about the leaver as it stands."""
    for name, args in reversed(bench.calls.asked):
        if name in ("chat.postMessage", "chat.update") and "handled" in json.dumps(args):
            return args
    raise AssertionError("no message")


def pressed(bench: Bench, action: str, key: KeyView | None = None) -> dict[str, Any]:
    """A button of it, of this key if one is given."""
    for block in board(bench)["blocks"]:
        for element in block.get("elements", ()):
            ref = json.loads(element.get("value") or "{}")
            if element.get("action_id") == action and (key is None or ref.get("key") == key.id):
                return {"action_id": action, "value": element["value"]}
    raise AssertionError(action)


def lines(bench: Bench) -> list[dict[str, Any]]:
    """What the message that has ended says of each key."""
    return [
        line
        for block in board(bench)["blocks"]
        for part in block.get("elements", ())
        if part.get("type") == "rich_text_list"
        for line in part["elements"]
    ]


def get(bench: Bench, key: KeyView) -> KeyView:
    with reading(bench.domain.engine, bench.domain.account) as session:
        return search.get(session, key.id)


def said(bench: Bench) -> str:
    return json.dumps(board(bench)["blocks"], ensure_ascii=False)


def changed(bench: Bench, user: str, **changes: Any) -> None:
    """Slack reports a change."""
    PEOPLE[user].update(changes)
    bench.sends(
        {
            "type": "event_callback",
            "team_id": "T0ACME",
            "event": {"type": "user_change", "user": PEOPLE[user]},
        }
    )


def test_the_command_puts_the_keys_into_the_channel(bench: Bench) -> None:
    issue_to(bench.domain, "Bob's own", BOB.id, BOB)
    answer = bench.offboards("U0BOB|bob")
    assert "in the team’s channel" in json.dumps(answer, ensure_ascii=False)
    follow(bench)
    assert board(bench)["channel"] == "C1"
    assert "0 of 1 key handled" in said(bench)
    assert "has its token · owns it" in said(bench)
    for word in ("Rotate", "Hand over", "Keep", "Revoke"):
        assert f'"text": "{word}"' in said(bench)


def test_whoever_has_no_keys_is_said_to_have_none(bench: Bench) -> None:
    answer = bench.offboards("U0BOB")
    assert "has not created or received any active key" in json.dumps(answer)
    assert "Name one person" in json.dumps(bench.types("offboard <@U0BOB> <@U0ALICE>"))


def test_without_a_name_a_window_asks(bench: Bench) -> None:
    issue_to(bench.domain, "Bob's own", BOB.id, BOB)
    bench.types("offboard")
    view = bench.last("views.open")["view"]
    refused = bench.submits(view, person={"selected_user": None})
    assert refused["errors"] == {ids.PERSON: "Choose who leaves."}
    shown = bench.submits(view, person={"selected_user": "U0BOB"})
    press = buttons(shown["view"]["blocks"])[ids.OFFBOARD_START]
    assert open_offboardings(bench) == 0
    bench.presses({"action_id": ids.OFFBOARD_START, "value": press["value"]})
    assert "in the team’s channel" in json.dumps(bench.answers[-1], ensure_ascii=False)


def open_offboardings(bench: Bench) -> int:
    with reading(bench.domain.engine) as session:
        return len(session.exec(select(Offboarding)).all())


def test_a_leaver_may_have_tokens_that_were_made_elsewhere(bench: Bench) -> None:
    rows = "".join(f"K{n},{sha256_base64(f'elsewhere {n}')},read,U0BOB\n" for n in range(2))
    imports(bench.domain, f"name,hash,scopes,owner\n{rows}", strict=False)
    issue_to(bench.domain, "Sent", BOB.id, BOB)
    bench.types("offboard <@U0BOB>")
    asked = bench.answers[-1]["text"]
    assert "1 token was sent to them. 2 were made elsewhere, and they may have those too." in asked
    bench.presses(buttons(bench.answers[-1]["blocks"])[ids.OFFBOARD_START])
    follow(bench)
    assert said(bench).count("may have its token, which was made elsewhere") == 2
    # A new token is what helps; handing over alone would leave the old one with them.
    rotate = [
        each
        for block in board(bench)["blocks"]
        for each in block.get("elements", ())
        if each.get("action_id") == ids.ROTATE
    ]
    assert [each.get("style") for each in rotate] == ["primary"] * 3


def test_an_admin_alone_is_asked_first_and_nothing_is_in_the_channel(bench: Bench) -> None:
    for number in range(2):
        issue_to(bench.domain, f"Report {number}", BOB.id, BOB)
    issue_to(bench.domain, "Alice's", BOB.id, ALICE)
    follow(bench)
    before = len(bench.calls.asked)
    bench.types("offboard <@U0BOB>")
    question = bench.answers[-1]
    assert question["text"].startswith("bob has 3 keys; 2 tokens were sent to them.")
    assert question["response_type"] == "ephemeral"
    assert '"type": "user"' not in json.dumps(question["blocks"])
    follow(bench)
    posted = [args for name, args in bench.calls.asked[before:] if name == "chat.postMessage"]
    assert (posted, open_offboardings(bench)) == ([], 0)


def test_started_privately_only_that_admin_gets_the_message_and_learns_of_the_end(
    bench: Bench,
) -> None:
    bench.calls.replies["conversations.open"] = [
        lambda args: {"channel": {"id": f"D-{args['users']}"}}
    ]
    keys = [issue_to(bench.domain, f"Report {n}", BOB.id, BOB)[0] for n in range(3)]
    follow(bench)
    before = len(bench.calls.asked)
    bench.offboards("U0BOB", start=ids.OFFBOARD_START_PRIVATELY)
    assert "in your direct messages" in bench.answers[-1]["text"]
    follow(bench)
    bench.presses(pressed(bench, ids.OFFBOARD_REVOKE_ALL))
    follow(bench)
    posted = [args for name, args in bench.calls.asked[before:] if name == "chat.postMessage"]
    assert {args["channel"] for args in posted} == {"C1", "D-U0ALICE"}
    for args in posted:
        assert BOB.id not in json.dumps(args), "the person who leaves is mentioned nowhere"
        if args["channel"] == "C1":
            assert "bob" not in args["text"], "the channel does not read who leaves"
    texts = [args["text"].split("\n")[0] for args in posted]
    assert sum(text.startswith("alice revoked the key") for text in texts) == len(keys)
    assert texts[0] == "bob is leaving."
    assert "Every key of bob is handled: 3 revoked." in texts


def test_another_admin_may_take_it_to_the_channel(bench: Bench) -> None:
    issue_to(bench.domain, "Report", BOB.id, BOB)
    bench.offboards("U0BOB", start=ids.OFFBOARD_START_PRIVATELY)
    bench.offboards("U0BOB", "U0CARL")
    follow(bench)
    with reading(bench.domain.engine) as session:
        found = session.exec(select(LiveMessageRow).where(LiveMessageRow.kind == "offboarding"))
        assert {row.recipient for row in found} == {str(ALICE), "team"}
    assert open_offboardings(bench) == 1


def test_who_is_no_admin_cannot_begin_or_decide(bench: Bench) -> None:
    key, _ = issue_to(bench.domain, "Bob's own", BOB.id, BOB)
    assert "not an admin" in json.dumps([bench.types("offboard <@U0BOB>", "U0BOB"), bench.answers])
    bench.offboards("U0BOB")
    follow(bench)
    for action in (ids.OFFBOARD_KEEP, ids.OFFBOARD_CLOSE):
        press = pressed(bench, action)
        bench.presses(press, "U0BOB")
        assert "not an admin" in json.dumps(bench.answers[-1])
    issue_to(bench.domain, "Another", BOB.id, BOB)
    follow(bench)
    bench.presses(pressed(bench, ids.OFFBOARD_REVOKE_ALL), "U0BOB")
    follow(bench)
    assert get(bench, key).state is State.ACTIVE
    assert "0 of 2 keys handled" in said(bench)


def test_each_key_by_its_own_button_until_all_are_dealt_with(bench: Bench) -> None:
    kept, _ = issue_to(bench.domain, "Kept", BOB.id, BOB)
    handed, _ = issue_to(bench.domain, "Handed", BOB.id, ALICE)
    turned, _ = issue_to(bench.domain, "Turned", BOB.id, BOB)
    ended, _ = issue_to(bench.domain, "Ended", BOB.id, BOB)
    bench.offboards("U0BOB", "U0CARL")
    follow(bench)
    bench.presses(pressed(bench, ids.OFFBOARD_KEEP, kept))
    bench.presses(pressed(bench, ids.OFFBOARD_HAND_OVER, handed))
    view = bench.last("views.open")["view"]
    for wrong, why in (
        (None, "Choose the new owner."),
        ("U0BOB", "This person is leaving. Choose someone else."),
        ("U0GUEST", "guests and bots cannot"),
    ):
        refused = bench.submits(view, person={"selected_user": wrong})
        assert why in refused["errors"][ids.PERSON]
    shown = bench.submits(view, person={"selected_user": "U0CARL"})
    assert "now owns 1 key" in json.dumps(shown)
    assert get(bench, handed).owner == "U0CARL"
    bench.presses(pressed(bench, ids.ROTATE, turned))
    rotate = bench.last("views.open")["view"]
    (recipient,) = [b["element"] for b in rotate["blocks"] if b.get("block_id") == ids.RECIPIENT]
    assert recipient["initial_user"] == "U0ALICE", "the owner leaves"
    bench.submits(
        rotate,
        grace={"selected_option": {"value": "0"}},
        recipient={"selected_user": "U0ALICE"},
    )
    assert get(bench, turned).owner == "U0ALICE", "whoever has the token owns the key"
    bench.presses(pressed(bench, ids.REVOKE, ended))
    bench.presses(buttons(bench.answers[-1]["blocks"])[ids.REVOKE_CONFIRMED])
    follow(bench)
    texts = [json.dumps(a) for m, a in bench.calls.asked if m == "chat.postMessage"]
    assert sum("1 rotated, 1 revoked, 1 handed over, 1 kept" in t for t in texts) == 1
    assert "4 of 4 keys handled" in said(bench)
    assert ids.ROTATE not in said(bench)


def test_all_are_revoked_at_once_with_one_message(bench: Bench) -> None:
    keys = [issue_to(bench.domain, f"Key {n}", BOB.id, BOB)[0] for n in range(12)]
    bench.offboards("U0BOB")
    follow(bench)
    assert "4 keys more. They appear" in said(bench)
    before = len([m for m, _ in bench.calls.asked if m == "chat.postMessage"])
    press = pressed(bench, ids.OFFBOARD_REVOKE_ALL)
    bench.presses(press)
    bench.presses(press)
    follow(bench)
    assert {get(bench, key).state for key in keys} == {State.REVOKED}
    assert {str(get(bench, key).revoked_by) for key in keys} == {str(ALICE)}
    assert "12 of 12 keys handled" in said(bench)
    # Not one for each key: the end of it, and, for Alice, no gateway that did not answer.
    after = len([m for m, _ in bench.calls.asked if m == "chat.postMessage"])
    assert after - before <= 2
    shares = [json.dumps(a) for m, a in bench.calls.asked if m == "chat.update"]
    assert any("5 of 12 keys handled" in text for text in shares), "the message shows progress"


def test_revoking_all_is_the_one_operation_and_the_message_names_each_key(bench: Bench) -> None:
    keys = [issue_to(bench.domain, f"Report {n}", BOB.id, BOB)[0] for n in range(5)]
    bench.offboards("U0BOB")
    follow(bench)
    bench.presses(pressed(bench, ids.OFFBOARD_REVOKE_ALL))
    follow(bench)
    with reading(bench.domain.engine, bench.domain.account) as session:
        revoked = [e for e in session.exec(select(Event)) if e.kind == "key.revoked"]
        told = [row for row in session.exec(select(OutboxRow)) if row.kind == "key.revoked"]
    assert {(e.key_id, e.actor) for e in revoked} == {(key.id, str(ALICE)) for key in keys}
    assert {json.loads(e.data)["reason"] for e in revoked} == {"offboarding"}
    assert not told, "the team has the message about the offboarding, and the leaver gets none"
    for key in keys:
        (line,) = [e for e in lines(bench) if key.name in json.dumps(e)]
        assert ": revoked" in json.dumps(line)
        assert ALICE.id in json.dumps(line)


def test_all_are_rotated_and_the_tokens_go_to_who_stays(bench: Bench) -> None:
    mine, _ = issue_to(bench.domain, "Alice's", ALICE.id, BOB)
    theirs, _ = issue_to(bench.domain, "Bob's", BOB.id, BOB)
    bench.offboards("U0BOB", "U0CARL")
    follow(bench)
    bench.presses(pressed(bench, ids.OFFBOARD_ROTATE_ALL), "U0CARL")
    follow(bench)
    assert (get(bench, mine).owner, get(bench, theirs).owner) == ("U0ALICE", "U0CARL")
    opened = [args["users"] for name, args in bench.calls.asked if name == "conversations.open"]
    assert {"U0ALICE", "U0CARL"} <= set(opened)
    assert "U0BOB" not in opened
    assert "2 of 2 keys handled" in said(bench)


def test_all_are_handed_over(bench: Bench) -> None:
    keys = [issue_to(bench.domain, f"Key {n}", BOB.id, ALICE)[0] for n in range(3)]
    bench.offboards("U0BOB")
    follow(bench)
    bench.presses(pressed(bench, ids.OFFBOARD_HAND_OVER_ALL))
    view = bench.last("views.open")["view"]
    shown = bench.submits(view, person={"selected_user": "U0CARL"})
    assert "Handing over 3 keys" in json.dumps(shown)
    follow(bench)
    assert {get(bench, key).owner for key in keys} == {"U0CARL"}
    assert "3 of 3 keys handled" in said(bench)


def test_what_cannot_be_done_is_said_at_the_key_and_tried_again(bench: Bench) -> None:
    key, _ = issue_to(bench.domain, "Bob's", BOB.id, BOB)
    issue_to(bench.domain, "Another", ALICE.id, BOB)
    bench.offboards("U0BOB")
    follow(bench)
    works = bench.calls.replies["conversations.open"]
    bench.calls.replies["conversations.open"] = [refusal("user_not_found")]
    bench.presses(pressed(bench, ids.OFFBOARD_ROTATE_ALL))
    follow(bench)
    bench.calls.replies["conversations.open"] = works
    bench.domain.clock.move(timedelta(minutes=1))
    assert "could not be delivered" in said(bench)
    assert get(bench, key).state is State.ACTIVE
    bench.presses(pressed(bench, ids.OFFBOARD_ROTATE_ALL))
    follow(bench)
    assert "2 of 2 keys handled" in said(bench)


def test_whoever_lost_their_role_has_no_more_keys_revoked(bench: Bench) -> None:
    key, _ = issue_to(bench.domain, "Bob's", BOB.id, BOB)
    issue_to(bench.domain, "Another", BOB.id, BOB)
    bench.offboards("U0BOB", "U0CARL")
    follow(bench)
    bench.presses(pressed(bench, ids.OFFBOARD_REVOKE_ALL), "U0CARL")
    PEOPLE["U0CARL"]["is_admin"] = False
    follow(bench)
    assert get(bench, key).state is State.ACTIVE
    assert "is no longer an admin" in said(bench)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"deleted": True}, "was deactivated"), ({"is_restricted": True}, "is a guest now")],
)
def test_slacks_report_begins_it_by_itself(
    bench: Bench, change: dict[str, Any], words: str
) -> None:
    issue_to(bench.domain, "Bob's own", BOB.id, BOB)
    changed(bench, "U0BOB", name="bobby")
    follow(bench)
    with pytest.raises(AssertionError, match="no message"):
        board(bench)
    for _ in range(3):
        changed(bench, "U0BOB", **change)
    follow(bench)
    assert words in said(bench)
    posts = [m for m, a in bench.calls.asked if m == "chat.postMessage" and words in json.dumps(a)]
    assert len(posts) == 1
    changed(bench, "U0BOB", deleted=False, is_restricted=False)
    follow(bench)
    assert "They are a full member again" in said(bench)
    bench.presses(pressed(bench, ids.OFFBOARD_CLOSE))
    follow(bench)
    assert "This was closed" in said(bench)
    assert "1 key not handled" in said(bench)


def test_what_events_missed_is_found_within_a_day(bench: Bench) -> None:
    issue_to(bench.domain, "Bob's own", BOB.id, BOB)
    follow(bench)
    PEOPLE["U0BOB"]["deleted"] = True
    bench.domain.clock.move(timedelta(hours=12))
    follow(bench)
    with pytest.raises(AssertionError, match="no message"):
        board(bench)
    bench.domain.clock.move(timedelta(hours=12, minutes=2))
    follow(bench)
    assert "was deactivated" in said(bench)


def test_bots_strangers_and_unknown_people_begin_nothing(bench: Bench) -> None:
    issue_to(bench.domain, "Far", "U0FAR", ALICE)
    changed(bench, "U0FAR", is_stranger=True)
    bench.sends(
        {
            "type": "event_callback",
            "team_id": "T0ACME",
            "event": {"type": "user_change", "user": {"id": "U0NEW"}},
        }
    )
    follow(bench)
    with pytest.raises(AssertionError, match="no message"):
        board(bench)

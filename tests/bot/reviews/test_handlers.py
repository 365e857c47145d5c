"""The audit in Slack: begun by command, and decided by admins and owners."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.ui import ids
from keys.base.models import State
from keys.reviews import queries
from keys.reviews.models import Stage
from storage import reading
from tests.bot.harness.listening import Bench, buttons
from tests.bot.reviews.reviewing import follow, get, newest, pressed, said, start
from tests.keys.conftest import ALICE, BOB

DAY = timedelta(days=1)


def test_the_list_goes_to_the_channel_and_each_owner(bench: Bench) -> None:
    bench.domain.issue("Zapier, production")
    bench.domain.issue("Grafana dashboard", owner=BOB.id)
    audit = start(bench)
    assert audit.total == 2
    assert "0 of 2 keys decided" in said(bench)
    assert "2 without an expiry date" in said(bench)
    assert "Review keys" in said(bench)
    mine = said(bench, "D-U0BOB")
    assert "Grafana dashboard" in mine
    assert "Zapier" not in mine
    assert "Ask owner" not in mine
    assert "An audit is already in progress" in json.dumps(bench.types("audit start", "U0CARL"))
    assert "0 of 2 keys decided" in json.dumps(bench.types("audit"))


def test_two_who_keep_the_same_key_see_each_other(bench: Bench) -> None:
    key, _ = bench.domain.issue()
    bench.domain.issue("Another")
    start(bench)
    press = pressed(bench, ids.AUDIT_KEEP, key)
    bench.presses(press)
    assert not bench.answers, "the message says it"
    bench.presses(press, "U0CARL")
    assert "U0ALICE" in json.dumps(bench.answers[-1]["blocks"])
    follow(bench)
    assert "1 of 2 keys decided" in said(bench)
    assert "Latest: " in said(bench)
    assert key.id not in said(bench)


@pytest.mark.parametrize("action", [ids.AUDIT_ROTATE, ids.AUDIT_REVOKE])
def test_the_teams_list_offers_its_buttons_to_admins_alone(bench: Bench, action: str) -> None:
    key, _ = bench.domain.issue(owner=BOB.id)
    start(bench)
    press = pressed(bench, action, key)
    bench.presses(press, "U0BOB")
    assert "not an admin" in bench.answers[-1]["text"]
    assert not [method for method, _ in bench.calls.asked if method == "views.open"]
    bench.presses(press)
    opened = [args for method, args in bench.calls.asked if method == "views.open"]
    shown = json.dumps([opened, bench.answers[-1]])
    assert "rotate_modal" in shown or "Are you sure you want to revoke" in shown


def test_keep_and_say_why(bench: Bench) -> None:
    key, _ = bench.domain.issue()
    bench.domain.issue("Another")
    audit = start(bench)
    option = {"value": json.loads(pressed(bench, ids.AUDIT_MENU, key)["value"]) | {"do": "keep"}}
    option = {"value": json.dumps(option["value"])}
    bench.presses({"action_id": ids.AUDIT_MENU, "selected_option": option})
    view = bench.last("views.open")["view"]
    _, token = bench.domain.issue("With a token")
    refused = bench.submits(view, reason={"value": token.reveal()})
    assert "contains a token" in refused["errors"][ids.REASON]
    shown = bench.submits(view, reason={"value": "Billing"})
    assert "was kept" in json.dumps(shown)
    with reading(bench.domain.engine, bench.domain.account) as session:
        item = queries.item(session, audit.id, key.id)
    assert item.reason == "Billing"


def test_rotate_and_revoke_lead_where_they_always_lead(bench: Bench) -> None:
    turned, _ = bench.domain.issue("Turned")
    ended, _ = bench.domain.issue("Ended")
    start(bench)
    bench.presses(pressed(bench, ids.AUDIT_ROTATE, turned))
    bench.submits(
        bench.last("views.open")["view"],
        grace={"selected_option": {"value": "0"}},
        recipient={"selected_user": "U0ALICE"},
    )
    follow(bench)
    assert "1 of 2 keys decided" in said(bench)
    bench.presses(pressed(bench, ids.AUDIT_REVOKE, ended))
    assert get(bench, ended).state is State.ACTIVE, "it asks first"
    bench.presses(buttons(bench.answers[-1]["blocks"])[ids.REVOKE_CONFIRMED])
    follow(bench)
    assert newest(bench).stage is Stage.FINISHED


def test_an_owner_who_is_no_admin_decides_about_their_own_keys_alone(bench: Bench) -> None:
    kept, _ = bench.domain.issue("Kept", owner=BOB.id)
    turned, _ = bench.domain.issue("Turned", owner=BOB.id)
    ended, _ = bench.domain.issue("Ended", owner=BOB.id)
    other, _ = bench.domain.issue("Other")
    start(bench)
    place = "D-U0BOB"
    bench.presses(pressed(bench, ids.AUDIT_KEEP, kept, place), "U0BOB")
    rotate = pressed(bench, ids.AUDIT_ROTATE, turned, place)
    revoke = pressed(bench, ids.AUDIT_REVOKE, ended, place)
    bench.presses(rotate, "U0BOB")
    sent = [args for name, args in bench.calls.asked if name == "chat.update"]
    tokens = {args["channel"] for args in sent if "This is the token of" in json.dumps(args)}
    assert tokens == {place}, "the new token goes to Bob alone"
    bench.presses(revoke, "U0BOB")
    assert get(bench, ended).state is State.REVOKED
    for action in (ids.AUDIT_KEEP, ids.AUDIT_ROTATE, ids.AUDIT_REVOKE):
        bench.presses(pressed(bench, action, other), "U0BOB")
        assert "not an admin" in json.dumps(bench.answers[-1])
        forged = json.loads(pressed(bench, action, other)["value"]) | {"do": "mine"}
        bench.presses({"action_id": action, "value": json.dumps(forged)}, "U0BOB")
        assert "not an admin" in json.dumps(bench.answers[-1])
    bench.presses(pressed(bench, ids.AUDIT_ASK, other), "U0BOB")
    assert "not an admin" in json.dumps(bench.answers[-1])
    assert get(bench, other).state is State.ACTIVE
    follow(bench)
    assert "All your API keys have a decision" in said(bench, place)
    assert "3 of 4 keys decided" in said(bench)
    bench.presses(pressed(bench, ids.AUDIT_KEEP, other))
    follow(bench)
    bench.presses(revoke, "U0BOB")
    assert "not an admin" in json.dumps(bench.answers[-1]), "the audit is over"


def test_a_backup_owner_decides_about_their_key(bench: Bench) -> None:
    key, _ = bench.domain.issue("Shared", owner=ALICE.id, backup_owner=BOB.id)
    bench.domain.issue("Other")
    start(bench)
    # The list in the channel: only owners are sent one of their own.
    bench.presses(pressed(bench, ids.AUDIT_REVOKE, key), "U0GUEST")
    assert get(bench, key).state is State.ACTIVE
    bench.presses(pressed(bench, ids.AUDIT_KEEP, key), "U0BOB")
    assert newest(bench).done == 1


def test_a_guest_who_owns_a_key_decides_nothing(bench: Bench) -> None:
    key, _ = bench.domain.issue(owner="U0GUEST")
    start(bench)
    bench.presses(pressed(bench, ids.AUDIT_KEEP, key), "U0GUEST")
    assert newest(bench).done == 0


def test_the_owner_is_asked_in_a_message_of_its_own(bench: Bench) -> None:
    key, _ = bench.domain.issue(owner=BOB.id)
    bench.domain.issue("Another")
    start(bench)
    bench.presses(pressed(bench, ids.AUDIT_ASK, key))
    assert "was asked about" in json.dumps(bench.answers[-1])
    follow(bench)
    asked = said(bench, "D-U0BOB")
    assert "still needed?" in asked
    bench.presses(pressed(bench, ids.AUDIT_KEEP, key, "D-U0BOB"), "U0BOB")
    follow(bench)
    updates = [json.dumps(a) for m, a in bench.calls.asked if m == "chat.update"]
    assert any("was kept" in text and '"D-U0BOB"' in text for text in updates)


def test_owners_page_through_their_own_lists_alone(bench: Bench) -> None:
    for number in range(14):
        bench.domain.issue(f"Key {number:02}", owner=BOB.id)
    start(bench)
    assert "1 to 6 of 14 left" in said(bench, "D-U0BOB")
    bench.presses(pressed(bench, ids.AUDIT_NEXT_PAGE, place="D-U0BOB"), "U0GUEST")
    assert "Guests cannot" in bench.answers[-1]["text"]
    bench.presses(pressed(bench, ids.AUDIT_NEXT_PAGE, place="D-U0BOB"), "U0BOB")
    follow(bench)
    bench.presses(pressed(bench, ids.AUDIT_NEXT_PAGE, place="D-U0BOB"), "U0BOB")
    follow(bench)
    assert "13 to 14 of 14 left" in said(bench, "D-U0BOB")
    bench.presses(pressed(bench, ids.AUDIT_PREVIOUS_PAGE, place="D-U0BOB"), "U0BOB")
    follow(bench)
    assert "7 to 12 of 14 left" in said(bench, "D-U0BOB")


def test_members_neither_begin_nor_export(bench: Bench) -> None:
    bench.domain.issue()
    for typed in ("audit start", "audit export", "audit"):
        bench.types(typed, "U0BOB")
    with reading(bench.domain.engine, bench.domain.account) as session:
        assert queries.newest(session) is None
    assert bench.uploads == []
    assert "start, status or export" in json.dumps(bench.types("audit everything"))
    assert "There has been no audit yet" in json.dumps(bench.types("audit export"))
    assert "Start an audit now" in json.dumps(bench.types("audit status"))


def test_from_home_it_is_looked_at_and_begun(bench: Bench) -> None:
    bench.domain.issue()
    for user, expected in (("U0BOB", 0), ("U0ALICE", 1)):
        bench.presses({"action_id": ids.AUDIT, "value": '{"v":1,"at":0}'}, user)
        bench.presses({"action_id": ids.AUDIT_START, "value": '{"v":1,"at":0}'}, user)
        follow(bench)
        assert len([m for m, _ in bench.calls.asked if m == "chat.postMessage"]) >= expected
        with reading(bench.domain.engine, bench.domain.account) as session:
            begun = queries.newest(session)
        assert (begun is not None) is bool(expected)

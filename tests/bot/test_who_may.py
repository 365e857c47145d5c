"""Who may press, submit and type what: a table of every id that is registered.

A new id without a row fails here; so does one whose rule has changed without its row.
"""

from __future__ import annotations

import re
from typing import cast, get_args

import pytest

from bot.command_parser import Command
from bot.features import ROUTERS
from bot.framework.router import events_of, routes_of
from bot.installation import handlers as installation
from bot.installation.workspaces import Workspaces
from bot.slash_command import ALLOW
from bot.ui import ids
from bot.ui.payloads import ActionPayload
from tests.bot.harness.listening import Bench
from tests.keys.conftest import NOON

# Each refusal says why: the role that is missing, or what kind of account it is.
REFUSED = re.compile(r"not an admin|Guests cannot|Only (members|the|admins)|another person")
# fmt: off
TABLE = {
    ("action", "admins"): (
        "audit",
        "audit_ask",
        "audit_one",
        "audit_page_back",
        "audit_page_on",
        "audit_review",
        "audit_start",
        "cancel",
        "export",
        "home_search",
        "home_shelf",
        "home_sort",
        "home_count_all",
        "home_count_this_week",
        "home_count_expired",
        "home_count_gone",
        "home_count_unowned",
        "home_count_never_used",
        "home_count_idle",
        "channel_choose",
        "key_edit",
        "key_extend",
        "key_let_expire",
        "key_new",
        "key_rename",
        "key_revoke",
        "key_revoke_confirmed",
        "leak_revoke",
        "offboard",
        "offboard_close",
        "offboard_hand_over",
        "offboard_hand_over_all",
        "offboard_keep",
        "offboard_revoke_all",
        "offboard_rotate_all",
        "offboard_start",
        "offboard_start_privately",
        "rotation_end",
        "rotation_extend",
    ),
    ("action", "admins & not_requester"): (
        "request_approve",
        "request_change",
        "request_deny",
    ),
    ("action", "admins | key_owner & owner_rotate & members"): (
        "key_rotate",
    ),
    ("action", "admins | owner_check & members"): (
        "token_check",
    ),
    ("action", "admins | list_reader"): (
        "audit_back",
        "audit_on",
    ),
    ("action", "admins | review_owner & members"): (
        "audit_keep",
        "audit_menu",
        "audit_revoke",
        "audit_rotate",
        "audit_undo",
    ),
    ("action", "everyone"): (
        "leak_open",
        "help",
    ),
    ("action", "members"): (
        "home_back",
        "home_on",
        "key_choice",
        "key_list",
        "key_menu",
        "list_all",
        "list_back",
        "list_on",
        "list_search",
        "request_new",
    ),
    ("action", "recipient"): (
        "token_reveal",
        "token_stored",
    ),
    ("action", "requester"): (
        "request_again",
        "request_withdraw",
    ),
    ("choice", "admins"): (
        "edit",
        "rename",
        "revoke",
        "team",
        "undo_keeps",
    ),
    ("choice", "admins | key_owner & members"): (
        "details",
    ),
    ("choice", "admins | key_owner & owner_rotate & members"): (
        "rotate",
    ),
    ("view", "admins"): (
        "audit_review_modal",
        "edit_modal",
        "extend_modal",
        "hand_over_modal",
        "new_modal",
        "offboard_modal",
        "rename_modal",
    ),
    ("view", "admins | key_owner & owner_rotate & members"): (
        "rotate_modal",
    ),
    ("view", "admins | owner_check & members"): (
        "check_modal",
    ),
    ("view", "admins & not_requester"): (
        "approve_modal",
        "deny_modal",
    ),
    ("view", "admins | review_owner & members"): (
        "audit_keep_modal",
    ),
    ("view", "members"): (
        "request_modal",
    ),
    ("view", "recipient"): (
        "reveal_modal",
    ),
}
# fmt: on
SUBCOMMANDS = {
    "everyone": ("Help",),
    # Who is not an admin is offered what they can do instead.
    "members": ("Check", "List", "New", "Request", "Show", "Unknown"),
    "admins | owner_rotate & members": ("Rotate",),
    "admins": ("Audit", "Edit", "Export", "Offboard", "Rename", "Revoke"),
}  # fmt: skip
# Slack itself reports them, and not the person whom they name.
EVENTS = {
    "system": ("app_home_opened", "app_uninstalled", "message", "tokens_revoked", "user_change"),
}
# By rule, who of these is refused; an owner or a recipient is looked up by what the button says.
STRANGERS = {
    "admins": ("U0BOB", "U0GUEST", "U0FAR"),
    "members": ("U0GUEST", "U0FAR"),
    "recipient": ("U0ALICE", "U0BOB", "U0GUEST", "U0FAR"),
    "requester": ("U0ALICE", "U0BOB", "U0GUEST", "U0FAR"),
    "admins & not_requester": ("U0BOB", "U0GUEST", "U0FAR"),
    "admins | list_reader": ("U0BOB", "U0GUEST", "U0FAR"),
    "admins | review_owner & members": ("U0BOB", "U0GUEST", "U0FAR"),
    # Bob owns no such key.
    "admins | key_owner & owner_rotate & members": ("U0BOB", "U0GUEST", "U0FAR"),
    "admins | owner_check & members": ("U0GUEST", "U0FAR"),
    "everyone": (),
}
PRESSES = [
    (id_, person)
    for (kind, rule), names in TABLE.items()
    if kind == "action"
    for id_ in names
    for person in STRANGERS[rule]
]
SUBMISSIONS = [
    (id_, person)
    for (kind, rule), names in TABLE.items()
    if kind == "view"
    for id_ in names
    for person in STRANGERS[rule]
]


def test_every_registered_id_has_its_row() -> None:
    registered = {(route.kind, str(route.id)): route.allow.name for route in routes_of(ROUTERS)}
    table = {(kind, id_): rule for (kind, rule), names in TABLE.items() for id_ in names}
    assert registered == table


def test_every_event_has_its_row() -> None:
    routers = (*ROUTERS, installation.router(cast(Workspaces, None)))
    table = {id_: rule for rule, names in EVENTS.items() for id_ in names}
    assert {event.id: event.allow.name for event in events_of(routers)} == table


def test_every_subcommand_has_its_row() -> None:
    table = {name: rule for rule, names in SUBCOMMANDS.items() for name in names}
    assert {parsed.__name__: rule.name for parsed, rule in ALLOW.items()} == table
    assert {kind.__name__ for kind in get_args(Command)} == set(table)


@pytest.mark.parametrize(("action", "person"), PRESSES)
def test_a_stranger_who_presses_is_refused(bench: Bench, action: str, person: str) -> None:
    payload = ActionPayload(NOON, key="key_1", about="x_1", delivery="dlv_1").encode()
    bench.presses({"action_id": action, "value": payload}, user=person)
    assert REFUSED.search(bench.answers[-1]["text"]), bench.answers[-1]["text"]
    assert not [method for method, _ in bench.calls.asked if method == "views.open"]


@pytest.mark.parametrize(("modal", "person"), SUBMISSIONS)
def test_a_stranger_who_submits_is_refused(bench: Bench, modal: str, person: str) -> None:
    payload = ActionPayload(NOON, key="key_1", about="x_1", delivery="dlv_1").encode()
    shown = bench.submits(
        {"type": "modal", "callback_id": modal, "private_metadata": payload}, user=person
    )
    # A modal shows the answer in its own place, where the fallback has none.
    assert shown["response_action"] == "update"
    assert shown["view"]["callback_id"] == ids.RESULT_MODAL
    assert "submit" not in shown["view"]


def test_what_no_version_knows_is_answered(bench: Bench) -> None:
    bench.presses({"action_id": "of_another_version", "value": "x"}, user="U0BOB")
    assert bench.answers[-1]["text"]

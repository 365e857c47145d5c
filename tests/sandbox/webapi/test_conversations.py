"""Conversations, users, user groups and the team."""

import pytest

from sandbox.state.models import Role
from tests.sandbox.webapi.harness import (
    ALICE,
    BOB,
    GENERAL,
    GONE,
    GROUP,
    KEYS,
    OLD,
    OUTSIDER,
    SECRET,
    Harness,
)


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_opening_a_dm(harness: Harness) -> None:
    first = harness("conversations.open", users=ALICE)
    second = harness("conversations.open", users=[ALICE], return_im=True)
    assert first["channel"] == {"id": second["channel"]["id"]}
    assert (second["already_open"], second["channel"]["user"]) == (True, ALICE)


@pytest.mark.parametrize(
    ("users", "code"),
    [
        ("", "users_list_not_supplied"),
        ("U0NOBODY", "user_not_found"),
        (GONE, "user_disabled"),
        (OUTSIDER, "user_not_visible"),
    ],
)
def test_dms_that_cannot_be_opened(harness: Harness, users: str, code: str) -> None:
    assert harness.error("conversations.open", users=users) == code


def test_no_dm_with_itself(harness: Harness) -> None:
    assert harness.error("conversations.open", users=harness.install.bot_user) == "cannot_dm_bot"


def test_an_outsider_in_a_shared_channel(harness: Harness) -> None:
    assert harness("users.info", user=OUTSIDER)["user"]["is_stranger"] is True
    harness.workspace.channels[KEYS].members.append(OUTSIDER)
    user = harness("users.info", user=OUTSIDER)["user"]
    assert (user["is_stranger"], user["team_id"]) == (False, "T0OTHER")
    assert harness("conversations.open", users=OUTSIDER)["ok"] is True


def test_channels_that_the_app_may_know_of(harness: Harness) -> None:
    public = harness("conversations.list")["channels"]
    assert [c["id"] for c in public] == [GENERAL, KEYS, OLD]
    assert [c["is_member"] for c in public] == [False, True, True]
    some = harness("conversations.list", exclude_archived="true", types="public_channel")
    assert [c["id"] for c in some["channels"]] == [GENERAL, KEYS]
    assert harness("conversations.list", types="private_channel")["channels"] == []
    assert harness.error("conversations.info", channel=SECRET) == "channel_not_found"
    assert harness.error("conversations.list", types="secret") == "invalid_types"
    assert harness("conversations.list", types="mpim")["needed"] == "mpim:read"


def test_paging_by_cursor(harness: Harness) -> None:
    seen, cursor = [], ""
    for _ in range(3):
        answer = harness("conversations.list", limit="1", cursor=cursor)
        seen += [c["id"] for c in answer["channels"]]
        cursor = answer["response_metadata"]["next_cursor"]
    assert (seen, cursor) == ([GENERAL, KEYS, OLD], "")
    assert harness.error("conversations.list", cursor="abc") == "invalid_cursor"
    assert harness.error("conversations.list", limit="1001") == "invalid_limit"


def test_members_and_info(harness: Harness) -> None:
    assert harness("conversations.members", channel=GENERAL)["members"] == [ALICE, BOB]
    info = harness("conversations.info", channel=GENERAL, include_num_members=True)["channel"]
    assert (info["name"], info["is_general"], info["num_members"]) == ("general", True, 2)


def test_history_is_newest_first_and_without_replies(harness: Harness) -> None:
    root = harness.says(ALICE, KEYS, "one").ts
    harness.clock.advance(10)
    metadata = {"event_type": "made", "event_payload": {"id": 1}}
    harness("chat.postMessage", channel=KEYS, text="two", metadata=metadata)
    harness("chat.postMessage", channel=KEYS, text="reply", thread_ts=root)
    harness("chat.postEphemeral", channel=KEYS, user=ALICE, text="psst")
    answer = harness("conversations.history", channel=KEYS)
    assert [m["text"] for m in answer["messages"]] == ["two", "one"]
    assert "metadata" not in answer["messages"][0]
    told = harness("conversations.history", channel=KEYS, include_all_metadata=True, limit=1)
    assert told["messages"][0]["metadata"] == metadata
    assert told["has_more"] is True
    after = harness("conversations.history", channel=KEYS, oldest=root)["messages"]
    assert [m["text"] for m in after] == ["two"]
    with_it = harness("conversations.history", channel=KEYS, oldest=root, inclusive=True)
    assert [m["text"] for m in with_it["messages"]] == ["two", "one"]
    replies = harness("conversations.replies", channel=KEYS, ts=root)["messages"]
    assert [m["text"] for m in replies] == ["one", "reply"]


def test_history_that_is_not_for_the_app(harness: Harness) -> None:
    assert harness.error("conversations.history", channel=GENERAL) == "not_in_channel"
    assert harness.error("conversations.history", channel=SECRET) == "channel_not_found"
    assert harness.error("conversations.replies", channel=KEYS, ts="1.1") == "thread_not_found"
    assert harness.error("conversations.history", channel=KEYS, oldest="x") == "invalid_ts_oldest"
    harness.install.scopes.discard("channels:history")
    assert harness("conversations.history", channel=KEYS)["needed"] == "channels:history"


def test_joining(harness: Harness) -> None:
    assert harness("conversations.join", channel=GENERAL)["channel"]["is_member"] is True
    assert harness.events[0][0]["type"] == "member_joined_channel"
    assert harness("conversations.join", channel=GENERAL)["warning"] == "already_in_channel"
    assert len(harness.events) == 1
    assert harness.error("conversations.join", channel=OLD) == "is_archived"
    harness.workspace.channels[SECRET].members.append(harness.install.bot_user)
    assert harness.error("conversations.join", channel=SECRET) == (
        "method_not_supported_for_channel_type"
    )


@pytest.mark.parametrize(
    ("role", "flags"),
    [
        (Role.PRIMARY_OWNER, {"is_admin", "is_owner", "is_primary_owner"}),
        (Role.OWNER, {"is_admin", "is_owner"}),
        (Role.ADMIN, {"is_admin"}),
        (Role.MEMBER, set()),
        (Role.GUEST, {"is_restricted"}),
        (Role.SINGLE_CHANNEL_GUEST, {"is_restricted", "is_ultra_restricted"}),
    ],
)
def test_roles_as_flags(harness: Harness, role: Role, flags: set[str]) -> None:
    harness.workspace.accounts[BOB].role = role
    user = harness("users.info", user=BOB)["user"]
    roles = ("is_admin", "is_owner", "is_primary_owner", "is_restricted", "is_ultra_restricted")
    assert {name for name in roles if user[name]} == flags


def test_people(harness: Harness) -> None:
    assert harness("users.info", user=GONE)["user"]["deleted"] is True
    assert "is_admin" not in harness("users.info", user=GONE)["user"]
    assert harness("users.info", user=harness.install.bot_user)["user"]["is_bot"] is True
    assert harness.error("users.info", user="U0NOBODY") == "user_not_found"
    assert len(harness("users.list")["members"]) == 5


def test_mail_addresses_need_their_scope(harness: Harness) -> None:
    assert "email" not in harness("users.info", user=ALICE)["user"]["profile"]
    assert harness.error("users.lookupByEmail", email="alice@example.com") == "missing_scope"
    harness.install.scopes.add("users:read.email")
    found = harness("users.lookupByEmail", email="Alice@example.com")["user"]
    assert (found["id"], found["profile"]["email"]) == (ALICE, "alice@example.com")
    for mail in ("gone@example.com", "oscar@example.com", "nobody@example.com"):
        assert harness.error("users.lookupByEmail", email=mail) == "users_not_found"


def test_user_groups(harness: Harness) -> None:
    assert harness("usergroups.users.list", usergroup=GROUP)["users"] == [ALICE]
    assert harness.error("usergroups.users.list", usergroup="S0") == "no_such_subteam"
    assert harness.error("usergroups.users.list") == "invalid_arguments"
    [group] = harness("usergroups.list", include_users=True, include_count=True)["usergroups"]
    assert (group["handle"], group["users"], group["user_count"]) == ("key-admins", [ALICE], 1)
    harness.workspace.usergroups[GROUP].disabled = True
    assert harness("usergroups.list")["usergroups"] == []


def test_the_team(harness: Harness) -> None:
    assert harness("team.info")["team"]["domain"] == "acme"
    assert harness.error("team.info", team="T0OTHER") == "team_not_found"

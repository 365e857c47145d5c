"""What people do to channels and users, and what the app then gets: ids stay, names do not."""

from __future__ import annotations

import pytest

from sandbox.base.errors import SandboxError
from sandbox.sandbox import Sandbox
from tests.sandbox.page.demo_app import MANIFEST


@pytest.fixture
def slack() -> Sandbox:
    slack = Sandbox(MANIFEST)
    slack.install.scopes |= {"chat:write", "channels:read", "groups:read", "users:read"}
    slack.install.scopes |= {"channels:history", "im:write"}
    slack.add_person("alice", role="admin")
    slack.add_channel("keys", members=["alice"])
    slack.invite_app("keys")
    return slack


def _post(slack: Sandbox, channel: str) -> str:
    args = {"channel": channel, "text": "hi"}
    body = slack.call("chat.postMessage", args, slack.bot_token)[2]
    return str(body.get("error", "ok"))


def _id(slack: Sandbox, name: str) -> str:
    found = slack.workspace.channel_named(name)
    assert found is not None
    return found.id


def test_a_renamed_channel_keeps_its_id(slack: Sandbox) -> None:
    keys = _id(slack, "keys")
    slack.rename_channel("keys", "secrets")
    assert (_post(slack, "#keys"), _post(slack, keys)) == ("channel_not_found", "ok")
    with pytest.raises(SandboxError, match="there is a #general"):
        slack.rename_channel("secrets", "general")


def test_an_archived_channel_takes_nothing_until_it_is_back(slack: Sandbox) -> None:
    slack.archive_channel("keys")
    assert _post(slack, "#keys") == "is_archived"
    slack.archive_channel("keys", archived=False)
    assert _post(slack, "#keys") == "ok"


def test_a_private_channel_is_known_by_its_id(slack: Sandbox) -> None:
    keys = _id(slack, "keys")
    slack.make_private("keys")
    assert (_post(slack, "#keys"), _post(slack, keys)) == ("channel_not_found", "ok")
    slack.remove_app("keys")
    assert _post(slack, keys) == "channel_not_found"


def test_the_app_can_be_removed_from_a_channel(slack: Sandbox) -> None:
    slack.remove_app("keys")
    assert _post(slack, "#keys") == "not_in_channel"


def test_a_shared_channel_says_so(slack: Sandbox) -> None:
    slack.share_channel("keys")
    args = {"channel": _id(slack, "keys"), "include_num_members": True}
    found = slack.call("conversations.info", args, slack.bot_token)[2]["channel"]
    assert found["is_ext_shared"] is True
    assert found["is_shared"] is True
    assert found["num_members"] == 2


def test_a_deactivated_person_can_still_be_written_to(slack: Sandbox) -> None:
    alice = slack.person("alice").id
    assert _post(slack, alice) == "ok"
    direct = slack.workspace.direct_between(alice, slack.bot_user_id)
    assert direct is not None
    slack.deactivate("alice")
    assert _post(slack, direct.id) == "ok"


def test_a_migrated_user_has_a_new_id_and_is_found_by_the_old_one(slack: Sandbox) -> None:
    alice = slack.person("alice")
    alice.types("hello")
    assert _post(slack, alice.id) == "ok"
    moved = slack.migrate_user("alice")
    assert moved.id == f"W{alice.id[1:]}"
    for asked in (alice.id, moved.id):
        found = slack.call("users.info", {"user": asked}, slack.bot_token)[2]["user"]
        assert (found["id"], found["name"]) == (moved.id, "alice")
        assert _post(slack, asked) == "ok"
    assert len(moved.dm.messages) == 3
    [hello] = slack.workspace.messages_for(moved.id, _id(slack, "general"))
    assert hello.user == moved.id
    assert slack.workspace.names().user(alice.id) == "Alice"
    moved.goes_to("#keys").types("I can still write")
    members = slack.workspace.channels[_id(slack, "keys")].members
    assert moved.id in members
    assert alice.id not in members


def test_an_uninstalled_app_and_a_revoked_token_are_refused_until_it_is_installed(
    slack: Sandbox,
) -> None:
    keys = _id(slack, "keys")
    slack.revoke_token()
    assert _post(slack, keys) == "token_revoked"
    slack.install_app()
    assert _post(slack, keys) == "ok"
    slack.uninstall_app()
    assert _post(slack, keys) == "account_inactive"
    slack.install_app()
    assert _post(slack, keys) == "ok"

"""What people and operators learn when Slack around the running bot changes or fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.sandbox import Sandbox
from tests.e2e.harness.at_work import World, at_work
from tests.e2e.harness.program import CHANNEL, eventually, free_port

pytestmark = pytest.mark.sockets

ELSEWHERE = "elsewhere"
PEOPLE = {"bob": ("Bob Brown", "admin"), "carol": ("Carol Clark", "member")}
ways = pytest.mark.parametrize("http", [False, True], ids=["socket-mode", "signed-http"])


def add_another_channel(slack: Sandbox) -> None:
    slack.add_channel(ELSEWHERE, members=list(PEOPLE))


@contextmanager
def bot_at_work(folder: Path, *, http: bool, **settings: str) -> Iterator[tuple[World, str]]:
    """The program at work, and the address at which its bot says how it is."""
    listen = f"127.0.0.1:{free_port()}"
    with at_work(
        folder, PEOPLE, page=False, http=http, before=add_another_channel,
        APIKEYS_BOT_LISTEN=listen, **settings,
    ) as world:  # fmt: skip
        yield world, f"http://{listen}"


def slack_health(bot: str) -> tuple[int, dict[str, Any]]:
    answer = httpx.get(f"{bot}/readyz/slack")
    return answer.status_code, answer.json()


def reports(bot: str, part: str, state: str) -> bool:
    return bool(slack_health(bot)[1].get(part) == state)


@ways
def test_a_channel_that_is_renamed_is_still_the_channel(tmp_path: Path, http: bool) -> None:
    with bot_at_work(tmp_path / "program", http=http) as (world, bot):
        world.makes_key("Before")
        world.slack.rename_channel(CHANNEL.lstrip("#"), "keys-of-the-api")
        token = world.makes_key("After", where="keys-of-the-api")
        assert world.asks(token) == 204
        carol = world.slack.person("carol").goes_to("keys-of-the-api")
        carol.sees("After", within=15)
        assert slack_health(bot)[0] == 200


@ways
@pytest.mark.parametrize("loss", ["archived", "removed"])
def test_a_lost_channel_is_said_to_an_admin_in_home_and_over_http(
    tmp_path: Path, http: bool, loss: str
) -> None:
    with bot_at_work(tmp_path / "program", http=http) as (world, bot):
        bob, carol = world.slack.person("bob"), world.slack.person("carol")
        world.makes_key("Before")
        carol.goes_to(CHANNEL).sees("Before", within=15)
        if loss == "archived":
            world.slack.archive_channel(CHANNEL.lstrip("#"))
        else:
            world.slack.remove_app(CHANNEL.lstrip("#"))
        code = "is_archived" if loss == "archived" else "not_in_channel"
        world.makes_key("Meanwhile", where=ELSEWHERE)
        eventually(lambda: reports(bot, "channel", code), "it is reported")
        assert slack_health(bot)[0] == 503
        # The gateway, and the bot itself, are well.
        assert httpx.get(f"{bot}/readyz").status_code == 200
        assert httpx.get(f"{world.gateway}/readyz").status_code == 200
        assert httpx.get(f"{world.gateway}/readyz/slack").status_code == 503
        assert "apikeys_bot_slack_channel_ok 0.0" in httpx.get(f"{bot}/metrics").text
        bob.opens_home()
        bob.sees("I can't post in #api-keys", within=15)


@ways
def test_an_app_that_was_removed_says_who_has_to_install_it(tmp_path: Path, http: bool) -> None:
    with bot_at_work(tmp_path / "program", http=http) as (world, bot):
        token = world.makes_key("Before")
        world.slack.faults.error("users.info", "token_revoked", times=1)
        bob = world.slack.person("bob").goes_to(CHANNEL)
        bob.types("/apikeys list")
        bob.sees("has to install it again", within=15)
        assert reports(bot, "token", "token_revoked")
        assert slack_health(bot)[0] == 503
        asked = len(world.slack.calls("users.info"))
        for _ in range(5):
            bob.types("/apikeys list")
        assert len(world.slack.calls("users.info")) == asked
        # Keys are verified all the same, and nothing that would start the bot again is reported.
        assert world.asks(token) == 204
        assert httpx.get(f"{bot}/readyz").status_code == 200


def test_a_missing_permission_is_named(tmp_path: Path) -> None:
    with bot_at_work(tmp_path / "program", http=False) as (world, bot):
        assert slack_health(bot) == (
            200,
            {"status": "ok", **dict.fromkeys(("connection", "token", "channel", "scopes"), "ok")},
        )
        world.slack.revoke_scope("im:write")
        bob = world.slack.person("bob").goes_to(CHANNEL)
        bob.types("/apikeys new Zapier")
        bob.sees("Create key", within=15)
        bob.submits()
        eventually(lambda: reports(bot, "scopes", "im:write"), "it is named")


def test_a_channel_shared_with_another_organisation_is_said_at_the_start(tmp_path: Path) -> None:
    people = {"bob": ("Bob Brown", "admin")}
    share = partial(Sandbox.share_channel, channel=CHANNEL.lstrip("#"))
    with at_work(tmp_path / "program", people, page=False, before=share) as world:
        bob = world.slack.person("bob")
        eventually(lambda: "shared with another organisation" in bob.dm.text, "an admin is told")
        assert not re.search(r"\bak_", bob.dm.text)

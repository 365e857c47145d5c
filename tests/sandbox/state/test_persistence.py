"""Saving a workspace between runs: completely, without secrets, and never half a file."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from sandbox.base.clock import HeldClock
from sandbox.base.errors import StateError
from sandbox.sandbox import Sandbox
from sandbox.state.models import Json
from sandbox.state.persistence import FILE
from tests.sandbox.page.demo_app import MANIFEST, TOKEN, plain, token_blocks
from tests.waiting import waits_until

HOME = {"type": "home", "blocks": [{"type": "header", "text": plain("Your keys")}]}


def practice(folder: Path, redact: Callable[[str], str] | None = None) -> Sandbox:
    return Sandbox(MANIFEST, clock=HeldClock(), folder=folder, redact=redact)


def call(slack: Sandbox, method: str, **args: object) -> Json:
    status, _, body = slack.call(method, args, slack.bot_token)
    assert (status, body["ok"]) == (200, True), body
    return body


def without_tokens(text: str) -> str:
    return re.sub(r"kr_\w+", "(a token)", text)


def written(folder: Path) -> str:
    return (folder / FILE).read_text("utf-8")


class TestARoundTrip:
    def test_people_channels_messages_and_homes_come_back(self, tmp_path: Path) -> None:
        slack = practice(tmp_path)
        assert slack.is_new
        alice = slack.add_person("alice", role="admin", real_name="Alice Liddell")
        slack.add_person("oskar", role="outsider")
        channel = slack.add_channel("api-keys", members=["alice"], private=True)
        slack.invite_app("api-keys")
        group = slack.add_usergroup("keepers", ["alice"])
        posted = call(slack, "chat.postMessage", channel=channel, blocks=token_blocks("Zapier"))
        call(slack, "chat.postMessage", channel=alice.id, text="Hello")
        call(slack, "views.publish", user_id=alice.id, view=HOME)
        alice.goes_to("#api-keys").types("Thank you")
        slack.workspace.mark_read(alice.id, channel)
        slack.close()

        again = practice(tmp_path)
        assert not again.is_new
        same = again.person("alice")
        assert same.id == alice.id
        same.goes_to("#api-keys").sees("Zapier").sees("Thank you").sees("Hello")
        same.opens_home().sees("Your keys")
        assert again.workspace.unread(alice.id, channel) == 0
        assert again.workspace.people() == slack.workspace.people()
        assert again.workspace.channel(channel) == slack.workspace.channel(channel)
        members = call_with_scope(again, "usergroups.users.list", "usergroups:read", group)
        assert members["users"] == [alice.id]
        assert again.workspace.other_team_id == slack.workspace.other_team_id
        call(again, "chat.update", channel=channel, ts=posted["ts"], text="Revoked")
        same.goes_to("#api-keys").sees("Revoked")
        again.close()

    def test_the_app_is_still_installed(self, tmp_path: Path) -> None:
        slack = practice(tmp_path)
        slack.close()
        again = practice(tmp_path)
        again.close()
        assert vars(again.install) == vars(slack.install)
        assert again.team_id == slack.team_id
        assert len({again.bot_token, again.app_token, again.signing_secret}) == 3

    def test_the_manifest_is_read_again(self, tmp_path: Path) -> None:
        practice(tmp_path).close()
        features = {**MANIFEST["features"], "bot_user": {"display_name": "Lock Smith"}}
        manifest = {
            **MANIFEST,
            "features": features,
            "oauth_config": {"scopes": {"bot": ["commands"]}},
        }
        slack = Sandbox(manifest, folder=tmp_path)
        bot = slack.workspace.account(slack.bot_user_id)
        assert bot is not None
        assert bot.real_name == "Lock Smith"
        assert slack.install.scopes == {"commands"}
        slack.close()

    def test_time_stamps_go_on(self, tmp_path: Path) -> None:
        slack = practice(tmp_path)
        slack.add_person("alice").types("Hello")
        slack.close()
        again = practice(tmp_path)
        again.person("alice").types("Hello again")
        first, second = again.workspace.messages_for(
            again.person("alice").id, again.workspace.channels_of(again.person("alice").id)[0].id
        )
        assert second.ts > first.ts
        again.close()

    def test_what_slack_forgets_is_forgotten(self, tmp_path: Path) -> None:
        slack = practice(tmp_path)
        alice = slack.add_person("alice")
        slack.deliver_with(lambda body, kind: {"text": "For you alone"})
        alice.types("/keys list").sees("For you alone")
        slack.close()
        assert "For you alone" not in written(tmp_path)


class TestTheFile:
    def test_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        folder = tmp_path / "made" / "here"
        practice(folder).close()
        assert (folder / FILE).stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700
        assert [path.name for path in folder.iterdir()] == [FILE]

    def test_it_is_there_soon_after_a_change(self, tmp_path: Path) -> None:
        slack = practice(tmp_path)
        slack.add_person("alice").types("Hello there")
        waits_until(lambda: is_written(tmp_path, "Hello there"))
        slack.close()

    def test_secrets_of_the_app_s_users_are_not_in_it(self, tmp_path: Path) -> None:
        slack = practice(tmp_path, without_tokens)
        alice = slack.add_person("alice")
        where = {"channel": alice.id, "text": f"Here: {TOKEN}"}
        call(
            slack,
            "chat.postMessage",
            **where,
            blocks=token_blocks("Zapier"),
            attachments=[{"text": TOKEN, "fields": [{"title": TOKEN, "value": "x"}]}],
            metadata={"event_type": "made", "event_payload": {"token": TOKEN, TOKEN: 1}},
        )
        call(slack, "views.publish", user_id=alice.id, view={**HOME, "private_metadata": TOKEN})
        assert alice.dm.token() == TOKEN
        slack.close()
        assert TOKEN not in written(tmp_path)
        assert written(tmp_path).count("(a token)") >= 6
        again = practice(tmp_path, without_tokens)
        again.person("alice").sees("(a token)").never_sees(TOKEN)
        assert again.bot_token == slack.bot_token
        again.close()

    def test_halves_of_characters_do_no_harm(self, tmp_path: Path) -> None:
        slack = practice(tmp_path)
        alice = slack.add_person("alice")
        call(slack, "chat.postMessage", channel=alice.id, text="half \ud83d of it")
        slack.close()
        again = practice(tmp_path)
        again.person("alice").sees("half ? of it")
        again.close()

    def test_traffic_is_not_in_it(self, tmp_path: Path) -> None:
        slack = practice(tmp_path)
        slack.call("chat.postMessage", {"channel": "C0", "text": "only traffic"}, slack.bot_token)
        slack.close()
        assert "only traffic" not in written(tmp_path)


class TestTrouble:
    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"format": 1}', b'{"format": 0}'],
    )
    def test_an_unreadable_file_is_an_error(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / FILE).write_bytes(content)
        with pytest.raises(StateError, match="Delete that file to start with an empty workspace"):
            practice(tmp_path)
        assert (tmp_path / FILE).read_bytes() == content

    @pytest.mark.parametrize("part", ["app", "accounts", "channels", "messages", "last_ts"])
    def test_one_of_which_a_part_is_wrong_too(self, tmp_path: Path, part: str) -> None:
        slack = practice(tmp_path)
        slack.add_person("alice").types("Hello")
        slack.close()
        kept = json.loads(written(tmp_path))
        kept[part] = [{"id": "U1"}]
        (tmp_path / FILE).write_text(json.dumps(kept))
        with pytest.raises(StateError, match="it is damaged"):
            practice(tmp_path)

    def test_a_folder_that_cannot_be_written_to(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StateError, match="Choose a folder"):
            practice(tmp_path / "file")

    def test_a_write_that_fails_is_made_good_when_closed(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        failing = threading.Event()

        def redact(text: str) -> str:
            if failing.is_set():
                raise OSError("no space left")
            return text

        slack = practice(tmp_path, redact)
        failing.set()
        slack.add_person("alice")
        waits_until(lambda: "could not be saved" in caplog.text)
        failing.clear()
        slack.close()
        assert "alice" in written(tmp_path)


RUN = """
import sys
from functools import partial
from pathlib import Path
from sandbox.sandbox import Sandbox
from tests.sandbox.page.demo_app import MANIFEST

slack = Sandbox(MANIFEST, folder=Path(sys.argv[1]))
alice = slack.add_person(f"alice{sys.argv[2]}")
number = 0
while True:
    alice.types(f"message {number}")
    number += 1
"""


def test_a_process_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    for round in range(3):
        command = (sys.executable, "-c", RUN, str(tmp_path), str(round))
        process = subprocess.Popen(command, cwd=Path(__file__).parents[3])
        waits_until(partial(is_written, tmp_path, f"alice{round}"), 30)
        time.sleep(round * 0.2)  # to be killed at different moments, none of which matters
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        slack = practice(tmp_path)
        assert [a.name for a in slack.workspace.people()] == [f"alice{n}" for n in range(round + 1)]
        slack.close()


def is_written(folder: Path, text: str) -> bool:
    return (folder / FILE).exists() and text in written(folder)


def call_with_scope(slack: Sandbox, method: str, scope: str, usergroup: str) -> Json:
    slack.install.scopes.add(scope)
    return call(slack, method, usergroup=usergroup)


def test_a_file_that_an_earlier_version_saved_is_read_whole(tmp_path: Path) -> None:
    """What is saved from now on has everything that it had, and the token that was added since."""
    saved = Path(__file__).parent / "saved" / "without-config-token.json"
    before = json.loads(saved.read_text("utf-8"))
    (tmp_path / FILE).write_text(json.dumps(before), "utf-8")
    slack = Sandbox(MANIFEST, clock=HeldClock(), folder=tmp_path)
    assert slack.bot_token == before["app"]["bot_token"]
    names = ["alice", "bob", "carol", "dave"]
    assert [person.name for person in slack.workspace.people()] == names
    slack.close()
    after = json.loads(written(tmp_path))
    assert after["app"].pop("config_token").startswith("xoxe.xoxp-")
    assert after["app"] == before["app"]
    assert [message["text"] for message in after["messages"]] == [
        message["text"] for message in before["messages"]
    ]
    assert {name: set(before[name][0]) for name in ("accounts", "channels", "messages")} == {
        name: set(after[name][0]) for name in ("accounts", "channels", "messages")
    }

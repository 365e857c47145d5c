"""Files in the practice Slack: uploading in three steps, and reading by members only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.sandbox import Sandbox
from tests.sandbox.webapi.harness import MANIFEST

pytestmark = pytest.mark.sockets


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    with Sandbox(MANIFEST) as slack:
        for name in ("alice", "bob"):
            slack.add_person(name)
        slack.install.scopes.add("files:write")
        yield slack


def client(slack: Sandbox) -> WebClient:
    return WebClient(slack.bot_token, base_url=slack.api_url)


def ask(slack: Sandbox, content: bytes, name: str = "a.csv") -> tuple[str, str]:
    answer = client(slack).files_getUploadURLExternal(filename=name, length=len(content))
    return str(answer["upload_url"]), str(answer["file_id"])


def channel(slack: Sandbox) -> str:
    return slack.add_channel("keys", members=["alice"])


def code(call: Any, **args: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        call(**args)
    return str(refused.value.response["error"])


def test_slacks_own_sdk_shares_a_file_and_members_get_it(slack: Sandbox) -> None:
    place = channel(slack)
    slack.invite_app("keys")
    client(slack).files_upload_v2(
        filename="keys.csv", title="Keys", content="a,b\n", channel=place, initial_comment="Here."
    )
    alice = slack.person("alice").goes_to("keys").sees("Here.").sees("[file] Keys")
    (file,) = slack.workspace.messages_for(alice.id, place)[-1].payload["files"]
    address = slack.url.rstrip("/") + file["url_private"]
    got = httpx.get(address, params={"as": "alice"})
    assert (got.status_code, got.text) == (200, "a,b\n")
    assert "attachment" in got.headers["content-disposition"]
    for who in ("bob", "nobody", ""):
        assert httpx.get(address, params={"as": who}).status_code == 404


def test_an_address_takes_the_announced_length_once(slack: Sandbox) -> None:
    address, _ = ask(slack, b"1234")
    assert httpx.post(address, content=b"12345").status_code == 400
    assert httpx.post(address, content=b"1234").status_code == 200
    assert httpx.post(address, content=b"1234").status_code == 400
    assert httpx.post(address + "0", content=b"1234").status_code == 400


def test_what_slack_refuses(slack: Sandbox) -> None:
    web, place = client(slack), channel(slack)
    address, id_ = ask(slack, b"12")
    done = web.files_completeUploadExternal
    files = [{"id": id_, "title": "t"}]
    assert code(done, files=files) == "file_not_found", "its bytes have not come"
    httpx.post(address, content=b"12")
    assert code(done, files=files, channel_id="C0NOWHERE") == "channel_not_found"
    assert code(done, files=files, channel_id=place) == "not_in_channel"
    assert code(done, files=[]) == "invalid_arguments"
    assert code(done, files=[{"id": "F0"}]) == "file_not_found"
    slack.invite_app("keys")
    assert code(done, files=files, channel_id=place, thread_ts="1.0") == "thread_not_found"
    done(files=files, channel_id=place)  # type: ignore[arg-type]
    assert code(done, files=files, channel_id=place) == "file_not_found", "it was completed"
    asks = web.files_getUploadURLExternal
    assert code(asks, filename="", length=1) == "invalid_arguments"
    assert code(asks, filename="a", length=0) == "invalid_arguments"
    assert code(asks, filename="a", length=1, alt_txt="a" * 1001) == "alt_txt_too_large"
    slack.install.scopes.discard("files:write")
    assert code(asks, filename="a", length=1) == "missing_scope"

"""Slack's own client for Python against the Web API, without sockets."""

import json
from typing import Any
from urllib.parse import parse_qsl
from urllib.request import Request

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, SectionBlock
from slack_sdk.models.views import View

from tests.sandbox.webapi.harness import ALICE, GENERAL, KEYS, OLD, Harness, home


class InProcess(WebClient):
    """Sends what the SDK would put on the wire to the harness instead."""

    def __init__(self, harness: Harness) -> None:
        super().__init__(token=harness.install.bot_token, base_url="http://127.0.0.1/api/")
        self._harness = harness

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        body = req.data.decode() if isinstance(req.data, bytes) else ""
        kind = req.get_header("Content-type") or ""
        is_json = kind.startswith("application/json")
        args = json.loads(body or "{}") if is_json else dict(parse_qsl(body))
        args |= dict(parse_qsl(url.partition("?")[2]))
        token = (req.get_header("Authorization") or "").removeprefix("Bearer ") or None
        method = url.partition("?")[0].rpartition("/")[2]
        status, headers, answer = self._harness.api.call(method, args, token)
        return {"status": status, "headers": headers, "body": json.dumps(answer)}


@pytest.fixture
def harness() -> Harness:
    return Harness()


@pytest.fixture
def client(harness: Harness) -> InProcess:
    return InProcess(harness)


def test_the_life_of_a_message(harness: Harness, client: InProcess) -> None:
    blocks = [
        SectionBlock(text="Which?"),
        ActionsBlock(elements=[ButtonElement(text="This", action_id="this", value="1")]),
    ]
    metadata = {"event_type": "asked", "event_payload": {"id": 1}}
    posted = client.chat_postMessage(channel=KEYS, text="q", blocks=blocks, metadata=metadata)
    assert posted["message"]["blocks"][1]["elements"][0]["action_id"] == "this"
    history = client.conversations_history(channel=KEYS, include_all_metadata=True)
    assert history["messages"][0]["metadata"] == metadata
    client.chat_update(channel=KEYS, ts=posted["ts"], text="done", blocks=[])
    assert (harness.messages(KEYS)[0].text, harness.messages(KEYS)[0].blocks) == ("done", [])
    client.chat_delete(channel=KEYS, ts=posted["ts"])
    assert harness.messages(KEYS) == []


def test_a_modal_and_a_home(harness: Harness, client: InProcess) -> None:
    view = View(
        type="modal", title={"type": "plain_text", "text": "T"}, blocks=[SectionBlock(text="Hi")]
    )
    opened = client.views_open(trigger_id=harness.triggers.issue(ALICE), view=view)
    client.views_update(view_id=opened["view"]["id"], hash=opened["view"]["hash"], view=view)
    assert len(harness.workspace.modals_of(ALICE)) == 1
    client.views_publish(user_id=ALICE, view=home())
    assert harness.workspace.home_of(ALICE) is not None


def test_pages_are_walked(client: InProcess) -> None:
    pages = [p["channels"] for p in client.conversations_list(limit=1)]
    assert [c["id"] for page in pages for c in page] == [GENERAL, KEYS, OLD]


def test_who_and_where(harness: Harness, client: InProcess) -> None:
    assert client.auth_test()["bot_id"] == harness.install.bot_id
    assert client.users_info(user=ALICE)["user"]["is_admin"] is True
    opened = client.conversations_open(users=[ALICE])
    assert client.conversations_info(channel=opened["channel"]["id"])["channel"]["user"] == ALICE
    link = client.apps_connections_open(app_token=harness.install.app_token)
    assert link["url"].startswith("ws://")


def test_refusals_reach_the_caller(client: InProcess) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=GENERAL, text="hi")
    assert caught.value.response["error"] == "not_in_channel"


def test_a_planned_failure_reaches_the_caller(harness: Harness, client: InProcess) -> None:
    harness.faults.fail("chat.update", status=503)
    with pytest.raises(SlackApiError) as caught:
        client.chat_update(channel=KEYS, ts="1.1", text="x")
    assert caught.value.response.status_code == 503


def test_rate_limits_are_waited_for(harness: Harness, client: InProcess) -> None:
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    harness.faults.rate_limit("chat.postMessage", retry_after=0)
    assert client.chat_postMessage(channel=KEYS, text="hi")["ok"] is True
    assert [e.status for e in harness.traffic.entries()] == [429, 200]
    harness.faults.rate_limit("chat.postMessage", retry_after=0, times=2)
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=KEYS, text="hi")
    assert caught.value.response["error"] == "ratelimited"
    assert len(harness.messages(KEYS)) == 1

"""Installing by OAuth: which scopes an app can request, and which it is granted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from sandbox.oauth import Distribution
from sandbox.sandbox import Sandbox

pytestmark = pytest.mark.sockets

BACK = "http://127.0.0.1:1/back"
MANIFEST = {
    "display_information": {"name": "Lunch"},
    "oauth_config": {
        "scopes": {"bot": ["chat:write", "pins:read", "files:read"], "bot_optional": ["files:read"]}
    },
}


@pytest.fixture
def slack() -> Iterator[Distribution]:
    with Distribution(MANIFEST) as slack:
        slack.add_workspace("Acme").add_person("alice", role="admin")
        yield slack


@pytest.fixture
def acme(slack: Distribution) -> Sandbox:
    return slack.workspaces[0]


def page(slack: Distribution, *scopes: str, **changes: str) -> httpx.Response:
    """What a browser is shown where an app asks for these scopes, and Alice agrees."""
    asked = {"client_id": slack.client_id, "scope": ",".join(scopes), "redirect_uri": BACK}
    return httpx.get(f"{slack.authorize_url}?{urlencode(asked | {'as': 'alice'} | changes)}")


def access(slack: Distribution, agreed: httpx.Response) -> dict[str, Any]:
    """What the app gets for the code that it was sent back with."""
    (code,) = parse_qs(urlsplit(agreed.headers["location"]).query)["code"]
    client = (slack.client_id, slack.client_secret)
    args = {"code": code, "redirect_uri": BACK}
    answer: dict[str, Any] = httpx.post(
        f"{slack.api_url}oauth.v2.access", data=args, auth=client
    ).json()
    return answer


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [
        (("pins:write",), "pins:write"),
        (("chat:write", "pins:read", "files:read", "users:read"), "users:read"),
        (("users:read", "chat:write", "commands"), "commands, users:read"),
    ],
)
def test_more_than_the_configuration_has_is_refused(
    slack: Distribution, acme: Sandbox, scopes: tuple[str, ...], lacking: str
) -> None:
    refused = page(slack, *scopes)
    assert refused.status_code == 400
    assert refused.text == f"invalid_scope: the app's configuration lacks {lacking}"
    asked = urlencode({"client_id": slack.client_id, "scope": ",".join(scopes)})
    with pytest.raises(ValueError, match="invalid_scope"):
        slack.consents(acme.person("alice"), f"{slack.authorize_url}?{asked}")
    assert not acme.install.active


def test_nothing_and_another_app_are_refused(slack: Distribution) -> None:
    assert page(slack).status_code == 400
    assert page(slack, "chat:write", client_id="12.34").status_code == 400


@pytest.mark.parametrize(
    "scopes",
    [
        ("chat:write",),
        ("files:read", "chat:write"),
        tuple(MANIFEST["oauth_config"]["scopes"]["bot"]),  # type: ignore[index]
    ],
)
def test_what_is_asked_for_is_granted_and_no_more(
    slack: Distribution, acme: Sandbox, scopes: tuple[str, ...]
) -> None:
    answer = access(slack, page(slack, *scopes))
    assert answer["ok"] is True, answer
    assert answer["scope"] == ",".join(sorted(scopes))
    assert acme.install.scopes == set(scopes)


def test_a_second_authorization_adds_to_the_first(slack: Distribution, acme: Sandbox) -> None:
    access(slack, page(slack, "chat:write"))
    assert access(slack, page(slack, "pins:read"))["scope"] == "chat:write,pins:read"
    slack.uninstalls(acme)
    assert access(slack, page(slack, "files:read"))["scope"] == "files:read"

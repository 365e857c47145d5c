"""An organisation-wide installation: what Slack asks for there, and how it says where it is."""

from __future__ import annotations

import pytest

from sandbox.sandbox import Sandbox
from sandbox.state.models import Json
from tests.sandbox.page.demo_app import MANIFEST
from tests.sandbox.webapi.harness import ALICE, GROUP, KEYS, Harness


@pytest.fixture
def harness() -> Harness:
    harness = Harness()
    harness.install.enterprise_id = "E0ORG"
    return harness


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("users.list", {}),
        ("conversations.list", {}),
        ("usergroups.list", {}),
        ("usergroups.users.list", {"usergroup": GROUP}),
    ],
)
def test_a_list_needs_its_workspace(harness: Harness, method: str, args: dict[str, str]) -> None:
    assert harness.error(method, **args) == "team_not_found"
    assert harness.error(method, **args, team_id="T0OTHER") == "team_not_found"
    assert harness(method, **args, team_id="T0ACME")["ok"]
    harness.install.enterprise_id = None
    assert harness(method, **args)["ok"]


def test_a_channel_needs_its_id(harness: Harness) -> None:
    assert harness.error("chat.postMessage", channel="#api-keys", text="hi") == "channel_not_found"
    assert harness("chat.postMessage", channel=KEYS, text="hi")["ok"]
    assert harness("chat.postMessage", channel=ALICE, text="hi")["ok"]


def test_the_token_is_that_of_the_organisation(harness: Harness) -> None:
    found = harness("auth.test")
    assert (found["is_enterprise_install"], found["enterprise_id"]) == (True, "E0ORG")
    assert found["team_id"] == "E0ORG"


def test_whatever_is_delivered_names_the_organisation() -> None:
    slack = Sandbox(MANIFEST, org_wide=True)
    got: list[Json] = []
    slack.deliver_with(lambda body, kind: got.append(body))
    alice = slack.add_person("alice", role="admin")
    command = slack.workspace.manifest.commands[0].name
    alice.types(command)
    slack.workspace.emit({"type": "app_home_opened", "user": alice.id, "tab": "home"})
    slack.close()
    first, *events = got
    assert first["is_enterprise_install"] == "true"
    assert first["enterprise_id"] == slack.install.enterprise_id
    assert first["team_id"] == slack.team_id
    for event in events:
        [authorization] = event["authorizations"]
        assert authorization["is_enterprise_install"] is True
        assert authorization["enterprise_id"] == slack.install.enterprise_id


def test_people_belong_to_the_organisation_with_the_roles_of_its_one_workspace(
    harness: Harness,
) -> None:
    (team,) = harness("auth.teams.list")["teams"]
    assert team["id"] == "T0ACME"
    grid = harness("users.info", user=ALICE)["user"]["enterprise_user"]
    assert (grid["enterprise_id"], grid["teams"]) == ("E0ORG", ["T0ACME"])
    assert grid["is_admin"] is harness("users.info", user=ALICE)["user"]["is_admin"]
    harness.install.enterprise_id = None
    assert "enterprise_user" not in harness("users.info", user=ALICE)["user"]

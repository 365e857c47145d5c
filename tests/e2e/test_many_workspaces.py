"""Many workspaces: the real program, two practice workspaces that install it, signed HTTP."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.ui import ids
from sandbox.oauth import Distribution
from sandbox.sandbox import Sandbox
from sandbox.state.manifest import read_manifest
from tests.e2e.harness.at_work import token_of
from tests.e2e.harness.program import CHANNEL, MANIFEST, Program, asks, eventually, free_port

pytestmark = pytest.mark.sockets


@dataclass
class World:
    """The app's distribution, the program, and the addresses of both its parts."""

    slack: Distribution
    program: Program
    app: str
    gateway: str
    acme: Sandbox
    globex: Sandbox
    stranger: Sandbox
    initech: Sandbox

    def begins(self) -> tuple[str, dict[str, str]]:
        """A browser is sent to Slack; gives the address and the cookie that it has now."""
        answer = httpx.get(f"{self.app}/slack/install")
        assert answer.status_code == 302, answer.text
        name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
        return answer.headers["location"], {name: value}

    def installs(self, slack: Sandbox, name: str) -> httpx.Response:
        """Somebody installs the app, as a browser does it; gives the last page."""
        where, cookies = self.begins()
        back = self.slack.consents(slack.person(name), where)
        return httpx.get(back, cookies=cookies)


def _people(slack: Sandbox, admin: str) -> None:
    slack.add_person(admin, role="admin")
    slack.add_channel("api-keys", members=[admin])
    slack.invite_app(CHANNEL)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    app, gateway = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with Distribution(MANIFEST) as slack:
        acme, globex = slack.add_workspace("Acme"), slack.add_workspace("Globex")
        stranger = slack.add_workspace("Stranger")
        initech = slack.add_workspace("Initech", org_wide=True)
        _people(initech, "ina")
        _people(stranger, "mallory")
        _people(acme, "alice")
        _people(globex, "gus")
        settings = {
            "SLACK_CLIENT_ID": slack.client_id,
            "SLACK_CLIENT_SECRET": slack.client_secret,
            "SLACK_SIGNING_SECRET": acme.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "SLACK_AUTHORIZE_URL": slack.authorize_url,
            "APIKEYS_SLACK_LISTEN": app,
            "APIKEYS_PUBLIC_URL": f"http://{app}",
            "APIKEYS_SEAL_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "APIKEYS_GATEWAY_LISTEN": gateway,
            "APIKEYS_CHANNEL": CHANNEL,
            "APIKEYS_MAY_INSTALL": f"{acme.workspace.team_id}, {globex.workspace.team_id}, "
            f"{initech.install.enterprise_id}",
        }
        with Program(tmp_path / "program", settings) as program:
            program.waits_until_it_says("receives Slack")
            slack.delivers_to(f"http://{app}/slack/events")
            yield World(
                slack,
                program,
                f"http://{app}",
                f"http://{gateway}",
                acme,
                globex,
                stranger,
                initech,
            )
            program.stop()


def makes(slack: Sandbox, admin: str, name: str) -> str:
    """An admin makes a key; gives its token."""
    person = slack.person(admin).goes_to(CHANNEL)
    person.types(f"/apikeys new {name}")
    person.sees("Create key", within=15)
    person.submits()
    person.sees(f"{name} works now", within=15)
    person.closes()
    return token_of(person)


def test_two_workspaces_install_it_and_see_nothing_of_each_other(world: World) -> None:
    alice, gus = world.acme.person("alice"), world.globex.person("gus")
    for slack, name, team in ((world.acme, "alice", "Acme"), (world.globex, "gus", "Globex")):
        page, person = world.installs(slack, name), slack.person(name)
        assert page.status_code == 200, page.text
        assert f"API keys is installed in {team}" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        eventually(lambda who=person: "API keys is installed" in who.dm.text, "the greeting")
    ours = makes(world.acme, "alice", "Zapier, production")
    theirs = makes(world.globex, "gus", "Grafana, production")
    assert asks(world.gateway, ours) == asks(world.gateway, theirs) == 204

    gus.types("/apikeys list")
    gus.sees("Grafana, production", within=15)
    gus.never_sees("Zapier")
    gus.types("/apikeys show Zapier, production")
    gus.sees("There is no", within=15)
    alice.never_sees("Grafana")
    for slack, mine, other in ((world.acme, "Zapier", "Grafana"), (world.globex, "Grafana", "Zap")):
        place = slack.workspace.channel_named("api-keys")
        assert place is not None

        def told(slack: Sandbox = slack, place: str = place.id) -> str:
            member = slack.workspace.channels[place].members[0]
            return str([m.blocks for m in slack.workspace.messages_for(member, place)])

        eventually(lambda mine=mine, told=told: mine in told(), "the team is told")
        assert other not in told()

    alice.types("/apikeys revoke Zapier, production")
    alice.sees("Are you sure", within=15)
    alice.presses("Revoke")
    alice.sees("is refused from now on", within=15)
    assert (asks(world.gateway, ours), asks(world.gateway, theirs)) == (401, 204)
    tokens = [slack.bot_token.encode() for slack in (world.acme, world.globex)]
    for path in world.program.folder.rglob("*"):
        if path.is_file():
            kept = path.read_bytes()
            assert not [token for token in tokens if token in kept], path


def test_a_workspace_that_is_not_named_cannot_install_it(world: World) -> None:
    page = world.installs(world.stranger, "mallory")
    assert page.status_code == 403
    assert "has not allowed your workspace" in page.text
    assert len(world.stranger.calls("auth.revoke")) == 1
    world.program.waits_until_it_says(f"{world.stranger.workspace.team_id} may not install")
    assert world.installs(world.acme, "alice").status_code == 200


def test_uninstalled_and_installed_again_its_keys_are_still_there(world: World) -> None:
    world.installs(world.acme, "alice")
    alice = world.acme.person("alice").goes_to(CHANNEL)
    token = makes(world.acme, "alice", "Zapier, production")
    before = world.acme.bot_token
    world.slack.uninstalls(world.acme)
    eventually(lambda: "is no longer installed in" in world.program.log.read_text(), "it has heard")
    assert asks(world.gateway, token) == 204
    alice.types("/apikeys list")
    alice.sees("/apikeys is not a valid command", within=15)
    world.installs(world.acme, "alice")
    assert world.acme.bot_token != before
    alice.types("/apikeys list")
    alice.sees("Zapier, production", within=15)


def test_it_asks_for_each_scope_of_the_manifest_once(world: World) -> None:
    where, _ = world.begins()
    (asked,) = parse_qs(urlsplit(where).query)["scope"]
    assert sorted(asked.split(",")) == sorted(read_manifest(MANIFEST).scopes)


def test_an_installation_is_finished_by_whoever_began_it(world: World) -> None:
    alice = world.acme.person("alice")
    where, cookies = world.begins()
    back = world.slack.consents(alice, where)
    another = httpx.get(back)
    assert (another.status_code, "another browser" in another.text) == (400, True)
    forged = back.replace("state=", "state=1")
    assert httpx.get(forged, cookies=cookies).status_code == 400
    assert httpx.get(back, cookies=cookies).status_code == 200
    again = httpx.get(back, cookies=cookies)
    assert (again.status_code, "already finished" in again.text) == (401, True)
    refused = httpx.get(f"{world.app}/slack/oauth_redirect?error=access_denied")
    assert "It was cancelled. Nothing was installed." in refused.text
    assert "alice" not in refused.text


def test_where_slack_alone_knows_of_an_installation_people_are_told_so(world: World) -> None:
    world.globex.install.active = True  # as by the button on Slack's own page of the app
    gus = world.globex.person("gus").goes_to(CHANNEL)
    gus.types("/apikeys list")
    gus.sees("is no longer installed in this workspace", within=15)


def test_an_organisation_installs_it_and_an_admin_chooses_the_channel(world: World) -> None:
    org, ina = world.initech, world.initech.person("ina")
    page = world.installs(org, "ina")
    assert "API keys is installed in Practice organisation" in page.text
    assert "choose the channel in the app’s Home tab" in page.text
    eventually(lambda: "choose it in my Home tab" in ina.dm.text, "the greeting")
    ina.opens_home()
    # Under the token of an organisation no channel is found by its name.
    ina.sees(f"I can't post in {CHANNEL}", within=15)
    ina.enters(CHANNEL, into=ids.CHANNEL_CHOOSE)
    token = makes(org, "ina", "Zapier, production")
    assert asks(world.gateway, token) == 204
    ina.goes_to(CHANNEL).sees("chose this channel for news of API keys", within=15)
    ina.sees("created the key Zapier, production", within=15)
    # Who may own a key is known in the organisation too, and keys are found by their names.
    ina.types("/apikeys list ina").sees("Show all keys", within=15)
    ina.types("/apikeys revoke Zapier, production")
    ina.sees("Are you sure", within=15)
    ina.presses("Revoke")
    ina.sees("is refused from now on", within=15)
    assert asks(world.gateway, token) == 401

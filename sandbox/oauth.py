"""One app that many workspaces install: OAuth, and one Web API for all of them.

Each workspace is a separate `Sandbox`. They share what an app has once: its id, its client, its
signing secret and the address of the Web API, where the token of a call selects the workspace.
"""

import base64
import binascii
import json
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.base.clock import Clock
from sandbox.base.ids import new_hex, new_secret
from sandbox.delivery.signed_http import HttpDelivery
from sandbox.sandbox import Sandbox
from sandbox.server.server import arguments
from sandbox.server.threaded_server import ThreadedServer
from sandbox.state.installation import ORGANISATION, Installation
from sandbox.state.models import Json
from sandbox.users.user import User

# What all installations of an app share.
_SHARED = ("app_id", "app_token", "signing_secret", "verification")


class Distribution:
    """One app in many workspaces; it is in none of them until it is installed by OAuth.

    Args:
        manifest: the app's, as a file or as the values read from one.
        clock: the workspaces' time; tests pass a `HeldClock`.
    """

    def __init__(self, manifest: Path | Json, *, clock: Clock | None = None) -> None:
        self._manifest = manifest
        self._clock = clock
        self._shared_install = Installation()
        self.client_id = f"{new_hex(6)}.{new_hex(6)}"
        self.client_secret = new_hex(32)
        self.workspaces: list[Sandbox] = []
        self._codes: dict[str, tuple[Sandbox, str, str, frozenset[str]]] = {}
        self._revoked_tokens: set[str] = set()
        self._server = ThreadedServer(
            Starlette(
                routes=[
                    Route("/oauth/v2/authorize", self._authorize, methods=["GET"]),
                    Route("/api/{method}", self._call, methods=["GET", "POST"]),
                ]
            ),
            name="practice Slack of many workspaces",
        )

    def add_workspace(self, team_name: str, *, org_wide: bool = False) -> Sandbox:
        """Add and start a workspace in which the app is not installed.

        Args:
            org_wide: whether it will be installed for the whole organisation.
        """
        slack = Sandbox(self._manifest, clock=self._clock, team_name=team_name, org_wide=org_wide)
        for name in _SHARED:
            setattr(slack.install, name, getattr(self._shared_install, name))
        slack.install.active = False
        slack.start()
        self.workspaces.append(slack)
        return slack

    def consents(self, person: User, authorize_url: str) -> str:
        """Return the URL to which Slack sends the browser of a person who installs the app.

        Args:
            authorize_url: where the app has sent them.

        Raises:
            ValueError: it names another app, or a scope that is not in the app's configuration.
        """
        slack = next(s for s in self.workspaces if s.workspace.account(person.id) is not None)
        asked = dict(parse_qsl(authorize_url.partition("?")[2]))
        return self._redirect(slack, person.id, asked)

    def delivers_to(self, url: str) -> list[HttpDelivery]:
        """Deliver by signed HTTP from every workspace."""
        return [slack.deliver_to(url) for slack in self.workspaces]

    def uninstalls(self, slack: Sandbox) -> None:
        """Uninstall the app from a workspace: Slack sends both events, in no particular order."""
        install, bot = slack.install, slack.install.bot_user
        slack.workspace.emit({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}})
        slack.workspace.emit({"type": "app_uninstalled"})
        self._revoked_tokens.add(install.bot_token)
        install.active = False

    # --- running ------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for slack in self.workspaces:
            slack.stop()
        self._server.stop()

    @property
    def api_url(self) -> str:
        """The Web API's address for an SDK."""
        return f"http://{self._server.address}/api/"

    @property
    def authorize_url(self) -> str:
        """Where an app sends people who want to install it."""
        return f"http://{self._server.address}/oauth/v2/authorize"

    # --- OAuth --------------------------------------------------------------------------------

    def _redirect(self, slack: Sandbox, user: str, asked: dict[str, str]) -> str:
        wanted = frozenset(scope for scope in asked.get("scope", "").split(",") if scope)
        if asked.get("client_id") != self.client_id or not wanted:
            raise ValueError("needed: the app's client_id and a scope")
        if lacking := sorted(wanted.difference(slack.workspace.manifest.scopes)):
            raise ValueError(f"invalid_scope: the app's configuration lacks {', '.join(lacking)}")
        code = new_secret()
        self._codes[code] = (slack, user, asked.get("redirect_uri", ""), wanted)
        answer = urlencode({"code": code, "state": asked.get("state", "")})
        return f"{asked.get('redirect_uri', '')}?{answer}"

    async def _authorize(self, request: Request) -> Response:
        """Approve an installation; `&as=<handle>` names the user: no one is signed in here."""
        name = request.query_params.get("as", "")
        found = (s for s in self.workspaces if s.workspace.account_named(name) is not None)
        slack = next(found, None)
        account = slack.workspace.account_named(name) if slack else None
        if slack is None or account is None:
            text = "Add &as=<handle> to name the user who approves."
            return PlainTextResponse(text, status_code=400)
        try:
            redirect = self._redirect(slack, account.id, dict(request.query_params))
        except ValueError as error:
            return PlainTextResponse(str(error), status_code=400)
        return RedirectResponse(redirect, status_code=302)

    def _access(self, args: dict[str, str], client: tuple[str, str]) -> Json:
        """Answer `oauth.v2.access` (https://docs.slack.dev/reference/methods/oauth.v2.access)."""
        if client != (self.client_id, self.client_secret):
            return {"ok": False, "error": "bad_client_secret"}
        nothing = (None, "", "", frozenset[str]())
        slack, user, redirect, wanted = self._codes.pop(args.get("code", ""), nothing)
        if slack is None:
            return {"ok": False, "error": "invalid_code"}
        if args.get("redirect_uri", "") != redirect:
            return {"ok": False, "error": "bad_redirect_uri"}
        if not slack.install.active:
            # A new installation has a new token; the bot user stays the same.
            slack.install.bot_token = Installation().bot_token
            slack.install.scopes = set()
            slack.install.active = True
        # An authorization adds scopes to those granted before, and removes none.
        slack.install.scopes |= wanted
        return {
            "ok": True,
            "app_id": slack.install.app_id,
            "authed_user": {"id": user},
            "scope": ",".join(sorted(slack.install.scopes)),
            "token_type": "bot",
            "access_token": slack.install.bot_token,
            "bot_user_id": slack.install.bot_user,
            **_installed_in(slack),
        }

    # --- the Web API --------------------------------------------------------------------------

    async def _call(self, request: Request) -> Response:
        method = request.path_params["method"]
        try:
            args = await arguments(request)
        except ValueError:
            return _json(200, {}, {"ok": False, "error": "invalid_json"})
        if method == "oauth.v2.access":
            return _json(
                200, {}, self._access(args, _basic_credentials(request) or _body_credentials(args))
            )
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = token or str(args.get("token", ""))
        found = (s for s in self.workspaces if s.bot_token == token)
        slack = next(found, None)
        if slack is None:
            code = "token_revoked" if token in self._revoked_tokens else "invalid_auth"
            return _json(200, {}, {"ok": False, "error": code})
        status, headers, answer = await run_in_threadpool(slack.web_api.call, method, args, token)
        return _json(status, headers, answer)


def _installed_in(slack: Sandbox) -> Json:
    """Return where the app is installed: in a workspace, or in an organisation."""
    if slack.install.org_wide:
        organisation = {"id": slack.install.enterprise_id, "name": ORGANISATION}
        return {"team": None, "enterprise": organisation, "is_enterprise_install": True}
    team = {"id": slack.team_id, "name": slack.workspace.team_name}
    return {"team": team, "enterprise": None, "is_enterprise_install": False}


def _json(status: int, headers: dict[str, str], body: Json) -> Response:
    headers = {"Content-Type": "application/json; charset=utf-8", **headers}
    return Response(json.dumps(body), status_code=status, headers=headers)


def _basic_credentials(request: Request) -> tuple[str, str] | None:
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def _body_credentials(args: dict[str, str]) -> tuple[str, str]:
    return str(args.get("client_id", "")), str(args.get("client_secret", ""))

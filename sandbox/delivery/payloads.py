"""Build what the app is sent: commands, actions, submissions and events, shaped as Slack's.

The shapes follow https://docs.slack.dev/reference/interaction-payloads and
https://docs.slack.dev/apis/events-api.
"""

import copy

from sandbox.base.ids import new_id, new_secret
from sandbox.state.input_values import state_values
from sandbox.state.installation import ORGANISATION, Installation
from sandbox.state.manifest import Command
from sandbox.state.models import Account, Channel, ChannelKind, Json, Message, View
from sandbox.state.workspace import Workspace


class Payloads:
    """Builds the bodies of deliveries. Callers hold the workspace's lock or pass copies.

    Args:
        workspace: whose team, people and channels the bodies name.
        install: the app's ids.
    """

    def __init__(self, workspace: Workspace, install: Installation) -> None:
        self._workspace = workspace
        self._install = install

    def command(
        self,
        account: Account,
        channel: Channel,
        command: Command,
        text: str,
        *,
        trigger: str,
        response_url: str,
    ) -> Json:
        """Return the form fields of a slash command."""
        return {
            "token": self._install.verification,
            "team_id": self._workspace.team_id,
            "team_domain": self._workspace.domain,
            "channel_id": channel.id,
            "channel_name": _channel_name(channel),
            "user_id": account.id,
            "user_name": account.name,
            "command": command.name,
            "text": text,
            "api_app_id": self._install.app_id,
            "is_enterprise_install": "true" if self._install.org_wide else "false",
            "response_url": response_url,
            "trigger_id": trigger,
            **self._enterprise_fields(),
        }

    def message_action(
        self,
        account: Account,
        message: Message,
        channel: Channel,
        action: Json,
        *,
        trigger: str,
        response_url: str,
    ) -> Json:
        """Return ``block_actions`` on a message; an ephemeral message is not in the payload."""
        ephemeral = message.ephemeral_for is not None
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        body = self._interaction("block_actions", account, trigger)
        body |= {
            "container": container,
            "channel": {"id": channel.id, "name": _channel_name(channel)},
            "state": {"values": state_values(message.blocks, message.inputs.get(account.id, {}))},
            "response_url": response_url,
            "actions": [action],
        }
        if not ephemeral:
            body["message"] = message_json(message, self._workspace.team_id)
        return copy.deepcopy(body)

    def view_action(self, account: Account, view: View, action: Json, *, trigger: str) -> Json:
        """Return ``block_actions`` in a modal or on the Home tab."""
        view_body = self.view(view)
        body = self._interaction("block_actions", account, trigger)
        body |= {
            "container": {"type": "view", "view_id": view.id},
            "view": view_body,
            "actions": [action],
        }
        return copy.deepcopy(body)

    def submission(self, account: Account, view: View, *, trigger: str) -> Json:
        """Return ``view_submission``."""
        body = self._interaction("view_submission", account, trigger)
        return copy.deepcopy(body | {"view": self.view(view), "response_urls": []})

    def closed(self, account: Account, view: View, *, cleared: bool) -> Json:
        """Return ``view_closed``; `cleared` when the whole stack was closed at once."""
        body = self._interaction("view_closed", account, None)
        return copy.deepcopy(body | {"view": self.view(view), "is_cleared": cleared})

    def event(self, event: Json) -> Json:
        """Return the envelope of the Events API around one event."""
        now = int(self._workspace.clock.now())
        team = self._workspace.team_id
        return {
            "token": self._install.verification,
            "team_id": team,
            "api_app_id": self._install.app_id,
            "event": copy.deepcopy(event),
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": now,
            "authorizations": [
                {
                    "enterprise_id": self._install.enterprise_id,
                    "team_id": team,
                    "user_id": self._install.bot_user,
                    "is_bot": True,
                    "is_enterprise_install": self._install.org_wide,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": new_id("EC"),
        }

    def _enterprise(self) -> Json | None:
        """Return the organisation that the app is installed in, if not in one workspace."""
        if not self._install.org_wide:
            return None
        return {"id": self._install.enterprise_id, "name": ORGANISATION}

    def _enterprise_fields(self) -> Json:
        """Return the form fields of a command that tell the organisation."""
        found = self._enterprise()
        return {"enterprise_id": found["id"], "enterprise_name": found["name"]} if found else {}

    def challenge(self) -> Json:
        """Return ``url_verification``, which Slack sends to a URL before any event."""
        return {
            "token": self._install.verification,
            "challenge": new_secret(48),
            "type": "url_verification",
        }

    def view(self, view: View) -> Json:
        """Return a view as the Web API and the payloads show it."""
        given = view.body
        body: Json = {
            "id": view.id,
            "team_id": self._workspace.team_id,
            "type": view.type,
            "blocks": view.blocks,
            "private_metadata": given.get("private_metadata", ""),
            "callback_id": given.get("callback_id", ""),
            "state": {"values": state_values(view.blocks, view.values)},
            "hash": view.hash,
            "title": given.get("title"),
            "clear_on_close": bool(given.get("clear_on_close", False)),
            "notify_on_close": bool(given.get("notify_on_close", False)),
            "close": given.get("close"),
            "submit": given.get("submit"),
            "previous_view_id": view.previous_id,
            "root_view_id": view.root_id,
            "app_id": self._install.app_id,
            "external_id": given.get("external_id", ""),
            "app_installed_team_id": self._workspace.team_id,
            "bot_id": self._install.bot_id,
        }
        return copy.deepcopy(body)

    def _interaction(self, kind: str, account: Account, trigger: str | None) -> Json:
        body: Json = {
            "type": kind,
            "user": {
                "id": account.id,
                "username": account.name,
                "name": account.name,
                "team_id": account.home_team,
            },
            "api_app_id": self._install.app_id,
            "token": self._install.verification,
            "team": {"id": self._workspace.team_id, "domain": self._workspace.domain},
            "enterprise": self._enterprise(),
            "is_enterprise_install": self._install.org_wide,
        }
        return body if trigger is None else body | {"trigger_id": trigger}


def message_json(message: Message, team: str) -> Json:
    """Return a message as ``conversations.history`` and the payloads show it."""
    body: Json = {
        "user": message.user,
        "type": "message",
        "ts": message.ts,
        "text": message.text,
        "team": team,
    }
    for name in ("bot_id", "app_id", "thread_ts", "subtype"):
        if getattr(message, name) is not None:
            body[name] = getattr(message, name)
    if message.blocks:
        body["blocks"] = message.blocks
    if message.edited_ts:
        body["edited"] = {"user": message.edited_by, "ts": message.edited_ts}
    if "attachments" in message.payload:
        body["attachments"] = message.payload["attachments"]
    return copy.deepcopy(body)


def _channel_name(channel: Channel) -> str:
    """Return a channel's name as apps see it: Slack gives them no name of a private one."""
    if channel.is_direct:
        return "directmessage"
    return "privategroup" if channel.kind is ChannelKind.PRIVATE else channel.name

"""A small app for the page's tests, by Slack Bolt: a list, a question, a modal, a DM."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

Json = dict[str, Any]

MANIFEST: Json = {
    "display_information": {
        "name": "Key Ring",
        "description": "Looks after keys",
        "background_color": "#123b5d",
    },
    "features": {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": "Key Ring", "always_online": True},
        "slash_commands": [
            {
                "command": "/keys",
                "description": "List and make keys",
                "usage_hint": "[list, new, ask, slow]",
                "should_escape": True,
            },
            {"command": "/standup", "description": "Start the daily round"},
        ],
    },
    "oauth_config": {
        "scopes": {"bot": ["commands", "chat:write", "im:write", "users:read", "channels:read"]}
    },
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened"]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}

TOKEN = "kr_7Fq2mV0cK3_9bX1LrT5yWc8hNn2QpZs7uDfGjEaKv4tMxRoIq6Bw_3fXa9Qe"
KEYS = ("Zapier, production", "Export job", "Billing sync")


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(text: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


def list_blocks(words: str = "") -> list[Json]:
    options = [{"text": plain(t), "value": t.lower()} for t in ("Rename", "Revoke", "Details")]
    search: Json = {
        "type": "input",
        "block_id": "search",
        "dispatch_action": True,
        "label": plain("Search"),
        "element": {"type": "plain_text_input", "action_id": "words", "initial_value": words},
    }
    if not words:
        del search["element"]["initial_value"]
    found = [name for name in KEYS if words.lower() in name.lower()]
    rows: list[Json] = [
        {
            "type": "section",
            "block_id": f"key-{name}",
            "text": mrkdwn(f"*{name}*\n`kr_7Fq2…x9Qe` · read"),
            "accessory": {"type": "overflow", "action_id": "row", "options": options},
        }
        for name in found
    ]
    paging = [button("Previous", "previous"), button("Next", "next")]
    return [
        {"type": "header", "text": plain("Keys")},
        search,
        {"type": "divider"},
        *rows,
        {"type": "actions", "block_id": "paging", "elements": paging},
    ]


def question_blocks() -> list[Json]:
    confirm = {
        "title": plain("Revoke Zapier?"),
        "text": plain("This cannot be *undone*."),
        "confirm": plain("Revoke"),
        "deny": plain("Keep it"),
        "style": "danger",
    }
    return [
        {"type": "section", "text": mrkdwn("*Are you sure you want to revoke this key?*")},
        {"type": "section", "fields": [mrkdwn("*Name*\nZapier"), mrkdwn("*Last used*\nnever")]},
        {
            "type": "actions",
            "block_id": "question",
            "elements": [
                button("Revoke", "revoke", style="danger", confirm=confirm),
                button("Cancel", "cancel"),
            ],
        },
    ]


def new_key_view() -> Json:
    scopes = [
        {"text": plain("Read existing data"), "value": "read"},
        {"text": plain("Add new records"), "value": "write"},
    ]
    return {
        "type": "modal",
        "callback_id": "new_key",
        "title": plain("New key"),
        "submit": plain("Create"),
        "close": plain("Cancel"),
        "blocks": [
            _input("name", "Name", {"type": "plain_text_input", "action_id": "v"}),
            _input("scopes", "Scopes", {"type": "checkboxes", "action_id": "v", "options": scopes}),
            _input("owner", "Owner", {"type": "users_select", "action_id": "v"}),
            _input(
                "note",
                "Note",
                {"type": "plain_text_input", "action_id": "v", "multiline": True},
                optional=True,
            ),
        ],
    }


def _input(block_id: str, label: str, element: Json, **more: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        **more,
    }


def token_blocks(name: str) -> list[Json]:
    return [
        {"type": "section", "text": mrkdwn(f"*{name}* is ready. This is its token:")},
        {"type": "section", "text": mrkdwn(f"```{TOKEN}```")},
        {"type": "context", "elements": [mrkdwn("It cannot be shown again.")]},
        {
            "type": "actions",
            "block_id": "stored",
            "elements": [button("I've stored it", "stored", style="primary")],
        },
    ]


class Demo:
    """The app, and what it received, so that tests can check both ends of each press."""

    def __init__(self, client: WebClient, signing_secret: str) -> None:
        self.told: list[tuple[str, Any]] = []
        self.hold = threading.Event()
        self.app = App(
            client=client,
            token=client.token,
            signing_secret=signing_secret,
            request_verification_enabled=True,
        )
        self._command()
        self._actions()
        self._modal()
        self.app.event("app_home_opened")(self._home)

    def note(self, what: str, value: Any) -> None:
        self.told.append((what, value))

    def _command(self) -> None:
        @self.app.command("/keys")
        def keys(ack: Callable[..., None], body: Json, client: WebClient) -> None:
            self.note("command", body["text"])
            text = body["text"]
            if text == "list":
                ack(response_type="ephemeral", text="Keys", blocks=list_blocks())
            elif text == "ask":
                ack(response_type="ephemeral", text="Sure?", blocks=question_blocks())
            elif text == "slow":
                self.hold.wait(5)
                ack()
            else:
                ack()
                client.views_open(trigger_id=body["trigger_id"], view=new_key_view())

    def _actions(self) -> None:
        @self.app.action("words")
        def search(ack: Callable[..., None], body: Json, respond: Callable[..., Any]) -> None:
            ack()
            words = body["actions"][0]["value"] or ""
            self.note("search", words)
            respond(replace_original=True, text="Keys", blocks=list_blocks(words))

        @self.app.action("row")
        def row(ack: Callable[..., None], body: Json) -> None:
            ack()
            action = body["actions"][0]
            self.note("row", (action["block_id"], action["selected_option"]["value"]))

        @self.app.action("revoke")
        def revoke(ack: Callable[..., None], body: Json, respond: Callable[..., Any]) -> None:
            ack()
            self.note("revoke", body["user"]["id"])
            respond(replace_original=True, text="Zapier was revoked.")

        @self.app.action("cancel")
        def cancel(ack: Callable[..., None], respond: Callable[..., Any]) -> None:
            ack()
            respond(delete_original=True)

        @self.app.action("stored")
        def stored(ack: Callable[..., None], body: Json, client: WebClient) -> None:
            ack()
            ref, ts = body["channel"]["id"], body["message"]["ts"]
            client.chat_update(channel=ref, ts=ts, text="Removed after it was stored.")

        @self.app.action("next")
        @self.app.action("previous")
        def page(ack: Callable[..., None], body: Json) -> None:
            ack()
            self.note("page", body["actions"][0]["action_id"])

    def _modal(self) -> None:
        @self.app.view("new_key")
        def submitted(ack: Callable[..., None], body: Json, client: WebClient) -> None:
            values = {k: v["v"] for k, v in body["view"]["state"]["values"].items()}
            name = values["name"]["value"]
            if name.lower() == "test":
                ack(response_action="errors", errors={"name": "“Test” says little."})
                return
            ack()
            self.note("submitted", values)
            user = body["user"]["id"]
            client.chat_postMessage(channel=user, text="A token", blocks=token_blocks(name))

    def _home(self, event: Json, client: WebClient) -> None:
        self.note("home", event["tab"])
        if event["tab"] != "home":
            return
        blocks: list[Json] = [{"type": "header", "text": plain("Your keys")}]
        blocks.append(
            {"type": "actions", "block_id": "start", "elements": [button("Next", "next")]}
        )
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

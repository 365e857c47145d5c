"""The message box, with completion of slash commands and mentions."""

import re

from nicegui.events import GenericEventArguments

from sandbox.page.base.avatars import avatar
from sandbox.page.base.component import Component
from sandbox.page.base.html_tags import Tag, button, put_attributes, tag
from sandbox.page.base.icons import icon
from sandbox.page.base.tab import HOME
from sandbox.state.manifest import Command
from sandbox.state.models import Account

_MENTION = re.compile(r"(?<![\w<])@([\w.-]+)")
_MENTION_AT_END = re.compile(r"(?:^|\s)@([\w.-]*)$")


class Composer(Component):
    """The message box of the open channel."""

    def render_key(self) -> object:
        tab = self.tab
        return tab.me, tab.location, self._why_disabled(), self._prompt()

    def render(self) -> None:
        if self.tab.location == HOME:
            return
        if why := self._why_disabled():
            tag("div", why, "composer-off")
            return
        with tag("div", classes="composer"):
            self._suggestions = tag("div", classes="suggestions-holder")
            box = self._box()
            with tag("div", classes="composer-foot"):
                tag("span", "Shift + Enter for a new line", "composer-hint")
                send = button("", "composer-send", aria_label="Send now")
                with send:
                    icon("send", 18)
        send.on("click", js_handler=f"() => practiceSlack.sendFrom('{box.html_id}')")

    def _box(self) -> Tag:
        prompt = self._prompt()
        box = tag("textarea", classes="composer-box", rows="1", placeholder=prompt)
        box.props["aria-label"] = prompt
        box.listen("input", self._typed, "(e) => emit(e.target.value)")
        box.on("keydown", js_handler="(e) => practiceSlack.key(e)")
        box.listen("send", self._send, "(e) => emit(e.detail)")
        return box

    def _why_disabled(self) -> str | None:
        """Return why the user cannot write here; None if they can."""
        tab = self.tab
        me = tab.workspace.account(tab.me)
        if me is not None and me.deleted:
            return f"{me.real_name} is deactivated and cannot use Slack."
        if tab.in_app and tab.workspace.manifest.messages_tab_read_only:
            return "Sending messages to this app has been turned off."
        return None

    def _prompt(self) -> str:
        channel = self.tab.channel
        if channel is None:
            return ""
        if not channel.is_direct:
            return f"Message #{channel.name}"
        others = [m for m in channel.members if m != self.tab.me] or [self.tab.me]
        if others[0] == self.tab.slack.bot_user_id:
            return f"Message {self.tab.workspace.manifest.bot_name}"
        return f"Message {self.tab.name_of(others[0])}"

    # --- sending ------------------------------------------------------------------------------

    async def _send(self, event: GenericEventArguments) -> None:
        text = str(event.args).strip()
        self._suggestions.clear()
        if text:
            sent = _MENTION.sub(self._mention, text)
            await self.tab.run(self.tab.actions.type, self.tab.me, self.tab.location, sent)

    def _mention(self, found: re.Match[str]) -> str:
        """Turn ``@alice`` into a mention, as choosing a person from Slack's list does."""
        account = self.tab.workspace.account_named(found[1])
        return f"<@{account.id}>" if account else found[0]

    # --- suggesting ---------------------------------------------------------------------------

    def _typed(self, event: GenericEventArguments) -> None:
        text = str(event.args)
        self._suggestions.clear()
        mention = _MENTION_AT_END.search(text)
        with self._suggestions:
            if text.startswith("/") and "\n" not in text and not mention:
                self._suggest_commands(text)
            elif mention:
                self._suggest_people(text, mention)

    def _suggest_commands(self, text: str) -> None:
        name, space, _ = text.partition(" ")
        commands = self.tab.actions.commands(self.tab.me)
        found = [
            c
            for c in commands
            if c.name.lower() == name.lower()
            or (not space and c.name.lower().startswith(name.lower()))
        ]
        if not found:
            return
        label = "Slash commands"
        with tag("div", classes="suggestions", role="listbox", aria_label=label) as box:
            put_attributes(box, data_complete="no" if space else "yes", data_typed=text)
            app = self.tab.workspace.manifest.bot_name
            tag("div", app, "suggestions-title")
            for number, command in enumerate(found):
                self._suggest_command(command, picked=number == 0)

    def _suggest_command(self, command: Command, *, picked: bool) -> None:
        with self._line(f"{command.name} ", picked=picked):
            avatar(self.tab.slack, self.tab.slack.bot_user_id, 28)
            with tag("span", classes="suggestion-text"):
                with tag("span"):
                    tag("strong", command.name)
                    tag("span", command.usage_hint, "suggestion-hint")
                tag("small", command.description, "note")

    def _suggest_people(self, text: str, mention: re.Match[str]) -> None:
        wanted = mention[1].lower()
        people = [a for a in self.tab.workspace.people() if not a.deleted]
        found = [a for a in people if wanted in f"{a.name} {a.real_name}".lower()][:8]
        if not found:
            return
        with tag("div", classes="suggestions", role="listbox", aria_label="People") as box:
            put_attributes(box, data_complete="yes", data_typed=text)
            for number, account in enumerate(found):
                self._suggest_person(account, text[: mention.start(1)], picked=number == 0)

    def _suggest_person(self, account: Account, before: str, *, picked: bool) -> None:
        with self._line(f"{before}{account.name} ", picked=picked):
            avatar(self.tab.slack, account.id, 24)
            tag("strong", account.real_name)
            tag("span", f"@{account.name}", "note")

    def _line(self, insert: str, *, picked: bool) -> Tag:
        line = button("", "suggestion", role="option", data_insert=insert, tabindex="-1")
        line.props["aria-selected"] = "true" if picked else "false"
        line.on("click", js_handler="(e) => practiceSlack.take(e.currentTarget)")
        return line

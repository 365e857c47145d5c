"""Render select menus: static, external, users, channels; single or multiple; with a search."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui
from nicegui.events import GenericEventArguments

from sandbox.page.base.avatars import avatar
from sandbox.page.base.html_tags import Tag, button, put_attributes, tag
from sandbox.page.base.icons import icon
from sandbox.page.elements.surface import ActiveSurface
from sandbox.state.models import Json

_SEARCH_FROM = 6
"""A menu with fewer options has no search field."""


@dataclass(frozen=True)
class Choice:
    """One line of a menu: its key (option value or id), its text, and its option if it has one."""

    key: str
    text: str
    note: str = ""
    group: str = ""
    option: Json | None = None
    avatar_user: str | None = None


def select(surface: ActiveSurface, block_id: str, element: Json, label: str | None) -> None:
    """Render any of Slack's select menus."""
    _Select(surface, block_id, element, label).render()


class _Select:
    """One select menu: a button that shows the selection, and a list that opens under it."""

    def __init__(
        self, surface: ActiveSurface, block_id: str, element: Json, label: str | None
    ) -> None:
        self.surface = surface
        self.block_id = block_id
        self.element = element
        kind = str(element["type"])
        self.multiple = kind.startswith("multi_")
        self.kind = kind.removeprefix("multi_").removesuffix("_select")
        self.placeholder = surface.reader.plain(element.get("placeholder")) or "Choose an option"
        self.label = label or self.placeholder
        self.chosen = self._initial_choices()
        self._opener: Tag | None = None
        self._list: Tag | None = None
        self._menu: ui.menu | None = None
        self._lines: dict[str, Tag] = {}
        self._before: list[Choice] = []
        self._load_count = 0

    # --- rendering ----------------------------------------------------------------------------

    def render(self) -> None:
        self._opener = button(
            "",
            "field select",
            role="combobox",
            aria_label=self.label,
            aria_haspopup="listbox",
            data_action_id=self.element.get("action_id"),
        )
        with self._opener:
            self._selection = tag("span", classes="select-shown")
            icon("chevron", 16, "select-arrow")
            with ui.menu().classes("menu pick").props("transition-duration=60 fit") as menu:
                self._render_search()
                self._list = tag("div", classes="pick-list", role="listbox", aria_label=self.label)
        self._menu = menu
        menu.props["anchor"], menu.props["self"] = "bottom left", "top left"
        self._opener.listen("before-show", self._opened, of=menu)
        self._opener.listen("hide", self._closed, of=menu)
        self._show_chosen()

    def _render_search(self) -> None:
        if self.kind == "static" and len(self._options()) < _SEARCH_FROM:
            return
        search = tag(
            "input",
            classes="field pick-search",
            type="text",
            placeholder="Search",
            aria_label=f"Search {self.label}",
            autocomplete="off",
        )
        search.props["data-autofocus"] = True

        async def typed(event: GenericEventArguments) -> None:
            await self._load_choices(str(event.args))

        search.listen("input", typed, "(e) => emit(e.target.value)")

    def _show_chosen(self) -> None:
        if self._selection.is_deleted:
            return
        self._selection.clear()
        with self._selection:
            if not self.chosen:
                tag("span", self.placeholder, "select-placeholder")
            for choice in self.chosen:
                with tag("span", classes="chip" if self.multiple else "select-one"):
                    if choice.avatar_user:
                        avatar(self.surface.tab.slack, choice.avatar_user, 20)
                    tag("span", choice.text)

    def _render_choices(self, choices: Sequence[Choice]) -> None:
        if self._list is None or self._list.is_deleted:
            return
        self._list.clear()
        self._lines.clear()
        with self._list:
            if not choices:
                tag("div", "No results", "pick-none")
            group = ""
            for choice in choices:
                if choice.group != group:
                    group = choice.group
                    tag("div", group, "pick-group")
                self._render_choice(choice)
        self._keep_in_window()

    def _keep_in_window(self) -> None:
        """Make the menu fit into the window again, after its list has changed height."""
        if self._menu is not None:
            menu = f"getElement({self._menu.id})"
            ui.run_javascript(f"Vue.nextTick(() => {menu}?.updatePosition())")

    def _render_choice(self, choice: Choice) -> None:
        line = self._lines[choice.key] = button("", "menu-item", role="option")
        with line:
            if choice.avatar_user:
                avatar(self.surface.tab.slack, choice.avatar_user, 24)
            with tag("span", classes="pick-text"):
                tag("span", choice.text)
                if choice.note:
                    tag("small", choice.note, "note")
            icon("check", 16, "pick-tick")

        async def choose() -> None:
            await self._choose(choice)

        line.listen("click", choose)
        self._update_tick(choice)

    def _update_tick(self, choice: Choice) -> None:
        """Show in its line whether a choice is picked; the line stays, to be pressed again."""
        line = self._lines.get(choice.key)
        if line is not None and not line.is_deleted:
            picked = any(c.key == choice.key for c in self.chosen)
            put_attributes(line, aria_selected="true" if picked else "false")

    # --- choosing -----------------------------------------------------------------------------

    async def _opened(self) -> None:
        self._before = list(self.chosen)
        await self._load_choices("")

    async def _closed(self) -> None:
        if self.multiple and [c.key for c in self._before] != [c.key for c in self.chosen]:
            await self._send_choice()

    async def _choose(self, choice: Choice) -> None:
        if not self.multiple:
            self.chosen = [choice]
            if self._menu is not None:
                self._menu.close()
            self._show_chosen()
            await self._send_choice()
            return
        selected = [c for c in self.chosen if c.key != choice.key]
        maximum = int(self.element.get("max_selected_items", 0))
        if len(selected) == len(self.chosen) and not (maximum and len(selected) >= maximum):
            selected.append(choice)
        self.chosen = selected
        self._update_tick(choice)
        self._show_chosen()
        if not self.surface.dispatches(self.block_id):
            # What is picked must not be lost when the form is rendered again while it is open.
            self.surface.enter(self.block_id, self.element.get("action_id", ""), self._value())

    async def _send_choice(self) -> None:
        await self.surface.choose(self.block_id, self.element, self._value())

    async def _load_choices(self, typed: str) -> None:
        self._load_count += 1
        this_load = self._load_count
        if self.kind == "external":
            minimum = int(self.element.get("min_query_length", 3))
            choices = await self._ask_app(typed) if len(typed) >= minimum else []
        else:
            wanted = typed.strip().lower()
            choices = [c for c in self._options() if wanted in f"{c.text} {c.note}".lower()]
        if this_load == self._load_count:  # else the user has typed more meanwhile
            self._render_choices(choices)

    async def _ask_app(self, typed: str) -> list[Choice]:
        surface = self.surface
        found = await asyncio.to_thread(
            surface.tab.actions.suggestions,
            surface.tab.me,
            surface.ref,
            self.block_id,
            self.element.get("action_id", ""),
            typed,
        )
        return self._choices_of(list(found))

    # --- options --------------------------------------------------------------------------------

    def _options(self) -> list[Choice]:
        workspace = self.surface.tab.slack.workspace
        if self.kind == "static":
            return self._choices_of(self.element.get("option_groups") or self.element["options"])
        if self.kind == "users":
            people = [a for a in workspace.people() if not a.deleted]
            people.sort(key=lambda a: a.real_name.lower())
            return [Choice(a.id, a.real_name, f"@{a.name}", avatar_user=a.id) for a in people]
        channels = workspace.channels_of(self.surface.tab.me)
        return [Choice(c.id, f"# {c.name}") for c in channels if not c.archived]

    def _choices_of(self, options: Sequence[Json], group: str = "") -> list[Choice]:
        found: list[Choice] = []
        for option in options:
            if "options" in option:
                name = self.surface.reader.plain(option.get("label"))
                found += self._choices_of(option["options"], name)
                continue
            text = self.surface.reader.plain(option.get("text"))
            note = self.surface.reader.plain(option.get("description"))
            found.append(Choice(str(option.get("value", "")), text, note, group, option))
        return found

    # --- value ----------------------------------------------------------------------------------

    def _value_fields(self) -> tuple[str, str]:
        """Return the names of Slack's fields for the value and the initial value."""
        noun = {
            "static": "option",
            "external": "option",
            "users": "user",
            "channels": "channel",
            "conversations": "conversation",
        }[self.kind]
        plural = "s" if self.multiple else ""
        return f"selected_{noun}{plural}", f"initial_{noun}{plural}"

    def _initial_choices(self) -> list[Choice]:
        selected, initial = self._value_fields()
        stored = self.surface.value(self.block_id, self.element.get("action_id", ""))
        value = stored.get(selected, self.element.get(initial))
        values = [v for v in (value if isinstance(value, list) else [value]) if v]
        if self.kind in ("static", "external"):
            return self._choices_of(values)
        known = {c.key: c for c in self._options()}
        return [known.get(v, Choice(v, v)) for v in values]

    def _value(self) -> Json:
        selected, _ = self._value_fields()
        values = [c.option if c.option is not None else c.key for c in self.chosen]
        value = values if self.multiple else (values[0] if values else None)
        return {"type": self.element["type"], selected: value}

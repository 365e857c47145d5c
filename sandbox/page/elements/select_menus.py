"""The select menus: static, external, people, channels; one choice or several; with a search."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui
from nicegui.events import GenericEventArguments

from sandbox.page.base.avatars import face
from sandbox.page.base.html_tags import Tag, button, tag
from sandbox.page.base.icons import icon
from sandbox.page.elements.surface import Stage
from sandbox.state.models import Json

_SEARCH_FROM = 6
"""A menu with fewer options is read faster than it is searched."""


@dataclass(frozen=True)
class Choice:
    """One line of a menu: its key (option value or id), its words, and the option it stands for."""

    key: str
    words: str
    note: str = ""
    group: str = ""
    option: Json | None = None
    face: str | None = None


def select(stage: Stage, block_id: str, element: Json, label: str | None) -> None:
    """Any of Slack's select menus."""
    _Select(stage, block_id, element, label).draw()


class _Select:
    """One select menu: a button that shows what is chosen, and a list that opens under it."""

    def __init__(self, stage: Stage, block_id: str, element: Json, label: str | None) -> None:
        self.stage = stage
        self.block_id = block_id
        self.element = element
        kind = str(element["type"])
        self.several = kind.startswith("multi_")
        self.kind = kind.removeprefix("multi_").removesuffix("_select")
        self.placeholder = stage.reader.plain(element.get("placeholder")) or "Choose an option"
        self.label = label or self.placeholder
        self.chosen = self._at_first()
        self._opener: Tag | None = None
        self._list: Tag | None = None
        self._menu: ui.menu | None = None
        self._before: list[Choice] = []
        self._fills = 0

    # --- drawing ------------------------------------------------------------------------------

    def draw(self) -> None:
        self._opener = button(
            "",
            "field select",
            role="combobox",
            aria_label=self.label,
            aria_haspopup="listbox",
            data_action_id=self.element.get("action_id"),
        )
        with self._opener:
            self._shown = tag("span", classes="select-shown")
            icon("chevron", 16, "select-arrow")
            with ui.menu().classes("menu pick").props("transition-duration=60 fit") as menu:
                self._draw_search()
                self._list = tag("div", classes="pick-list", role="listbox", aria_label=self.label)
        self._menu = menu
        menu.props["anchor"], menu.props["self"] = "bottom left", "top left"
        menu.on("before-show", self._opened, [])
        menu.on("hide", self._closed, [])
        self._show_chosen()

    def _draw_search(self) -> None:
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
            await self._fill(str(event.args))

        search.on("input", typed, js_handler="(e) => emit(e.target.value)")

    def _show_chosen(self) -> None:
        self._shown.clear()
        with self._shown:
            if not self.chosen:
                tag("span", self.placeholder, "select-placeholder")
            for choice in self.chosen:
                with tag("span", classes="chip" if self.several else "select-one"):
                    if choice.face:
                        face(self.stage.tab.slack, choice.face, 20)
                    tag("span", choice.words)

    def _draw_choices(self, choices: Sequence[Choice]) -> None:
        if self._list is None or self._list.is_deleted:
            return
        self._list.clear()
        with self._list:
            if not choices:
                tag("div", "No results", "pick-none")
            group = ""
            for choice in choices:
                if choice.group != group:
                    group = choice.group
                    tag("div", group, "pick-group")
                self._draw_choice(choice)
        self._keep_in_window()

    def _keep_in_window(self) -> None:
        """The list has another height now; the menu looks again whether it fits where it is."""
        if self._menu is not None:
            menu = f"getElement({self._menu.id})"
            ui.run_javascript(f"Vue.nextTick(() => {menu}?.updatePosition())")

    def _draw_choice(self, choice: Choice) -> None:
        picked = any(c.key == choice.key for c in self.chosen)
        line = button("", "menu-item", role="option", aria_selected="true" if picked else "false")
        with line:
            if choice.face:
                face(self.stage.tab.slack, choice.face, 24)
            with tag("span", classes="pick-words"):
                tag("span", choice.words)
                if choice.note:
                    tag("small", choice.note, "note")
            if picked:
                icon("check", 16, "pick-tick")

        async def take() -> None:
            await self._take(choice)

        line.on("click", take, [])

    # --- working ------------------------------------------------------------------------------

    async def _opened(self) -> None:
        self._before = list(self.chosen)
        await self._fill("")

    async def _closed(self) -> None:
        if self.several and [c.key for c in self._before] != [c.key for c in self.chosen]:
            await self._tell()

    async def _take(self, choice: Choice) -> None:
        if not self.several:
            self.chosen = [choice]
            if self._menu is not None:
                self._menu.close()
            self._show_chosen()
            await self._tell()
            return
        kept = [c for c in self.chosen if c.key != choice.key]
        most = int(self.element.get("max_selected_items", 0))
        if len(kept) == len(self.chosen) and not (most and len(kept) >= most):
            kept.append(choice)
        self.chosen = kept
        self._show_chosen()
        await self._fill("")

    async def _tell(self) -> None:
        await self.stage.choose(self.block_id, self.element, self._value())

    async def _fill(self, typed: str) -> None:
        self._fills += 1
        this_one = self._fills
        if self.kind == "external":
            least = int(self.element.get("min_query_length", 3))
            choices = await self._ask_app(typed) if len(typed) >= least else []
        else:
            wanted = typed.strip().lower()
            choices = [c for c in self._options() if wanted in f"{c.words} {c.note}".lower()]
        if this_one == self._fills:  # else something was typed while the app looked
            self._draw_choices(choices)

    async def _ask_app(self, typed: str) -> list[Choice]:
        stage = self.stage
        found = await asyncio.to_thread(
            stage.tab.actions.suggestions,
            stage.tab.me,
            stage.where,
            self.block_id,
            self.element.get("action_id", ""),
            typed,
        )
        return self._choices_of(list(found))

    # --- what there is to choose ---------------------------------------------------------------

    def _options(self) -> list[Choice]:
        workspace = self.stage.tab.slack.workspace
        if self.kind == "static":
            return self._choices_of(self.element.get("option_groups") or self.element["options"])
        if self.kind == "users":
            people = [a for a in workspace.people() if not a.deleted]
            people.sort(key=lambda a: a.real_name.lower())
            return [Choice(a.id, a.real_name, f"@{a.name}", face=a.id) for a in people]
        channels = workspace.channels_of(self.stage.tab.me)
        return [Choice(c.id, f"# {c.name}") for c in channels if not c.archived]

    def _choices_of(self, options: Sequence[Json], group: str = "") -> list[Choice]:
        found: list[Choice] = []
        for option in options:
            if "options" in option:
                name = self.stage.reader.plain(option.get("label"))
                found += self._choices_of(option["options"], name)
                continue
            words = self.stage.reader.plain(option.get("text"))
            note = self.stage.reader.plain(option.get("description"))
            found.append(Choice(str(option.get("value", "")), words, note, group, option))
        return found

    # --- what is chosen ------------------------------------------------------------------------

    def _keys(self) -> tuple[str, str]:
        """The names under which Slack carries the value and its initial value."""
        noun = {
            "static": "option",
            "external": "option",
            "users": "user",
            "channels": "channel",
            "conversations": "conversation",
        }[self.kind]
        plural = "s" if self.several else ""
        return f"selected_{noun}{plural}", f"initial_{noun}{plural}"

    def _at_first(self) -> list[Choice]:
        selected, initial = self._keys()
        stored = self.stage.value(self.block_id, self.element.get("action_id", ""))
        value = stored.get(selected, self.element.get(initial))
        values = [v for v in (value if isinstance(value, list) else [value]) if v]
        if self.kind in ("static", "external"):
            return self._choices_of(values)
        known = {c.key: c for c in self._options()}
        return [known.get(v, Choice(v, v)) for v in values]

    def _value(self) -> Json:
        selected, _ = self._keys()
        values = [c.option if c.option is not None else c.key for c in self.chosen]
        value = values if self.several else (values[0] if values else None)
        return {"type": self.element["type"], selected: value}

"""Where an installation has given the slash command another name, every text says that one."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import command_parser
from bot.command_parser import New, Unknown
from bot.ui.command_name import DEFAULT, choose_command_name, command_name
from settings.command import DEFAULT_COMMAND
from tests.bot.harness.block_samples import samples
from tests.bot.harness.listening import Bench

OTHER = "/keys-staging"
ROOT = Path(__file__).parents[2]
BOT = ROOT / "cli" / "bootstrap" / "bot.py"


@pytest.fixture
def renamed() -> Iterator[None]:
    choose_command_name(OTHER)
    yield
    choose_command_name(DEFAULT)


def test_unless_it_is_set_it_is_the_manifests() -> None:
    assert command_name() == DEFAULT == DEFAULT_COMMAND


def test_no_text_of_the_bot_has_the_name_written_into_it() -> None:
    written = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in [*ROOT.glob("bot/**/*.py"), *ROOT.glob("cli/doctor/*.py"), BOT]
        for node in _texts(ast.parse(path.read_text(encoding="utf-8")))
        if re.search(r"/apikeys\b", node.value)
    ]
    assert [place for place in written if not place.startswith("bot/ui/command_name.py")] == []


def _texts(tree: ast.AST) -> Iterator[Any]:
    """The texts of a module, without those that only readers of the code see."""
    comments = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    yield from (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in comments
    )


@pytest.mark.usefixtures("renamed")
def test_no_message_and_no_modal_names_another_command() -> None:
    drawn = {f"{each.kind} {each.name}": json.dumps(each.payload) for each in samples()}
    assert [name for name, text in drawn.items() if re.search(r"/apikeys\b", text)] == []
    assert any(OTHER in text for text in drawn.values())


@pytest.mark.usefixtures("renamed")
@pytest.mark.parametrize("user", ["U0ALICE", "U0BOB", "U0GUEST"])
@pytest.mark.parametrize(
    "text",
    [
        "", "help", "new", "new Zapier", "list", "list nothing", "list <@U1> <@U2>", "show",
        "show nothing", "rename", "revoke", "edit", "rotate", "audit", "audit nonsense", "bogus",
        "offboard", "offboard <@U0BOB>", "export", "export nonsense", "request", "check",
    ],
)  # fmt: skip
def test_no_answer_names_another_command(bench: Bench, text: str, user: str) -> None:
    seen = [bench.types(text, user), bench.answers, bench.calls.asked]
    assert "/apikeys" not in json.dumps(seen, default=str)


@pytest.mark.usefixtures("renamed")
def test_a_command_that_is_pasted_whole_is_understood() -> None:
    assert command_parser.parse(f"{OTHER} new Zapier") == New("Zapier")
    assert command_parser.parse(f"  {OTHER.upper()}   new Zapier") == New("Zapier")
    assert isinstance(command_parser.parse("/apikeys new Zapier"), Unknown)


def test_a_command_of_another_name_is_answered_and_the_log_says_so(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.sends(
        {
            "command": OTHER, "text": "list", "user_id": "U0ALICE", "team_id": "T0ACME",
            "trigger_id": "t1", "response_url": "https://slack.invalid/r",
        }
    )  # fmt: skip
    assert any(OTHER in line and DEFAULT in line for line in caplog.messages)

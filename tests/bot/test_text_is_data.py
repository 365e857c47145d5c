"""Any text at each entrance is refused with a sentence, or shown harmlessly at each exit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import col, update

from bot.ui import ids
from keys.credentials.tokens import make
from runtime.display import is_hidden
from storage import writing
from storage.tables import Key
from tests.bot.harness.entrances import CommandLine, Entrance, Slack, opened
from tests.bot.harness.listening import Bench

TEXTS = ("name", "note", "reason")
OFFERED = [
    (kind, operation, field)
    for kind in (Slack, CommandLine)
    for operation, offered in kind.offers.items()
    for field in offered
    if field in TEXTS
]
TOKEN = make("acme_live").reveal()
ANY = st.text(st.characters(exclude_categories=()), max_size=30)
SINGLED_OUT = st.text(
    st.sampled_from("\x00\x07\x1b\x7f\x9b\x85\u200b\u200e\u202e\u2066\u2028\ufeff\ud800\udfff\ue000"
                    "\ufdd0\U000e0041\U0001f469\u200d\u0301\u3164\t\r\n`*<>&=+@\"'"),
    max_size=12,
)  # fmt: skip
HOSTILE = st.one_of(ANY, SINGLED_OUT)
_NUMBERS = itertools.count(1)
LONG = st.sampled_from(("x" * 10_000, "\U0001f600" * 10_000, "e" + "\u0301" * 10_000))
# More than a database stores as text: the entrances refuse the rest.
STORABLE = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40),
    SINGLED_OUT.map(lambda text: text.encode("utf-8", "ignore").decode().replace("\x00", "")),
)


@pytest.fixture(scope="module")
def entrances(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[type[Entrance], Entrance]]:
    with opened(tmp_path_factory) as every:
        yield every


def hidden_in(value: Any) -> set[str]:
    """Return the hidden characters in all texts of a value, such as a message; lines may end."""
    if isinstance(value, str):
        return {char for char in value if char not in "\n\t" and is_hidden(char)}
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    nested = isinstance(parts, list | tuple)
    return set[str]().union(*map(hidden_in, parts)) if nested else set()


def exits_of_slack(bench: Bench, key_id: str, typed: str) -> list[Any]:
    """Return what is shown in Slack of a stored key, and the files posted there."""
    before = len(bench.calls.asked), len(bench.answers), len(bench.uploads)
    for words in ("show", "edit", "revoke", "rotate", f"rename {key_id}"):
        bench.types(f"{words} {key_id}")
    for words in (f"rename {key_id} {typed}", f"show {typed}", f"nonsense {typed}", "list"):
        bench.types(words)
    bench.types("export json")
    bench.types("export csv")
    event = {"type": "app_home_opened", "user": "U0ALICE", "channel": "D1", "tab": "home"}
    bench.sends({"type": "event_callback", "team_id": "T0ACME", "event": event})
    shown: list[Any] = bench.calls.asked[before[0] :] + bench.answers[before[1] :]
    assert {"views.open", "views.publish"} <= {asked[0] for asked in bench.calls.asked[before[0] :]}
    files = bench.uploads[before[2] :]
    assert len(files) == 2
    # Lines of CSV end as its standard says.
    return shown + [content.decode().replace("\r\n", "\n") for _, content in files]


# --- in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "operation", "field"), OFFERED)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("\ud800")
@example("a\x1b[2K\rState: revoked")
@example("a\nState: revoked\n\u202e")
@example(f"a {TOKEN}")
@given(st.one_of(HOSTILE, LONG))
def test_any_text_is_refused_with_a_sentence_or_stored_without_anything_hidden(
    entrances: dict[type[Entrance], Entrance],
    kind: type[Entrance],
    operation: str,
    field: str,
    text: str,
) -> None:
    """Words around it keep names different, and from being empty or poor."""
    given_text = f"Zapier {next(_NUMBERS)}, {text}."
    done = entrances[kind].attempt(operation, field, given_text)
    assert hidden_in(done.refusal) == set()
    assert "\n" not in done.refusal
    assert done.refusal.endswith(".") or not done.refusal
    assert TOKEN[14:] not in done.refusal + done.stored + repr(done.events) + repr(done.announced)
    if done.refusal:
        assert (done.events, done.announced) == ([], [])
    else:
        assert hidden_in(done.stored) == set()
        assert (field != "name") or "\n" not in done.stored
        assert hidden_in([done.events, done.announced]) == set()


def test_each_text_of_an_operation_is_among_them() -> None:
    assert {operation for _, operation, _ in OFFERED} == {
        "create", "rename", "update", "request", "deny", "keep_in_review", "revoke", "import",
    }  # fmt: skip


# --- out ------------------------------------------------------------------------------------------


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("x\x1b[2J\u202e\x9b\x7f\n\r\u2028")
@given(STORABLE)
def test_whatever_is_stored_is_shown_in_slack_without_anything_hidden(
    entrances: dict[type[Entrance], Entrance], text: str
) -> None:
    slack = entrances[Slack]
    assert isinstance(slack, Slack)
    bench = slack.bench
    key, _ = bench.domain.issue(f"Stored {next(_NUMBERS)}, production", owner="U0ALICE")
    with writing(bench.domain.engine) as session:
        texts = {"name": f"Stored {text}", "note": text, "rate_limit": text[:40], "networks": text}
        session.execute(update(Key).where(col(Key.id) == key.id).values(**texts))
    shown = exits_of_slack(bench, key.id, text)
    assert hidden_in(shown) == set()
    assert key.id in repr(shown)
    slack.domain.revoke(key.id)


def test_a_search_for_anything_finds_nothing_and_breaks_nothing(
    entrances: dict[type[Entrance], Entrance],
) -> None:
    slack = entrances[Slack]
    assert isinstance(slack, Slack)
    for text in ("\x00", "\ud800", "\x1b[2J", "\u202e", "x" * 3_000, TOKEN):
        for words in (
            "list",
            "show",
            "rename",
            "revoke",
            "edit",
            "export",
            "audit",
            "nonsense",
            "",
        ):
            slack.bench.types(f"{words} {text}")
        for action in (ids.SEARCH, ids.HOME_SEARCH):
            slack.bench.presses({"action_id": action, "type": "plain_text_input", "value": text})
    shown = slack.bench.answers + slack.bench.calls.asked
    assert hidden_in(shown) == set()
    assert "Something went wrong" not in repr(shown)
    assert TOKEN not in repr(shown)

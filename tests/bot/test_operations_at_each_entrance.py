"""The same value at each entrance: stored alike, or refused with the same sentence."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from keys.credentials.tokens import make
from keys.inputs import fields
from keys.operations import OPERATIONS
from tests.bot.harness.entrances import CommandLine, Entrance, Slack, opened

ROOT = Path(__file__).parents[2]
TOKEN = make("ak").reveal()
KINDS: tuple[type[Entrance], ...] = (Slack, CommandLine)
# The rooms that have an entrance to each operation; jobs and messages of the bot are in `bot`.
ROOMS: dict[str, set[str]] = {
    "accept_expiry": {"bot"},
    "accept_restore": {"cli"},
    "approve": {"bot"},
    "approve_with_changes": {"bot"},
    "ask_owner": {"bot"},
    "bulk": {"bot"},
    "choose_channel": {"bot"},
    "claim": {"bot"},
    "close_offboarding": {"bot"},
    "create": {"bot", "cli"},
    "deny": {"bot"},
    "end_rotation": {"bot"},
    "export": {"bot", "cli"},
    "extend_rotation": {"bot"},
    "follow_person": {"bot"},
    "import": {"cli"},
    "keep": {"bot"},
    "keep_in_review": {"bot"},
    "keep_keys_in_review": {"bot"},
    "limit": {"cli"},
    "record_departure": {"bot"},
    "record_leaks": {"bot"},
    "remind_of_lost_channel": {"bot"},
    "rename": {"bot"},
    "report_channel_back": {"bot"},
    "report_channel_lost": {"bot"},
    "report_tampering": {"bot"},
    "request": {"bot"},
    "reveal": {"bot"},
    "revoke": {"bot", "cli"},
    "revoke_in_review": {"bot"},
    "rotate": {"bot"},
    "rotate_in_review": {"bot"},
    "rotate_own": {"bot"},
    "set_expiry": {"bot", "cli"},
    "start_offboarding": {"bot"},
    "start_review": {"bot"},
    "transfer": {"bot"},
    "undo_keep": {"bot"},
    "undo_keeps": {"bot"},
    "update": {"bot"},
    "warn_of_readers": {"bot"},
    "withdraw": {"bot"},
}
# Fields that no entrance lets a user fill in, and why.
FILLED_IN_NOWHERE = {
    ("accept_restore", "reason"): "of no one account; tests/cli/commands/test_integrity.py",
    ("bulk", "recipient"): "chosen from Slack's list, or who pressed; `execute` asks Slack",
    ("keep_keys_in_review", "keys"): "chosen from a list of keys",
    ("undo_keeps", "keys"): "those of the decision that is undone",
    ("choose_channel", "setting"): "the setting itself",
    ("remind_of_lost_channel", "channel"): "the setting itself",
    ("report_channel_lost", "channel"): "the setting itself",
    ("create", "backup_owner"): "a new key has none; the modal for editing sets it",
    ("transfer", "after"): "chosen from Slack's list; `execute` asks Slack about the user",
}
# By field: what is given, and what is stored; {} is a number that was not used before.
GOOD = {
    "name": ("  Zapier,\u00a0nightly {} ", "Zapier, nightly {}"),
    "scopes": ("write,read", "read write"),
    "owner": ("U0BOB", "U0BOB"),
    "person": ("U0LEAVER{}", "U0LEAVER{}"),
    "backup_owner": ("U0BOB", "U0BOB"),
    "note": (" For invoices,\r\n\tnightly ", "For invoices,\n nightly"),
    "reason": (" No longer used ", "No longer used"),
    "networks": ("10.1.0.0/16, ::ffff:192.0.2.0/120", "10.1.0.0/16 192.0.2.0/24"),
    "rate_limit": ("100 per minute", "100/minute"),
    # The midnight after it in Berlin.
    "last_day": ("2190-01-31", "2190-01-31T23:00:00+00:00"),
}
NO_TOKEN = "contains a token. It would be stored where others can read it. Remove the token."
NO_OWNER = "is not a Slack ID. Slack IDs begin with U or W, such as U024BE7LH."
NO_LINE_BREAK = "The name contains a line break. Type it on one line."
BAD = {
    "name": {
        "x" * 81: "The name has 81 characters, but the maximum is 80. Shorten it, and move details "
        "to the note.",
        "Zap\nState: revoked": NO_LINE_BREAK,
        "Zap\u202eier": "The name contains an invisible character (U+202E). Remove it, or type the "
        "text again.",
        TOKEN: f"The name {NO_TOKEN}",
    },
    "scopes": {
        "read,admin": "There is no scope “admin”. Choose from: read, write.",
        f"read,{TOKEN}": f"The list of scopes {NO_TOKEN}",
    },
    "owner": {
        "bob": f"The owner {NO_OWNER}",
        "bob@acme.example": "The owner is an e-mail address. Enter the person’s Slack ID instead: "
        "choose “Copy member ID” in their profile’s menu. Or leave it empty.",
        TOKEN: f"The owner {NO_TOKEN}",
    },
    "person": {
        "": "Choose who leaves.",
        "bob": f"The person {NO_OWNER}",
        TOKEN: f"The person {NO_TOKEN}",
    },
    "backup_owner": {
        "bob": f"The backup owner {NO_OWNER}",
        TOKEN: f"The backup owner {NO_TOKEN}",
    },
    "note": {
        "x" * 501: "The note has 501 characters, but the maximum is 500. Shorten it.",
        f"it was {TOKEN}": f"The note {NO_TOKEN}",
        "x\x1b[2K\rState: revoked": "The note contains an invisible character (U+001B). Remove it, "
        "or type the text again.",
        "invoice\u202efdp.exe": "The note contains an invisible character (U+202E). Remove it, or "
        "type the text again.",
    },
    "reason": {
        "x" * 501: "The reason has 501 characters, but the maximum is 500. Shorten it.",
        f"it was {TOKEN}": f"The reason {NO_TOKEN}",
        "x\x9b2K": "The reason contains an invisible character (U+009B). Remove it, or type the "
        "text again.",
    },
    "networks": {
        "10.1.2.3/16": "“10.1.2.3/16” has host bits set. Did you mean 10.1.0.0/16?",
        "::ffff:0:0/95": "“::ffff:0:0/95” is wider than all IPv4 addresses, ::ffff:0:0/96. Enter "
        "an IPv4 network like 10.1.0.0/16.",
        "office": "“office” is not an address or network. Enter one like 192.0.2.7 or 10.1.0.0/16.",
        f"10.0.0.0/8 {TOKEN}": f"The list of networks {NO_TOKEN}",
    },
    "rate_limit": {
        "often": "This is not a rate limit. Enter one such as “100/minute”, with at most 1,000,000 "
        "uses per second, minute, hour or day.",
    },
    "last_day": {
        "2020-01-01": "2020-01-01 is in the past. Choose today or a later date.",
        "9999-12-31": "9999-12-31 is too far away. Enter a date up to 9998-12-31.",
        "soon": "“soon” is not a date. Enter one like 2027-01-31.",
        TOKEN: f"The date {NO_TOKEN}",
    },
}
_numbers = itertools.count(1)
OFFERED = [
    (operation, field, kind)
    for kind in KINDS
    for operation, offered in kind.offers.items()
    for field in offered
]


@pytest.fixture(scope="module")
def entrances(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[type[Entrance], Entrance]]:
    with opened(tmp_path_factory) as every:
        yield every


@pytest.mark.parametrize(("operation", "field", "kind"), OFFERED)
def test_a_good_value_is_stored_alike(
    entrances: dict[type[Entrance], Entrance], operation: str, field: str, kind: type[Entrance]
) -> None:
    number = next(_numbers)
    given, stored = (text.format(number) for text in GOOD[field])
    done = entrances[kind].attempt(operation, field, given)
    assert (done.refusal, done.stored) == ("", stored)
    assert done.events


@pytest.mark.parametrize(
    ("operation", "field", "kind", "given"),
    # Numbered, since a token is another one in each of pytest's processes.
    [
        pytest.param(operation, field, kind, given, id=f"{operation}-{field}-{kind.__name__}-{n}")
        for operation, field, kind in OFFERED
        for n, given in enumerate(BAD[field])
    ],
)
def test_a_bad_value_is_refused_with_the_same_sentence_and_nothing_has_happened(
    entrances: dict[type[Entrance], Entrance],
    operation: str,
    field: str,
    kind: type[Entrance],
    given: str,
) -> None:
    done = entrances[kind].attempt(operation, field, given)
    assert done.refusal == BAD[field][given]
    assert (done.events, done.announced) == ([], [])


def test_the_last_day_of_an_imported_key_ends_at_the_same_moment(
    entrances: dict[type[Entrance], Entrance],
) -> None:
    given, stored = GOOD["last_day"]
    assert entrances[CommandLine].attempt("import", "last_day", given).stored == stored


SEVERAL = sorted(name for name, rooms in ROOMS.items() if len(rooms) > 1)
# A field and a value for each operation with several entrances, to compare all that follows.
COMPARED = {
    "create": ("owner", "U0BOB"),
    "revoke": ("reason", ""),
    "export": ("form", "json"),
    "set_expiry": ("last_day", "2190-01-31"),
}
# An export or a date is not announced to the team: the audit log has who made it.
TOLD_TO_NOBODY = {"export"}


@pytest.mark.parametrize("operation", SEVERAL)
def test_what_is_recorded_and_announced_is_the_same(
    entrances: dict[type[Entrance], Entrance], operation: str
) -> None:
    slack, shell = (entrances[kind].attempt(operation, *COMPARED[operation]) for kind in KINDS)
    assert slack.events == shell.events
    assert slack.events
    # In Slack, Alice does it herself; she owns the key, so an operator's change is news to her.
    assert slack.announced == [row for row in shell.announced if row[1] != "person:U0ALICE"]
    assert bool(slack.announced) is (operation not in TOLD_TO_NOBODY)


def test_each_operation_has_a_row_with_its_rooms() -> None:
    classes = {operation.__name__: name for name, operation in OPERATIONS.items()}
    found: dict[str, set[str]] = {name: set() for name in OPERATIONS}
    for room in ("bot", "cli"):
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                called = node.func if isinstance(node, ast.Call) else None
                if isinstance(called, ast.Name) and called.id in classes:
                    found[classes[called.id]].add(room)
    assert found == ROOMS


def test_each_field_that_is_checked_is_tried_at_an_entrance() -> None:
    checked = {
        id(annotation.__metadata__[-1])
        for annotation in vars(fields).values()
        # No one fills in an id.
        if hasattr(annotation, "__metadata__") and annotation is not fields.Id
    }
    there = {
        (name, field)
        for name, operation in OPERATIONS.items()
        for field, info in operation.model_fields.items()
        if any(id(one) in checked for one in info.metadata)
    }
    tried = {(operation, field) for operation, field, _ in OFFERED if operation != "import"}
    assert tried | set(FILLED_IN_NOWHERE) == there

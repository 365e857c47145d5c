"""Each operation has a rule, a sentence and a line in the docs, and refuses strangers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from keys.base.actors import Actor
from keys.base.errors import NotAllowed
from keys.changes.authorization import Caller, Permission, everyone
from keys.changes.events import Event
from keys.changes.operation import Operation
from keys.credentials.tokens import make
from keys.leaks.events import MessageLocation
from keys.lifecycle.events import KeyActivated
from keys.offboarding.models import BulkAction
from keys.operations import OPERATIONS, SUBSCRIBERS, RequestBulkAction, execute, merge
from keys.rotation.events import KeyRotated
from keys.transfer.formats import Form
from tests.keys.conftest import ALICE, Domain

DOCS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
EVE = Caller(Actor.person("U0EVE"))
# A good value for each field, by its name.
VALUES: dict[str, Any] = {
    "key": "key_1", "keys": ("key_1",),
    "name": "Zapier", "scopes": ("read",), "owner": None, "backup_owner": None,
    "note": "", "networks": (), "rate_limit": "", "last_day": None, "version": 0, "reason": "why",
    "idempotency_key": "req_1", "recipient": ALICE, "deadline": timedelta(minutes=1),
    "before": "U0A", "after": "U0B", "request": "ask_1", "rotation": "rot_1", "delivery": "dlv_1",
    "public_id": "abc", "offboarding": "off_1", "person": "U0BOB", "left": None, "review": "aud_1",
    "action": BulkAction.REVOKE, "period": "asked:1", "tokens": (),
    "location": MessageLocation("C1", "1.1", ""),
    "rows": (), "all_or_nothing": True, "grace": timedelta(days=1),
    "channel": "C1", "setting": "#api-keys", "fault": "archived", "admin": "U0A",
    "external": False, "members": 2, "former_id": "U0A", "new_id": "W0A",
    "form": Form.CSV, "revoked": True, "findings": (),
}  # fmt: skip


def made(kind: type[Operation[Any]]) -> Operation[Any]:
    """An operation with good values; RequestBulkAction's recipient is a person's id."""
    given = {
        name: VALUES[name]
        for name, field in kind.model_fields.items()
        if field.is_required() or name in ("key", "delivery")
    }
    if kind is RequestBulkAction:
        given["recipient"] = "U0BOB"
    return kind(**given)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_whoever_has_no_role_is_refused_and_nothing_is_recorded(domain: Domain, name: str) -> None:
    operation = made(OPERATIONS[name])
    with pytest.raises(NotAllowed):
        execute(domain.services, EVE, operation)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_each_says_who_may_and_what_it_does(name: str) -> None:
    kind = OPERATIONS[name]
    assert isinstance(kind.allow, Permission)
    assert kind.allow is not everyone
    sentence = (kind.__doc__ or "").splitlines()[0]
    assert sentence.endswith(".")
    assert f"| `{name}` |" in DOCS
    assert sentence in DOCS


# The fields that name an owner, a recipient, or a token's delivery to one.
PEOPLE = {"owner", "backup_owner", "after", "recipient", "delivery"}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_each_that_makes_an_owner_or_gives_a_token_says_to_whom(name: str) -> None:
    kind = OPERATIONS[name]
    gives = PEOPLE & set(kind.model_fields) or name in (
        "approve",
        "approve_with_changes",
        "rotate_in_review",
        "rotate_own",
    )
    assert bool(gives) is (kind.people is not Operation.people)


def test_no_operation_without_a_name_and_a_rule() -> None:
    with pytest.raises(TypeError, match="who may"):

        class Nameless(Operation[None]):
            """Nothing."""


def test_two_operations_do_not_share_a_name() -> None:
    with pytest.raises(TypeError, match="two operations"):

        class Again(Operation[None], name="revoke", allow=everyone):
            """Nothing."""


def test_two_events_do_not_share_a_kind() -> None:
    with pytest.raises(TypeError, match=r"key\.issued"):

        class Again(Event, kind="key.issued"):
            """Nothing."""


def test_subscribers_of_one_event_are_all_kept() -> None:
    def one(*_: object) -> None: ...
    def other(*_: object) -> None: ...

    merged = merge(({KeyActivated: [one]}, {KeyActivated: [other]}))
    assert list(merged[KeyActivated]) == [one, other]
    assert KeyActivated in SUBSCRIBERS


def test_offboarding_follows_rotations() -> None:
    followers = [follower.__module__ for follower in SUBSCRIBERS[KeyRotated]]
    assert followers == ["keys.offboarding.subscribers"]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_validation_error_repeats_nothing_that_was_typed(name: str) -> None:
    typed = make("ak").reveal()
    with pytest.raises(ValidationError) as refused:
        OPERATIONS[name](**dict.fromkeys((*OPERATIONS[name].model_fields, "unknown"), typed))
    assert typed not in str(refused.value)

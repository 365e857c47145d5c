"""Undoing a decision to keep a key: recorded, and the evidence still agrees with itself."""

from __future__ import annotations

import json
from typing import TypeVar

import pytest

from keys.base.actors import Actor
from keys.base.errors import InvalidState, NotAllowed
from keys.changes.authorization import Caller, Role
from keys.operations import KeepKeysInReview, Operation, Outcome, UndoKeep, UndoKeeps, execute
from keys.reviews import queries
from keys.reviews.models import Decision, ReviewItem, Stage
from storage import reading
from tests.keys.conftest import ALICE, BOB, Domain
from tests.keys.reviews.evidence.writing import verdict, written
from tests.keys.reviews.reviewing import CARL, begin, keep, kinds, look
from tests.keys.rotation.test_rotations import rotate

T = TypeVar("T")


def run(domain: Domain, operation: Operation[T], actor: Actor = CARL) -> Outcome[T]:
    role = Role.MEMBER if actor == BOB else Role.ADMIN
    return execute(domain.services, Caller(actor, frozenset({role})), operation, wait=0)


def item(domain: Domain, id_: str, key_id: str) -> ReviewItem:
    with reading(domain.engine, domain.account) as session:
        return queries.item(session, id_, key_id)


def test_a_key_whose_decision_was_undone_is_open_again(domain: Domain) -> None:
    key, _ = domain.issue()
    domain.issue("Another")
    id_ = begin(domain)
    keep(domain, id_, key.id, reason="Billing")
    outcome = run(domain, UndoKeep(review=id_, key=key.id))
    found = outcome.value
    assert (found.decision, found.by, found.at, found.reason) == (None, None, None, "")
    assert kinds(domain, "audit.keep_undone") == [{"audit": id_}]
    again = run(domain, UndoKeep(review=id_, key=key.id))
    assert not again.changed
    keep(domain, id_, key.id, actor=ALICE)
    assert item(domain, id_, key.id).by == ALICE


def test_the_evidence_has_both_and_reconciles(domain: Domain) -> None:
    key, _ = domain.issue("Kept again")
    dropped, _ = domain.issue("Revoked instead")
    turned, _ = domain.issue("Rotated while it was kept")
    last, _ = domain.issue("Last")
    id_ = begin(domain)
    keep(domain, id_, key.id)
    for one in (dropped, turned):
        keep(domain, id_, one.id, actor=ALICE)
    rotate(domain, turned.id)
    look(domain, id_)
    assert verdict(written(domain, id_))
    assert run(domain, UndoKeeps(review=id_, keys=(key.id, dropped.id, turned.id))).value == 3
    assert verdict(written(domain, id_)), "before the next round of the worker"
    look(domain, id_)
    assert item(domain, id_, turned.id).decision is Decision.ROTATED
    assert verdict(written(domain, id_))
    keep(domain, id_, key.id, actor=ALICE, reason="Billing needs it")
    domain.revoke(dropped.id)
    keep(domain, id_, last.id)
    assert look(domain, id_).stage is Stage.FINISHED
    text = written(domain, id_)
    found = verdict(text)
    assert found, found.problems
    entries = json.loads(text)["entries"]
    own = [e["data"]["what"] for e in entries if e["data"].get("key") == key.id]
    assert own == ["audit.kept", "audit.keep_undone", "audit.kept"]
    ends = {e["data"]["name"]: e["data"] for e in entries if e["kind"] == "key.at_end"}
    assert (ends["Kept again"]["decided_by"], ends["Kept again"]["reason"]) == (
        str(ALICE), "Billing needs it",
    )  # fmt: skip
    assert ends["Revoked instead"]["decision"] == "revoked"


def test_a_revocation_stays(domain: Domain) -> None:
    key, _ = domain.issue()
    domain.issue("Another")
    id_ = begin(domain)
    domain.revoke(key.id)
    look(domain, id_)
    assert not run(domain, UndoKeep(review=id_, key=key.id)).changed
    assert item(domain, id_, key.id).decision is Decision.REVOKED


def test_nothing_is_undone_once_it_is_over(domain: Domain) -> None:
    key, _ = domain.issue()
    id_ = begin(domain)
    keep(domain, id_, key.id)
    assert look(domain, id_).stage is Stage.FINISHED
    with pytest.raises(InvalidState, match="The audit is over"):
        run(domain, UndoKeep(review=id_, key=key.id))
    assert verdict(written(domain, id_))


def test_owners_undo_the_decision_about_their_own_keys_alone(domain: Domain) -> None:
    own, _ = domain.issue(owner=BOB.id)
    other, _ = domain.issue("Other")
    domain.issue("Third")
    id_ = begin(domain)
    for key in (own, other):
        keep(domain, id_, key.id)
    run(domain, UndoKeep(review=id_, key=own.id), BOB)
    assert item(domain, id_, own.id).decision is None
    for refused in (
        UndoKeep(review=id_, key=other.id),
        UndoKeeps(review=id_, keys=(own.id,)),
        KeepKeysInReview(review=id_, keys=(own.id,)),
    ):
        with pytest.raises(NotAllowed):
            run(domain, refused, BOB)


def test_many_keys_are_kept_at_once_and_each_is_recorded(domain: Domain) -> None:
    keys = [domain.issue(f"Key {n}")[0] for n in range(4)]
    id_ = begin(domain)
    keep(domain, id_, keys[0].id, actor=ALICE)
    wanted = (*(key.id for key in keys[:3]), "key_of_no_one")
    outcome = run(domain, KeepKeysInReview(review=id_, keys=wanted))
    assert {one.key.name for one in outcome.value} == {"Key 1", "Key 2"}
    assert len(kinds(domain, "audit.kept")) == 3
    assert item(domain, id_, keys[0].id).by == ALICE, "the first decision stays"
    assert item(domain, id_, keys[3].id).decision is None

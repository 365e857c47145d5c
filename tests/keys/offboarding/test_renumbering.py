"""Slack knows a person by another id: what they own and ask for follows, each with an entry."""

from __future__ import annotations

import pytest

from keys.base.actors import Actor
from keys.base.errors import NotAllowed
from keys.changes import outbox
from keys.changes.authorization import Caller, Role
from keys.changes.operation import execute
from keys.operations import Approve, Ask, FollowPerson
from keys.search import search
from storage import seals
from storage.tables import AccessRequest, Key
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, BOB, LEASE, Domain
from tests.keys.integrity.attacks import findings

SYSTEM = Caller.system("slack")


def follow(domain: Domain, before: str, after: str) -> int:
    operation = FollowPerson(former_id=before, new_id=after)
    return execute(domain.services, SYSTEM, operation, wait=0).value


def test_owner_and_backup_owner_follow_and_stay_sealed(domain: Domain) -> None:
    owned, _ = domain.issue("Owned", owner=BOB.id)
    other, _ = domain.issue("Other", owner=ALICE.id)
    gone, _ = domain.issue("Gone", owner=BOB.id)
    domain.revoke(gone.id)
    with domain.change(ALICE) as change:
        waiting = len(outbox.waiting(change.session, outbox.TEAM))
    assert follow(domain, BOB.id, "W0BOB") == 1
    with domain.services.reading() as session:
        assert search.get(session, owned.id).owner == "W0BOB"
        assert search.get(session, other.id).owner == ALICE.id
        # What is over stays as it was.
        assert search.get(session, gone.id).owner == BOB.id
        seals.require_genuine(session, session.get_one(Key, owned.id))
        # It is the same person, so there is no news.
        assert len(outbox.waiting(session, outbox.TEAM)) == waiting
    assert findings(domain.engine) == []
    with domain.services.reading() as session:
        verify_chain(session)
    assert follow(domain, BOB.id, "W0BOB") == 0


def test_an_open_request_is_approved_to_the_new_id(domain: Domain) -> None:
    member = Caller(BOB, frozenset({Role.MEMBER}))
    asked = Ask(name="CI", scopes=("read",), reason="Builds", idempotency_key="s")
    request = execute(domain.services, member, asked, wait=0).value
    assert follow(domain, BOB.id, "W0BOB") == 1
    with domain.services.reading() as session:
        assert session.get_one(AccessRequest, request.id).requester == "W0BOB"
    admin = Caller(ALICE, frozenset({Role.ADMIN}))
    approve = Approve(request=request.id, deadline=LEASE)
    pending = execute(domain.services, admin, approve, wait=0).value
    assert pending is not None
    assert pending.key.owner == "W0BOB"
    # They still cannot decide on their own request.
    assert follow(domain, "U0NOBODY", "W0NOBODY") == 0


def test_only_the_program_itself_may(domain: Domain) -> None:
    admin = Caller(Actor.person("U0ALICE"), frozenset({Role.ADMIN}))
    with pytest.raises(NotAllowed):
        execute(domain.services, admin, FollowPerson(former_id=BOB.id, new_id="W0BOB"), wait=0)

"""Asking for a key: somebody who is no admin asks, and somebody else decides.

    open ──(approve)──→ granting ──(the token reached the requester)──→ granted
     │ ↑                   └──(it did not)──┐
     │ └────────────────────────────────────┘
     ├──(deny)──→ denied
     └──(nobody decided in time, or it was withdrawn)──→ closed

The key is reserved in the same transaction as the approval, so two admins who press at once approve
once, and a crash in between leaves a pending key, which ends by itself and opens the request again
(keys.access_requests.subscribers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, func, select

from keys.base.actors import Actor
from keys.base.errors import DuplicateRequest, InvalidState, KeyNotFound, NameTaken, ReasonMissing
from keys.base.ids import new_id
from keys.base.models import KeyRequest, State
from keys.base.models import RequestStage as Stage
from keys.base.policy import DeliveryWay
from keys.changes import live_messages, outbox
from keys.changes.change import Change
from keys.inputs.names import clean_name, clean_note, fold
from keys.inputs.scopes import check_scopes
from keys.lifecycle.create import PendingKey, create_pending_key
from storage import AccountSession
from storage.tables import AccessRequest, Key

OPEN_FOR = timedelta(days=14)
OPEN_MOST = 5
MESSAGE_KIND = "request"


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as it stands.

    Attributes:
        requester: the id of the person who asked.
        decision_reason: why it was denied or closed, or why the last approval came to nothing.
        attempts: how often it was approved so far.
    """

    id: str
    requester: str
    name: str
    scopes: tuple[str, ...]
    reason: str
    stage: Stage
    created_at: datetime
    closes_at: datetime
    decided_by: Actor | None
    decided_at: datetime | None
    decision_reason: str
    key_id: str | None
    attempts: int


def ask(
    change: Change,
    requester: str,
    *,
    name: str,
    scopes: Sequence[str],
    reason: str,
    idempotency_key: str,
) -> RequestView:
    """Asks for a key.

    Args:
        requester: the id of the person who asks.
        submission: names this very submission, so that sending it twice asks once.

    Raises:
        DuplicateRequest: if this very submission was sent before.
        InvalidName, InvalidScopes, ReasonMissing, NoteTooLong, TokenInText, InvalidState: with
            a sentence for the person.
    """
    sent = select(AccessRequest.id).where(
        AccessRequest.account_id == change.session.account_id,
        AccessRequest.idempotency_key == idempotency_key,
    )
    if before := change.session.exec(sent).first():
        raise DuplicateRequest(before)
    name, chosen, reason = clean_name(name), check_scopes(scopes), clean_note(reason, "reason")
    if not reason:
        raise ReasonMissing("Say what the key is for, so that an admin can decide.")
    _refuse_a_taken_name(change.session, name)
    _refuse_too_many(change.session, requester)
    now = change.now
    row = AccessRequest(
        id=new_id("ask"),
        account_id=change.session.account_id,
        idempotency_key=idempotency_key,
        requester=requester,
        name=name,
        scopes=" ".join(chosen),
        reason=reason,
        state=Stage.OPEN,
        created_at=now,
        closes_at=now + OPEN_FOR,
    )
    change.session.add(row)
    change.session.flush()
    data = {"request": row.id, "name": name, "scopes": list(chosen)}
    actor = Actor.person(requester)
    change.append("request.made", None, data, actor=actor)
    for audience in (outbox.TEAM, str(actor)):
        live_messages.add(change.session, MESSAGE_KIND, row.id, audience, now)
    return _view(row)


def _refuse_a_taken_name(session: AccountSession, name: str) -> None:
    holder = session.exec(
        select(Key).where(
            Key.account_id == session.account_id,
            Key.name_folded == fold(name),
            col(Key.state).in_((State.PENDING, State.ACTIVE)),
        )
    ).first()
    if holder is not None:
        raise NameTaken(holder.name, holder.id)


def _refuse_too_many(session: AccountSession, requester: str) -> None:
    count = session.exec(
        select(func.count())
        .select_from(AccessRequest)
        .where(
            AccessRequest.account_id == session.account_id,
            AccessRequest.requester == requester,
            AccessRequest.state == Stage.OPEN,
        )
    ).one()
    if count >= OPEN_MOST:
        raise InvalidState(
            f"{OPEN_MOST} of your requests are still open. Withdraw one, or wait until they are "
            "decided."
        )


def approve(
    change: Change,
    request_id: str,
    *,
    delivery_deadline: timedelta,
    method: DeliveryWay,
    expires_at: datetime | None,
) -> PendingKey | None:
    """Approves: reserves the key, whose token goes to the requester alone.

    Args:
        lease: how long the delivery may take before the key is given up.

    Returns:
        The reservation; None if the request is not open any more.

    Raises:
        KeyNotFound: if the account has no such request.
        InvalidState: if it is the person's own.
        InvalidName: if another key has taken the name meanwhile.
        TokenInText: if the request was made before tokens were refused, and contains one.
    """
    row = _row(change.session, request_id)
    _refuse_own(row, change.actor)
    if row.state != Stage.OPEN:
        return None
    now = change.now
    wanted = KeyRequest(
        name=row.name,
        scopes=tuple(row.scopes.split()),
        owner=row.requester,
        idempotency_key=f"{row.id}:{row.attempts}",
        note=row.reason,
        expires_at=expires_at,
    )
    requester = Actor.person(row.requester)
    made = create_pending_key(change, wanted, requester, delivery_deadline, method)
    row.state, row.key_id, row.attempts = Stage.DELIVERING, made.key.id, row.attempts + 1
    row.decided_by, row.decided_at, row.decision_reason = str(change.actor), now, ""
    change.session.add(row)
    change.session.flush()
    data = {"request": row.id, "name": row.name, "requester": row.requester}
    change.append("request.approved", made.key.id, data)
    live_messages.mark_stale(change.session, row.id, now)
    return made


def deny(
    change: Change,
    request_id: str,
    reason: str = "",
) -> bool:
    """Denies; False if the request is not open any more.

    Raises:
        KeyNotFound: if the account has no such request.
        InvalidState: if it is the person's own.
        NoteTooLong, TokenInText: if the reason is too long, or contains a token.
    """
    row = _row(change.session, request_id)
    _refuse_own(row, change.actor)
    if row.state != Stage.OPEN:
        return False
    _decide(
        change,
        row,
        Stage.DENIED,
        "request.denied",
        clean_note(reason, "reason"),
    )
    return True


def withdraw(
    change: Change,
    request_id: str,
) -> bool:
    """Takes a request back; False if it is not open any more.

    Raises:
        KeyNotFound: if the account has no such request, or it is somebody else's.
    """
    row = _row(change.session, request_id)
    if str(change.actor) != str(Actor.person(row.requester)):
        raise KeyNotFound("This is another person’s request.")
    if row.state != Stage.OPEN:
        return False
    _decide(
        change,
        row,
        Stage.CLOSED,
        "request.closed",
        "withdrawn",
    )
    return True


def are_late(session: AccountSession, now: datetime) -> bool:
    """Whether there is anything for `run_due` to close."""
    found = select(AccessRequest.id).where(
        AccessRequest.account_id == session.account_id,
        AccessRequest.state == Stage.OPEN,
        col(AccessRequest.closes_at) <= now,
    )
    return session.exec(found.limit(1)).first() is not None


def run_due(change: Change) -> int:
    """Closes what nobody has decided in time; returns how many."""
    now = change.now
    late = change.session.exec(
        select(AccessRequest).where(
            AccessRequest.account_id == change.session.account_id,
            AccessRequest.state == Stage.OPEN,
            col(AccessRequest.closes_at) <= now,
        )
    ).all()
    for row in late:
        reason = f"nobody decided within {OPEN_FOR.days} days"
        _decide(
            change.acting_as(Actor.system("timer")),
            row,
            Stage.CLOSED,
            "request.closed",
            reason,
        )
    return len(late)


def get(session: AccountSession, request_id: str) -> RequestView:
    """One request. Raises KeyNotFound if the account has no such."""
    return _view(_row(session, request_id))


def _decide(
    change: Change,
    row: AccessRequest,
    stage: Stage,
    kind: str,
    reason: str,
) -> None:
    now = change.now
    row.state, row.decided_by, row.decided_at = stage, str(change.actor), now
    row.decision_reason = reason
    change.session.add(row)
    change.session.flush()
    data = {
        "request": row.id, "name": row.name, "requester": row.requester, "reason": reason,
    }  # fmt: skip
    change.append(kind, None, data)
    live_messages.mark_stale(change.session, row.id, now)


def _refuse_own(row: AccessRequest, actor: Actor) -> None:
    if str(actor) == str(Actor.person(row.requester)):
        raise InvalidState("This is your own request. Another admin has to decide about it.")


def _row(session: AccountSession, request_id: str) -> AccessRequest:
    row = session.get(AccessRequest, request_id)
    if row is None or row.account_id != session.account_id:
        raise KeyNotFound("There is no such request.")
    return row


def _view(row: AccessRequest) -> RequestView:
    return RequestView(
        id=row.id,
        requester=row.requester,
        name=row.name,
        scopes=tuple(row.scopes.split()),
        reason=row.reason,
        stage=Stage(row.state),
        created_at=row.created_at,
        closes_at=row.closes_at,
        decided_by=Actor.read(row.decided_by) if row.decided_by else None,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        key_id=row.key_id,
        attempts=row.attempts,
    )

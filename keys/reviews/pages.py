"""Pages of the keys in a review: an admin's, with those to keep first, and an owner's.

An admin's page begins at a place in the order, not after a number of keys: while two admins decide,
no key is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import and_, case, col, exists, or_, select

from keys.reviews.findings import RiskFinding
from keys.reviews.models import ReviewItem
from keys.reviews.queries import audit_row, items_of, rows_of
from storage import AccountSession
from storage.tables import Key, ReviewKey, Secret, SecretUse

# Findings at the start with which a key needs a closer look.
_RISKS = (RiskFinding.LEAKED, RiskFinding.OWNER_GONE, RiskFinding.NEVER_USED, RiskFinding.IDLE)
# What the order is by: 0 if keeping it is suggested, else 1; and its position in the review.
SortKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A page of the keys without a decision.

    Attributes:
        suggested: the ids of the page's keys that are used and owned: the suggestion is to keep.
        left, suggested_left: how many keys have no decision, and how many of them are suggested.
        before: how many keys come before the page.
        here, previous_cursor, next_cursor: where this page, the one before and the one after
            begin; None if there is no such page.
    """

    items: Sequence[ReviewItem]
    suggested: frozenset[str]
    left: int
    suggested_left: int
    before: int
    here: str
    previous_cursor: str | None
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class OwnersPage:
    """A page of an owner's keys in a review.

    Attributes:
        total: how many keys are on all pages: undecided, or decided since the page was turned.
        skip: how many of them come before the page.
        left, left_before: how many are undecided, and how many of those come before the page.
    """

    items: Sequence[ReviewItem]
    total: int
    skip: int
    left: int
    left_before: int


def page(session: AccountSession, audit_id: str, cursor: str, *, most: int) -> ReviewPage:
    """Return the page that begins at a cursor.

    Args:
        cursor: where the page begins, as another page gave it. If it is empty, unknown or behind
            the last key, the first page is returned.
        most: how many keys are on a page.

    Raises:
        KeyNotFound: if the account has no such review.
    """
    audit_row(session, audit_id)
    position, rank = col(ReviewKey.position), case((_used_and_owned(), 0), else_=1)

    def undecided(*columns: Any) -> Any:
        joined = select(*columns).join(Key, col(Key.id) == col(ReviewKey.key_id))
        return joined.where(ReviewKey.audit_id == audit_id, ReviewKey.decision == "")

    def begin_at(sort_key: SortKey) -> Sequence[Any]:
        at_or_after = or_(rank > sort_key[0], and_(rank == sort_key[0], position >= sort_key[1]))
        ordered = undecided(ReviewKey, rank).where(at_or_after).order_by(rank, position)
        found: Sequence[Any] = session.exec(ordered.limit(most + 1)).all()
        return found

    rows = begin_at(_read(cursor)) or begin_at((0, 0))
    # Two numbers for each key without a decision, so that one query counts any number of keys.
    sort_keys = sorted((int(r), int(p)) for r, p in session.exec(undecided(rank, position)))
    before = sum(sort_key < _sort_key(rows[0]) for sort_key in sort_keys) if rows else 0
    on_page = rows[:most]
    return ReviewPage(
        items=items_of(session, [row for row, _ in on_page]),
        suggested=frozenset(row.key_id for row, its_rank in on_page if its_rank == 0),
        left=len(sort_keys),
        suggested_left=sum(its_rank == 0 for its_rank, _ in sort_keys),
        before=before,
        here=_cursor(_sort_key(rows[0])) if rows else "",
        previous_cursor=_cursor(sort_keys[max(before - most, 0)]) if before else None,
        next_cursor=_cursor(_sort_key(rows[most])) if len(rows) > most else None,
    )


def owners_page(
    session: AccountSession,
    audit_id: str,
    *,
    owner: str,
    since: datetime,
    skip: int = 0,
    most: int = 5,
) -> OwnersPage:
    """Return some of an owner's undecided keys, riskiest first.

    Keys that were decided since the page was turned stay in their place, so that no other key
    moves to where the owner is about to press.

    Args:
        owner: only keys that this person owns or is backup owner of.
        since: when the page was turned.
        skip: how many to skip; if there are no more, the last ones are returned.
        most: how many to return at most.
    """
    audit_row(session, audit_id)
    owned = exists(
        select(Key.id).where(
            col(Key.id) == col(ReviewKey.key_id),
            or_(col(Key.owner) == owner, col(Key.backup_owner) == owner),
        )
    )
    found = session.exec(
        select(ReviewKey.key_id, ReviewKey.decision)
        .where(
            ReviewKey.audit_id == audit_id,
            or_(col(ReviewKey.decision) == "", col(ReviewKey.decided_at) >= since),
            owned,
        )
        .order_by(col(ReviewKey.position))
    ).all()
    skip = max(0, min(skip, (len(found) - 1) // most * most if found else 0))
    return OwnersPage(
        items=items_of(
            session, rows_of(session, audit_id, [key for key, _ in found[skip : skip + most]])
        ),
        total=len(found),
        skip=skip,
        left=sum(not decision for _, decision in found),
        left_before=sum(not decision for _, decision in found[:skip]),
    )


def _used_and_owned() -> Any:
    used = exists(
        select(SecretUse.secret_id)
        .join(Secret, col(Secret.id) == col(SecretUse.secret_id))
        .where(col(Secret.key_id) == col(ReviewKey.key_id))
    )
    risks = [col(ReviewKey.risk_findings).contains(finding) for finding in _RISKS]
    return and_(used, col(Key.owner).is_not(None), ~or_(*risks))


def _sort_key(row: Any) -> SortKey:
    return int(row[1]), int(row[0].position)


def _cursor(sort_key: SortKey) -> str:
    return f"{sort_key[0]}-{sort_key[1]}"


def _read(cursor: str) -> SortKey:
    rank, _, position = cursor.partition("-")
    if rank in ("0", "1") and position.isascii() and position.isdigit() and len(position) < 10:
        return int(rank), int(position)
    return 0, 0

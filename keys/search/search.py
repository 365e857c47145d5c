"""Finding keys: by id, by a search text, and in pages."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import ColumnElement, and_, case, func, true
from sqlmodel import Session, col, or_, select

from keys.base.errors import KeyNotFound
from keys.base.models import KeyView, State
from keys.base.rows import view, views
from keys.credentials.tokens import NotAToken, parse
from keys.inputs.names import fold
from keys.search.filters import KeyFilter, conditions, owned_by
from keys.search.sorting import Ordering, Position, Sort
from runtime.display import without_hidden
from storage import AccountSession
from storage.tables import Account, Key, Secret

CHOICES_MAX = 10
NEAREST_MAX = 3
# A shorter text is part of too many names to identify one.
PART_MIN = 2
# Ids and hints are random: a shorter text is part of many of them by chance.
RANDOM_PART_MIN = 4
# Below this similarity (0 to 100) a suggestion is more confusing than helpful.
NEAREST_SCORE = 55.0


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one key matches; `rest` is the text after its name."""

    key: KeyView
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Several:
    """Several keys match."""

    keys: list[KeyView]


@dataclass(frozen=True, slots=True)
class Nothing:
    """No key matches; these have the most similar names."""

    nearest: list[KeyView]


Finding = Found | Several | Nothing


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list of active keys.

    Attributes:
        total: the number of keys in the whole list.
        before: the number of keys before this page.
        first_cursor, last_cursor: the positions of its first and last key; empty without keys.
    """

    keys: list[KeyView]
    total: int
    before: int
    first_cursor: str = ""
    last_cursor: str = ""

    @property
    def has_previous(self) -> bool:
        """Whether there is a previous page."""
        return self.before > 0

    @property
    def has_next(self) -> bool:
        """Whether there is a next page."""
        return self.before + len(self.keys) < self.total

    @property
    def previous_cursor(self) -> str | None:
        """The position before which the previous page ends; None without one."""
        return self.first_cursor if self.keys and self.has_previous else None

    @property
    def next_cursor(self) -> str | None:
        """The position after which the next page begins; None without one."""
        return self.last_cursor if self.keys and self.has_next else None


def account_created_at(
    session: AccountSession,
) -> datetime:
    """Return when the account was created; nothing was due before that."""
    return session.get_one(Account, session.account_id).created_at


def get(session: AccountSession, key_id: str) -> KeyView:
    """Return a key of the account in any state.

    Raises:
        KeyNotFound: if the account has no such key.
    """
    key = session.get(Key, key_id)
    if key is None or key.account_id != session.account_id:
        raise KeyNotFound("There is no such key.")
    return view(session, key)


def find(
    session: AccountSession, text: str, *, revoked: bool = False, owner: str | None = None
) -> Finding:
    """Find a key by its id, token or hint, its name, or a part of its name.

    Args:
        revoked: whether to search revoked keys too, after the active ones.
        owner: the user whose keys are searched, as owner or backup owner; None for all keys.
    """
    text = _unquoted(text)
    key = _by_id(session, text) or _by_token(session, text)
    if key and (owner is None or owner in (key.owner, key.backup_owner)):
        return Found(view(session, key))
    mine = [] if owner is None else [owned_by(owner)]
    for states in ((State.ACTIVE,), (State.REVOKED,))[: 2 if revoked else 1]:
        if found := _by_name(session, text, states, mine):
            return found
    return Nothing(_nearest(session, text, mine))


def find_leading(session: AccountSession, text: str) -> Finding:
    """Find a key like `find`, in a text with more words after the name, as in `rename`."""
    if quoted := re.match(r"\s*[\"“”](.+?)[\"“”]\s*(.*)", text, re.DOTALL):
        finding = find(session, quoted[1])
        return Found(finding.key, quoted[2].strip()) if isinstance(finding, Found) else finding
    words = text.split()
    for count in range(len(words), 0, -1):
        head, rest = " ".join(words[:count]), " ".join(words[count:])
        if key := _by_id(session, head) or _named(session, head):
            return Found(view(session, key), rest)
    return find(session, text)


def page(
    session: AccountSession,
    words: str = "",
    *,
    owner: str | None = None,
    size: int = 10,
    after: str | None = None,
    before: str | None = None,
    key_filter: tuple[KeyFilter, str, datetime] | None = None,
    sort: Sort = Sort.NAME,
    owners: Mapping[str, Collection[str]] | None = None,
) -> Page:
    """Return a page of the active keys.

    Args:
        words: words that must all occur in a key's name or note or, from four characters on, in its
            id or hint, or be part of an owner's name; case is ignored.
        owner: return this person's keys only.
        after, before: a page's cursor; this one starts after it, or ends before it. A key that
            has since been revoked still marks its position.
        key_filter: a filter, the viewer's id and the current time.
        owners: the ids of the people whose names have a word in them, by the word. A key matches
            a word if one of them is its owner or backup owner.
    """
    wanted = _matching(session.account_id, words, owner, owners or {})
    if key_filter is not None:
        wanted += conditions(*key_filter)
    order = Ordering(sort)
    position, backwards = order.position(session, after or before), not after
    query = select(Key, order.value).where(*wanted)
    if position is None:
        found = list(session.exec(query.order_by(*order.clauses()).limit(size)))
    else:
        query = query.where(order.beyond(position, backwards=backwards))
        found = list(session.exec(query.order_by(*order.clauses(backwards=backwards)).limit(size)))
        found = found[::-1] if backwards else found
    ends = [Position(value, key.name_folded, key.id) for key, value in found]
    first = ends[0] if ends else None
    total, ahead = _counts(session, wanted, order, first, known=position is None)
    return Page(
        keys=views(session, [key for key, _ in found]),
        total=total,
        before=ahead,
        first_cursor=order.cursor(ends[0]) if ends else "",
        last_cursor=order.cursor(ends[-1]) if ends else "",
    )


def _counts(
    session: Session,
    wanted: list[ColumnElement[bool]],
    order: Ordering,
    first: Position | None,
    *,
    known: bool,
) -> tuple[int, int]:
    """Return the number of keys, and how many of them come before the page.

    One query counts both, since counting 100,000 keys takes time.

    Args:
        first: the position of the page's first key; None if the page is empty.
        known: whether the page is the first of the list.
    """
    if first is None and known:
        return 0, 0
    counted: list[Any] = [func.count()]
    if first is not None and not known:
        here = order.beyond(first, backwards=True)
        counted.append(func.coalesce(func.sum(case((here, 1), else_=0)), 0))
    total, *ahead = session.execute(select(*counted).select_from(Key).where(*wanted)).one()
    return total, ahead[0] if ahead else (0 if known else total)


def count_by_filter(session: AccountSession, viewer: str, now: datetime) -> dict[KeyFilter, int]:
    """Return how many active keys each filter has, in one query; see `filters.conditions`."""
    each = [
        func.coalesce(func.sum(case((and_(true(), *conditions(one, viewer, now)), 1), else_=0)), 0)
        for one in KeyFilter
    ]
    counts = session.execute(
        select(*each).select_from(Key).where(*_matching(session.account_id, "", None, {}))
    ).one()
    return {one: int(count) for one, count in zip(KeyFilter, counts, strict=True)}


def _matching(
    account_id: str, words: str, owner: str | None, owners: Mapping[str, Collection[str]]
) -> list[ColumnElement[bool]]:
    wanted = [col(Key.account_id) == account_id, col(Key.state) == State.ACTIVE]
    # The search text has folded names and notes; hints are as they are, including their ellipsis.
    wanted += [
        or_(
            _searched(fold(word)),
            _searched(word.casefold()),
            *(
                column.in_(owners[word])
                for column in (col(Key.owner), col(Key.backup_owner))
                if owners.get(word)
            ),
        )
        for word in split_words(words)
    ]
    if owner is not None:
        wanted.append(col(Key.owner) == owner)
    return wanted


def split_words(text: str) -> list[str]:
    """Return the words of a search."""
    return [word for word in without_hidden(text).split() if fold(word)]


def _searched(part: str) -> ColumnElement[bool]:
    """Return the condition that a word occurs in a line of the key's search text."""
    if len(part) >= RANDOM_PART_MIN:
        return col(Key.search).contains(part, autoescape=True)
    escaped = re.sub(r"[/%_]", r"/\g<0>", part)
    return col(Key.search).like(f"%{escaped}%\n%\n%", escape="/")


def _unquoted(text: str) -> str:
    # SQLite treats NUL as the end of a string and would match every key; PostgreSQL refuses it.
    # Lone surrogates have no form in either.
    return " ".join(without_hidden(text).split()).strip("\"'`“”‘’ ")


def _by_id(session: AccountSession, text: str) -> Key | None:
    key = session.get(Key, without_hidden(text))
    usable = (
        key is not None and key.account_id == session.account_id and key.state != State.ABANDONED
    )
    return key if usable else None


def _by_token(session: AccountSession, text: str) -> Key | None:
    try:
        token = parse(text)
    except NotAToken:
        return None
    return session.exec(
        select(Key)
        .join(Secret, col(Secret.key_id) == col(Key.id))
        .where(Secret.public_id == token.public_id, Key.account_id == session.account_id)
    ).first()


def _named(session: AccountSession, name: str) -> Key | None:
    return session.exec(
        select(Key).where(
            Key.account_id == session.account_id,
            Key.name_folded == fold(without_hidden(name)),
            Key.state == State.ACTIVE,
        )
    ).first()


def _by_name(
    session: AccountSession,
    text: str,
    states: tuple[State, ...],
    which: Sequence[ColumnElement[bool]],
) -> Found | Several | None:
    folded = fold(text)
    if not folded:
        return None
    keys = select(Key).where(
        Key.account_id == session.account_id, col(Key.state).in_(states), *which
    )
    exact = session.exec(
        keys.where(Key.name_folded == folded).order_by(col(Key.created_at).desc()).limit(2)
    ).all()
    if len(exact) == 1:
        return Found(view(session, exact[0]))
    if len(folded) < PART_MIN:
        return None
    part = or_(
        col(Key.name_folded).contains(folded, autoescape=True),
        _searched(text.casefold()),
    )
    found = session.exec(
        keys.where(part).order_by(col(Key.name_folded), col(Key.id)).limit(CHOICES_MAX)
    ).all()
    if len(found) == 1:
        return Found(view(session, found[0]))
    return Several(views(session, found)) if found else None


def _nearest(
    session: AccountSession, text: str, which: Sequence[ColumnElement[bool]]
) -> list[KeyView]:
    named = select(Key.id, Key.name_folded).where(
        Key.account_id == session.account_id, Key.state == State.ACTIVE, *which
    )
    names = dict(session.exec(named).all())
    best = process.extract(
        fold(text), names, scorer=fuzz.WRatio, limit=NEAREST_MAX, score_cutoff=NEAREST_SCORE
    )
    return [view(session, session.get_one(Key, key_id)) for _, _, key_id in best]

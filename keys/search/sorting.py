"""The orders in which keys are listed, and the positions in them at which a page begins or ends.

Names are unique among active keys, so a name and an id follow whatever a list is sorted by. A
position holds the value that the key had when the page was read: a use or an edit since then moves
the key, but not the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, func, null, or_, tuple_
from sqlmodel import col, select

from keys.search.filters import KeyFilter
from keys.usage.activity import last_used_at
from storage import AccountSession
from storage.tables import Key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# After every expiry date, and still a time that the database can return.
_NO_END = datetime(9000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST = (_NO_END - _EPOCH) // _MICROSECOND


class Sort(StrEnum):
    """What a list of keys is sorted by.

    Attributes:
        END: the key that expires first comes first, those without an expiry date last.
        LAST_USE: keys without a use come first, then those that were used longest ago.
        CREATED: the newest key comes first.
    """

    NAME = "name"
    END = "end"
    LAST_USE = "last_use"
    CREATED = "created"


_DEFAULTS = {
    KeyFilter.THIS_WEEK: Sort.END,
    KeyFilter.EXPIRING: Sort.END,
    KeyFilter.EXPIRED: Sort.END,
    KeyFilter.IDLE: Sort.LAST_USE,
}


def default_sort(key_filter: KeyFilter) -> Sort:
    """Return what a filter's keys are sorted by unless the user chooses something else."""
    return _DEFAULTS.get(key_filter, Sort.NAME)


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a key in a list.

    Attributes:
        value: what the list is sorted by; None if that is the name.
    """

    value: datetime | None
    name_folded: str
    key_id: str


class Ordering:
    """One order of keys, as SQL."""

    def __init__(self, sort: Sort) -> None:
        self._sort = sort
        self._descending = sort is Sort.CREATED

    @property
    def value(self) -> ColumnElement[Any]:
        """The expression that the list is sorted by, before the name; NULL for the name itself."""
        match self._sort:
            case Sort.END:
                return func.coalesce(col(Key.expires_at), _NO_END)
            case Sort.LAST_USE:
                return func.coalesce(last_used_at(), _EPOCH)
            case Sort.CREATED:
                return cast("ColumnElement[Any]", col(Key.created_at))
            case Sort.NAME:
                return null()

    def clauses(self, *, backwards: bool = False) -> list[ColumnElement[Any]]:
        """Return what ORDER BY takes."""
        names = [col(Key.name_folded), col(Key.id)]
        by_name: list[ColumnElement[Any]] = [
            each.desc() if backwards else each.asc() for each in names
        ]
        if self._sort is Sort.NAME:
            return by_name
        descending = self._descending != backwards
        return [self.value.desc() if descending else self.value.asc(), *by_name]

    def beyond(self, position: Position, *, backwards: bool = False) -> ColumnElement[bool]:
        """Return the condition that a key comes after a position, or before it."""
        names = tuple_(col(Key.name_folded), col(Key.id))
        here = (position.name_folded, position.key_id)
        by_name = names < here if backwards else names > here
        if self._sort is Sort.NAME or position.value is None:
            return by_name
        lower = self._descending != backwards
        further = self.value < position.value if lower else self.value > position.value
        return or_(further, and_(self.value == position.value, by_name))

    def cursor(self, position: Position) -> str:
        """Return a position as text: the key's id, and the value that it had."""
        if position.value is None:
            return position.key_id
        return f"{position.key_id}.{self._sort}.{(position.value - _EPOCH) // _MICROSECOND}"

    def position(self, session: AccountSession, cursor: str | None) -> Position | None:
        """Read a position; None if there is no such key.

        Args:
            cursor: what `cursor` returned, or only a key's id. The value of another order is not
                used: the key's present one takes its place.
        """
        key_id, _, rest = (cursor or "").partition(".")
        row = session.exec(
            select(Key.name_folded, self.value).where(
                Key.account_id == session.account_id, Key.id == key_id
            )
        ).first()
        if row is None:
            return None
        name_folded, value = row
        sort, _, number = rest.partition(".")
        if sort == self._sort and number.isascii() and number.isdecimal():
            # A forged number may lie beyond the calendar.
            value = _EPOCH + min(int(number[:18]), _LAST) * _MICROSECOND
        return Position(value, name_folded, key_id)

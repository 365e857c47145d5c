"""Load keys from the database and render them as messages."""

from __future__ import annotations

from functools import partial

from bot.browse_keys import details_view, list_view, member_view
from bot.framework.interaction import Interaction
from bot.framework.owner_search import find_owners
from bot.ui import replies
from bot.ui.blocks import Message
from bot.ui.key_rows import ADMIN, Reader
from bot.ui.payloads import ActionPayload
from keys.changes import audit_log
from keys.changes.authorization import admins
from keys.delivery import deliveries
from keys.lifecycle.ownership import owner_check, owner_rotate
from keys.offboarding import departures
from keys.search import search
from keys.search.filters import KeyFilter
from keys.search.search import Finding, Found, Several
from keys.usage import usage


def reader_of(interaction: Interaction) -> Reader:
    """Return who reads: an admin, or a member who sees the keys that they own."""
    if interaction.decide(admins):
        return ADMIN
    return Reader(
        interaction.person.user_id,
        may_rotate=bool(interaction.decide(owner_rotate)),
        may_check=bool(interaction.decide(owner_check)),
    )


def find(interaction: Interaction, typed: str) -> Finding:
    """Find the key that was typed, among revoked ones too; a member finds only their own."""
    reader = reader_of(interaction)
    with interaction.context.reading() as session:
        return search.find(session, typed, revoked=True, owner=reader.owner)


def ambiguous_or_unknown(
    interaction: Interaction, typed: str, found: Finding, ref: ActionPayload
) -> Message:
    """Render the keys that match, or the nearest names; `ref` names what is to be done."""
    if isinstance(found, Several):
        return replies.choice(typed, found.keys, ref)
    nearest = [] if isinstance(found, Found) else found.nearest
    if reader_of(interaction).owner is not None:
        return member_view.not_owned(typed, nearest, ref)
    return replies.unknown(typed, nearest, ref)


def keys(
    interaction: Interaction, ref: ActionPayload, *, backwards: bool = False, searched_in: str = ""
) -> Message:
    """Render a page of the list; a member who is not an admin sees the keys that they own.

    Args:
        ref: `query` is the search, `cursor` is where the page begins (or ends, if `backwards`),
            and `do` is the owner whose keys are shown, or empty for all.
        searched_in: the block_id of the box that the user just searched in, if they did.
    """
    owner, reader = ref.do or None, reader_of(interaction)
    mine = None
    if reader.owner is not None:
        mine = (KeyFilter.MINE, reader.owner, interaction.context.clock.now())
    before, after = (ref.cursor, None) if backwards else (None, ref.cursor or None)
    named = find_owners(interaction.context, ref.query)
    with interaction.context.reading() as session:
        search_page = partial(
            search.page, session, ref.query, owner=owner, owners=named.by_word, key_filter=mine
        )
        found = search_page(before=before, after=after)
        if not found.keys and ref.cursor:
            found = search_page()
        gone = departures.gone_among(session, [key.owner for key in found.keys if key.owner])
    page = list_view.Page(
        keys=found.keys,
        total=found.total,
        first=found.before + 1,
        query=ref.query,
        searched_in=searched_in,
        gone=gone,
        previous_cursor=found.previous_cursor,
        next_cursor=found.next_cursor,
    )
    return list_view.listing(page, interaction.ref(do=ref.do), reader)


def details(interaction: Interaction, key_id: str) -> Message:
    """Render everything about one key. Raises KeyNotFound."""
    now = interaction.context.clock.now()
    with interaction.context.reading() as session:
        key = search.get(session, key_id)
        history = audit_log.history(session, key_id)[::-1]
        handovers = deliveries.handovers(session, key_id)
        uses = usage.by_day(session, [key_id], now.date()).get(key_id, ())
    return details_view.details(
        key, history, handovers, now, interaction.ref(), uses, reader_of(interaction)
    )

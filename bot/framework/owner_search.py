"""Find the owners whose names a search has in it."""

from __future__ import annotations

from bot.framework.context import Context
from bot.slack_api.people_names import NamesFound
from keys.search import owners, search


def find_owners(context: Context, query: str) -> NamesFound:
    """Return the owners of active keys whose names have a word of a search in them.

    It may ask Slack, which takes longer than Slack waits: it is called after the acknowledgement,
    or while `Interaction.ack_before_deadline` watches the time.
    """
    words = search.split_words(query)
    if not words:
        return NamesFound()
    with context.reading() as session:
        people = owners.of_account(session)
    return context.names.find(words, people)

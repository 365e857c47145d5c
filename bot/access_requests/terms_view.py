"""What a request asks of its key, in words: scopes, last day, and what is risky about it."""

from __future__ import annotations

from bot.ui.blocks import DAY, date, scopes_in_words
from keys.access_requests.queries import RequestView
from keys.access_requests.terms import Risk, Terms


def facts(request: RequestView) -> list[tuple[str, str]]:
    """Return what the key may do once it is approved, or may do now."""
    terms = request.granted or request.terms
    return [
        ("Scopes", scopes_in_words(terms.scopes)),
        ("Until", _until(terms)),
        ("Risk", risk(terms)),
        ("Asked", date(request.created_at, DAY)),
    ]


def risk(terms: Terms) -> str:
    """Return what an approver should look at twice, in a word or two."""
    words = {Risk.WRITE: "write access", Risk.NO_EXPIRY: "works until revoked"}
    found = ", ".join(words[risk] for risk in terms.risks)
    return f"⚠️ {found}" if found else "low"


def describe(terms: Terms) -> str:
    """Return what a key may do and until when, in a sentence."""
    may = scopes_in_words(terms.scopes)
    if terms.last_day is None:
        return f"It may {may}, without an expiry date."
    return f"It may {may}, until {_until(terms)}."


def wording(terms: Terms) -> str:
    """Return the same without a verb, for the end of a sentence."""
    may = scopes_in_words(terms.scopes)
    return f"{may}, {'until ' if terms.last_day else ''}{_until(terms)}"


def _until(terms: Terms) -> str:
    last = terms.last_day
    return f"{last:%b} {last.day}, {last.year}" if last is not None else "no expiry date"

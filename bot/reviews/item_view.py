"""One key in a review: the facts, what can be decided, and what was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.reviews import words
from bot.ui import ids, inputs
from bot.ui.blocks import (
    DAY,
    Block,
    Element,
    Message,
    View,
    actions,
    button,
    confirm_dialog,
    context,
    date,
    format_time,
    message,
    modal,
    name_of,
    owner_of,
    person,
    plain,
    plain_user_text,
    result_modal,
    sentence,
)
from bot.ui.payloads import OPTION_MAX, ActionPayload
from keys.base.actors import Actor
from keys.base.models import KeyView
from keys.inputs.names import NOTE_MAX
from keys.reviews.findings import Recommendation, RiskFinding
from keys.reviews.models import Decision, ReviewItem, ReviewView, Stage

# What a list is of (ActionPayload.do): all keys, or the reader's own.
TEAM, MINE = "team", "mine"
_REASONS = {
    RiskFinding.OWNER_GONE: "its owner has left",
    RiskFinding.UNOWNED: "it has no owner",
    RiskFinding.NEVER_USED: "never used",
    RiskFinding.POOR_NAME: "its name does not tell what uses it",
    RiskFinding.UNDATED: "it has no expiry date",
}
_ADVICE = {
    Recommendation.REVOKE: " Suggestion: revoke.",
    Recommendation.ROTATE: " Suggestion: rotate.",
}


def in_list(item: ReviewItem, of: str, now: datetime, ref: ActionPayload) -> list[Block]:
    """A key as it stands in a list: its name, the facts, and what can be decided.

    Args:
        of: whose list it is, `TEAM` or `MINE`.
        ref: carries the review's id and the key's.
    """
    head: Block = {
        "type": "section",
        "block_id": f"key_{item.key.id}",
        "text": plain_user_text(item.key.name),
    }
    head["accessory"] = _menu(item.key, ref, mine=of == MINE)
    return [head, context(_facts(item, now)), actions(*_buttons(item, of, ref))]


def _facts(item: ReviewItem, now: datetime) -> str:
    key = item.key
    facts = [
        f"`{key.hint}`",
        f"owner {owner_of(key)}",
        date(key.last_used_at, DAY, before="last used ", never="never used"),
    ]
    if key.expires_at is not None:
        facts.append(date(key.expires_at, DAY, before="expires "))
    reason = reason_of(item, now)
    return " · ".join(facts) + (f"\n{reason}" if reason else "")


def reason_of(item: ReviewItem, now: datetime) -> str:
    """Why a key is doubtful and what is usually right, in one line; empty if it is not."""
    reasons = [_reason(doubt, item.key, now) for doubt in item.risk_findings]
    if not reasons:
        return ""
    text = "; ".join(reasons)
    return f"{text[0].upper()}{text[1:]}.{_ADVICE.get(item.advice, '')}"


def _reason(doubt: RiskFinding, key: KeyView, now: datetime) -> str:
    if doubt is not RiskFinding.IDLE:
        return _REASONS[doubt]
    if key.last_used_at is None:
        return "not used for 90 days"
    return f"not used for {(now - key.last_used_at).days} days"


def _menu(key: KeyView, ref: ActionPayload, *, mine: bool) -> Element:
    entries = [("Keep, and say why", ids.DO_KEEP), ("Details", ids.DO_DETAILS)]
    if not mine:
        entries.append(("Edit", ids.DO_EDIT))
    options = [
        {"text": plain(text), "value": replace(ref, do=do, key=key.id).encode(OPTION_MAX)}
        for text, do in entries
        if not (mine and do == ids.DO_DETAILS)
    ]
    return {"type": "overflow", "action_id": ids.AUDIT_MENU, "options": options}


def _buttons(item: ReviewItem, of: str, ref: ActionPayload) -> list[Element]:
    ref = replace(ref, do=of)
    mine = of == MINE
    keep = button("Keep", ids.AUDIT_KEEP, ref)
    rotate = button("Rotate", ids.AUDIT_ROTATE, ref, confirm=_rotate_mine() if mine else None)
    revoke = button("Revoke", ids.AUDIT_REVOKE, ref, confirm=_revoke_mine() if mine else None)
    if mine:
        return [keep, rotate, revoke]
    asked = "Owner asked" if item.asked_at is not None else "Ask owner"
    return [keep, rotate, revoke, button(asked, ids.AUDIT_ASK, ref)]


def _rotate_mine() -> Element:
    text = "A new token comes to you in a direct message. The old one keeps working for 24 hours."
    return confirm_dialog("Rotate this key?", text, "Rotate", danger=False)


def _revoke_mine() -> Element:
    text = "Programs that use it are refused at their next request. This cannot be undone."
    return confirm_dialog("Revoke this key?", text, "Revoke")


def asks_owner(
    audit: ReviewView, item: ReviewItem, asked_by: Actor | None, ref: ActionPayload
) -> Message:
    """The question to a key's owner, and its answer."""
    fallback = "Is this API key still needed?"
    if item.decision is not None:
        return message(fallback, sentence(name_of(item.key), *_outcome(item), "."))
    if audit.stage is not Stage.OPEN:
        return message(fallback, sentence("The audit is over. ", name_of(item.key), " stays."))
    who: list[Element | str] = [person(asked_by)] if asked_by is not None else ["The team"]
    return message(
        fallback,
        sentence(*who, " asks: is ", name_of(item.key), " still needed?"),
        context(f"`{item.key.hint}` · until {date(audit.deadline_at, DAY)}"),
        actions(*_buttons(item, MINE, replace(ref, key=item.key.id))),
    )


def decided(item: ReviewItem) -> Message:
    """What was decided about a key, for the person who pressed."""
    if item.decision is None:
        return message("Nothing is decided.", sentence("Nothing is decided about ",
                       name_of(item.key), " yet."))  # fmt: skip
    return message("It is decided.", sentence(name_of(item.key), *_outcome(item), "."))


def _outcome(item: ReviewItem) -> list[Element | str]:
    if item.decision is None:
        return []
    pieces: list[Element | str] = [f" was {words.DECIDED[item.decision]}"]
    if item.decision in (Decision.EXPIRED, Decision.UNANSWERED):
        return [" has expired" if item.decision is Decision.EXPIRED else " stays without an answer"]
    if item.by is not None:
        pieces += [" by ", person(item.by)]
    if item.at is not None:
        pieces.append(format_time(item.at, ", "))
    return pieces


def owner_asked(item: ReviewItem) -> Message:
    """The answer to the admin who has the owner asked."""
    owner: list[Element | str] = (
        [person(Actor.person(item.key.owner))] if item.key.owner else ["Its owner"]
    )
    when = [format_time(item.asked_at, ", ")] if item.asked_at is not None else []
    return message(
        "The owner was asked.", sentence(*owner, " was asked about ", name_of(item.key), *when, ".")
    )


def say_why(key: KeyView, ref: ActionPayload) -> View:
    """The modal that asks why a key stays."""
    blocks = [
        sentence(name_of(key), " stays as it is."),
        inputs.text(
            ids.REASON, "Why is it needed?", "", most=NOTE_MAX, multiline=True, optional=False,
            hint="It stands in the evidence of the audit.",
        ),
    ]  # fmt: skip
    return modal("Keep the key", ids.AUDIT_KEEP_MODAL, blocks, submit="Keep", ref=ref)


def result(reply: Message) -> View:
    """A message in place of the modal."""
    return result_modal("Audit", reply["blocks"])

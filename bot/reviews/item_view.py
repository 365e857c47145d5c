"""One key in a review: the facts, the buttons, and the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.reviews import words
from bot.ui import ids, inputs, key_facts
from bot.ui.blocks import (
    DAY,
    Block,
    Element,
    Message,
    View,
    about,
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

# Whose keys a list has (ActionPayload.do): all keys, or the reader's own.
TEAM, MINE = "team", "mine"
_REASONS = {
    RiskFinding.OWNER_GONE: "its owner has left",
    RiskFinding.UNOWNED: "it has no owner",
    RiskFinding.POOR_NAME: "its name does not say what uses it",
    RiskFinding.UNDATED: "it has no expiry date",
}
_ADVICE = {
    Recommendation.REVOKE: " Suggestion: revoke.",
    Recommendation.ROTATE: " Suggestion: rotate.",
}


def in_list(item: ReviewItem, of: str, now: datetime, ref: ActionPayload) -> list[Block]:
    """Render a key in a list: its name, the facts, and the buttons.

    Args:
        of: whose list it is, `TEAM` or `MINE`.
        ref: the payload of the buttons, with the ids of the review and the key.
    """
    head: Block = {
        "type": "section",
        "block_id": f"key_{item.key.id}",
        "text": plain_user_text(item.key.name),
    }
    head["accessory"] = _menu(item.key, ref, mine=of == MINE)
    buttons = (about(item.key.name, each) for each in _buttons(item, of, ref))
    return [head, context(_facts(item, now)), actions(*buttons)]


def _facts(item: ReviewItem, now: datetime) -> str:
    key = item.key
    facts = [
        f"`{key.hint}`",
        f"owner {owner_of(key)}",
        key_facts.last_use(key),
    ]
    if key.expires_at is not None:
        facts.append(date(key.expires_at, DAY, before="expires "))
    reason = reason_of(item, now)
    return " · ".join(facts) + (f"\n{reason}" if reason else "")


def reason_of(item: ReviewItem, now: datetime) -> str:
    """Return a key's risk findings and a suggestion in one line; empty if there are none."""
    reasons = [_reason(finding, item.key, now) for finding in item.risk_findings]
    if not reasons:
        return ""
    text = "; ".join(reasons)
    return f"{text[0].upper()}{text[1:]}.{_ADVICE.get(item.advice, '')}"


def _reason(finding: RiskFinding, key: KeyView, now: datetime) -> str:
    if finding is RiskFinding.NEVER_USED:
        return key_facts.no_use(key)
    if finding is not RiskFinding.IDLE:
        return _REASONS[finding]
    if key.last_used_at is None:
        return "not used for 90 days"
    return f"not used for {(now - key.last_used_at).days} days"


def _menu(key: KeyView, ref: ActionPayload, *, mine: bool) -> Element:
    entries = [("Keep with a reason", ids.DO_KEEP), ("Details", ids.DO_DETAILS)]
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
    text = "You get the new token in a direct message. The old one keeps working for 24 hours."
    return confirm_dialog("Rotate this key?", text, "Rotate", danger=False)


def _revoke_mine() -> Element:
    text = "Programs that use it are refused at their next request. This cannot be undone."
    return confirm_dialog("Revoke this key?", text, "Revoke")


def asks_owner(
    audit: ReviewView, item: ReviewItem, asked_by: Actor | None, ref: ActionPayload
) -> Message:
    """Render the question to a key's owner, or the decision."""
    if item.decision is not None:
        return message(sentence(name_of(item.key), *_outcome(item), "."))
    if audit.stage is not Stage.OPEN:
        return message(sentence("The audit is over. ", name_of(item.key), " stays."))
    who: list[Element | str] = [person(asked_by)] if asked_by is not None else ["The team"]
    return message(
        sentence(*who, " asks: is ", name_of(item.key), " still needed?"),
        context(f"`{item.key.hint}` · until {date(audit.deadline_at, DAY)}"),
        actions(*_buttons(item, MINE, replace(ref, key=item.key.id))),
    )


def decided(item: ReviewItem) -> Message:
    """Render the decision about a key, for the user who pressed a button."""
    if item.decision is None:
        return message(sentence("There is no decision about ",
                       name_of(item.key), " yet."))  # fmt: skip
    return message(sentence(name_of(item.key), *_outcome(item), "."))


def _outcome(item: ReviewItem) -> list[Element | str]:
    if item.decision is None:
        return []
    pieces: list[Element | str] = [f" was {words.DECIDED[item.decision]}"]
    if item.decision in (Decision.EXPIRED, Decision.UNANSWERED):
        return [" has expired" if item.decision is Decision.EXPIRED else " got no answer"]
    if item.by is not None:
        pieces += [" by ", person(item.by)]
    if item.at is not None:
        pieces.append(format_time(item.at, ", "))
    return pieces


def owner_asked(item: ReviewItem) -> Message:
    """Render the reply to the admin who asked the owner."""
    owner: list[Element | str] = (
        [person(Actor.person(item.key.owner))] if item.key.owner else ["Its owner"]
    )
    when = [format_time(item.asked_at, ", ")] if item.asked_at is not None else []
    return message(sentence(*owner, " was asked about ", name_of(item.key), *when, "."))


def say_why(key: KeyView, ref: ActionPayload) -> View:
    """Render the modal that asks why a key is kept."""
    blocks = [
        sentence(name_of(key), " will not be changed."),
        inputs.text(
            ids.REASON, "Why is it needed?", "", most=NOTE_MAX, multiline=True, optional=False,
            hint="Your answer becomes part of the audit's report.",
        ),
    ]  # fmt: skip
    return modal("Keep the key", ids.AUDIT_KEEP_MODAL, blocks, submit="Keep", ref=ref)


def result(reply: Message) -> View:
    """Render a message in place of the modal."""
    return result_modal("Audit", reply["blocks"])

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
    bold_user_text,
    button,
    clip,
    confirm_dialog,
    context,
    date,
    expiry,
    format_time,
    message,
    modal,
    name_of,
    owned_by,
    person,
    person_as_mrkdwn,
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

# Whose keys a list has (ActionPayload.do): all keys, or the reader's own; or one key in a modal.
TEAM, MINE, ONE = "team", "mine", "one"
DIALOG_TITLE_MAX = 100  # a confirm dialog's title (Slack, confirmation dialog object)
_REASONS = {
    RiskFinding.LEAKED: "a token of it was found in a message, and still works",
    RiskFinding.OWNER_GONE: "its owner has left",
    RiskFinding.POOR_NAME: "its name does not say what uses it",
    RiskFinding.UNDATED: "it has no expiry date",
}
_ADVICE = {
    Recommendation.REVOKE: ["Suggestion: revoke."],
    Recommendation.ROTATE: ["Suggestion: rotate."],
}


def in_list(
    item: ReviewItem, of: str, now: datetime, ref: ActionPayload, is_open: bool = True
) -> list[Block]:
    """Render a key: its name, the facts, and the buttons; or its decision in the same place.

    Args:
        of: where it stands, `MINE` or `ONE`.
        ref: the payload of the buttons, with the ids of the review and the key.
        is_open: whether the review is open, so that decisions can still be made and undone.
    """
    head: Block = {
        "type": "section",
        "block_id": f"key_{item.key.id}",
        "text": bold_user_text(item.key.name),
    }
    if item.decision is Decision.KEPT and is_open:
        # As high as before, so that the next row does not slide under the pointer.
        by = person_as_mrkdwn(item.by) if item.by is not None else "this app"
        return [head, context(_facts(item, f"It was kept by {by}{date(item.at, before=', ')}.")),
                *_undo(item, of, ref)]  # fmt: skip
    facts = context(_facts(item, reason_of(item, now)))
    if item.decision is not None or not is_open:
        decision = _outcome(item, "It") or ["The audit is over. It stays"]
        return [head, facts, sentence(*decision, ".")]
    head["accessory"] = _menu(item.key, ref, of)
    buttons = (about(item.key.name, each) for each in _buttons(item, of, ref))
    return [head, facts, actions(*buttons)]


def _undo(item: ReviewItem, of: str, ref: ActionPayload) -> list[Block]:
    """Render [Undo] for a key that is kept; nothing else can be undone."""
    if item.decision is not Decision.KEPT:
        return []
    undo = button("Undo", ids.AUDIT_UNDO, replace(ref, do=of))
    return [actions(about(item.key.name, undo))]


def _facts(item: ReviewItem, more: str) -> str:
    key = item.key
    facts = [
        f"`{key.hint}`",
        owned_by(key),
        key_facts.last_use(key),
    ]
    if key.expires_at is not None:
        facts.append(expiry(key.expires_at, DAY, before="expires "))
    if item.asked_at is not None:
        facts.append(date(item.asked_at, DAY, before="owner asked "))
    return " · ".join(facts) + (f"\n{more}" if more else "")


def reason_of(item: ReviewItem, now: datetime) -> str:
    """Return what the facts do not say yet: other risk findings, and a suggestion; may be empty."""
    in_facts = (RiskFinding.NEVER_USED, RiskFinding.UNOWNED)
    reasons = [_reason(each, item.key, now) for each in item.risk_findings if each not in in_facts]
    text = "; ".join(reasons)
    sentences = [f"{text[0].upper()}{text[1:]}."] if text else []
    return " ".join([*sentences, *_ADVICE.get(item.advice, ())])


def _reason(finding: RiskFinding, key: KeyView, now: datetime) -> str:
    if finding is not RiskFinding.IDLE:
        return _REASONS[finding]
    if key.last_used_at is None:
        return "not used for 90 days"
    return f"not used for {(now - key.last_used_at).days} days"


def _menu(key: KeyView, ref: ActionPayload, of: str) -> Element:
    entries = [("Keep with a reason", ids.DO_KEEP)]
    if of != MINE:
        entries.append(("Edit", ids.DO_EDIT))
    options = [
        {"text": plain(text), "value": replace(ref, do=do, key=key.id).encode(OPTION_MAX)}
        for text, do in entries
    ]
    return {"type": "overflow", "action_id": ids.AUDIT_MENU, "options": options}


def _buttons(item: ReviewItem, of: str, ref: ActionPayload) -> list[Element]:
    ref, key = replace(ref, do=of), item.key
    mine = of == MINE
    found = [
        button("Keep", ids.AUDIT_KEEP, ref),
        button("Rotate", ids.AUDIT_ROTATE, ref, confirm=_rotate_mine(key) if mine else None),
        button("Revoke", ids.AUDIT_REVOKE, ref, confirm=_revoke_mine(key) if mine else None),
    ]
    if not mine and key.owner is not None and item.asked_at is None:
        found.append(button("Ask owner", ids.AUDIT_ASK, ref))
    return found


def _rotate_mine(key: KeyView) -> Element:
    text = "You get the new token in a direct message. The old one keeps working for 24 hours."
    return confirm_dialog(_question("Rotate", key), text, "Rotate", danger=False)


def _revoke_mine(key: KeyView) -> Element:
    text = "Programs that use it are refused at their next request. This cannot be undone."
    return confirm_dialog(_question("Revoke", key), text, "Revoke")


def _question(verb: str, key: KeyView) -> str:
    """Return a dialog's title; what makes a user's words harmless counts, and may be long."""
    for length in range(DIALOG_TITLE_MAX, 0, -1):
        name = plain_user_text(clip(key.name, length))["text"]
        if len(title := f"{verb} “{name}”?") <= DIALOG_TITLE_MAX:
            return title
    return f"{verb} this key?"


def asks_owner(
    audit: ReviewView, item: ReviewItem, asked_by: Actor | None, ref: ActionPayload
) -> Message:
    """Render the question to a key's owner, or the decision."""
    if item.decision is not None:
        said = sentence(name_of(item.key), *_outcome(item), ".")
        undo = replace(ref, key=item.key.id)
        is_open = audit.stage is Stage.OPEN
        return message(said, *(_undo(item, MINE, undo) if is_open else []))
    if audit.stage is not Stage.OPEN:
        return message(sentence("The audit is over. ", name_of(item.key), " stays."))
    who: list[Element | str] = [person(asked_by)] if asked_by is not None else ["The team"]
    return message(
        sentence(*who, " asks: is ", name_of(item.key), " still needed?"),
        context(f"`{item.key.hint}` · {date(audit.deadline_at, DAY, before='until ')}"),
        actions(*_buttons(item, MINE, replace(ref, key=item.key.id))),
    )


def decided(item: ReviewItem) -> Message:
    """Render the decision about a key, for the user who pressed a button."""
    if item.decision is None:
        return message(sentence("There is no decision about ",
                       name_of(item.key), " yet."))  # fmt: skip
    return message(sentence(name_of(item.key), *_outcome(item), "."))


def _outcome(item: ReviewItem, what: str = "") -> list[Element | str]:
    """Return the decision as the end of a sentence whose beginning is `what`, or a key's name."""
    if item.decision is None:
        return []
    if item.decision in (Decision.EXPIRED, Decision.UNANSWERED):
        ended = "has expired" if item.decision is Decision.EXPIRED else "got no answer"
        return [f"{what} {ended}"]
    pieces: list[Element | str] = [f"{what} was {words.DECIDED[item.decision]}"]
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

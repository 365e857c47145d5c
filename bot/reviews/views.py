"""The audit: the list that is gone through, what is said on the way, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

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
    header,
    message,
    modal,
    name_of,
    owner_of,
    person,
    plain,
    plain_user_text,
    result_modal,
    section,
    sentence,
    turns,
)
from bot.ui.payloads import OPTION_MAX, ActionPayload
from keys.base.actors import Actor
from keys.base.models import KeyView
from keys.inputs.names import NOTE_MAX
from keys.reviews.findings import Recommendation, RiskFinding
from keys.reviews.queries import Decision, ReviewItem, ReviewView, Stage

# A message holds 50 blocks, and each key takes four of them.
ITEMS_MAX = 6
LATEST_MAX = 3
OWNERS_MAX = 15
# What a list is of (Ref.do): all keys, or those of whoever reads it.
TEAM, MINE = "team", "mine"
_STEPS = 20
_COUNTED = {
    RiskFinding.OWNER_GONE: "whose owner has left",
    RiskFinding.UNOWNED: "without an owner",
    RiskFinding.NEVER_USED: "never used",
    RiskFinding.IDLE: "idle for 90 days",
    RiskFinding.POOR_NAME: "with a poor name",
    RiskFinding.UNDATED: "without an expiry date",
}
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
_DECIDED = {
    Decision.KEPT: "kept",
    Decision.ROTATED: "rotated",
    Decision.REVOKED: "revoked",
    Decision.EXPIRED: "expired",
    Decision.UNANSWERED: "without an answer",
}


@dataclass(frozen=True, slots=True)
class ReviewListView:
    """A list as it stands.

    Attributes:
        items: the page's keys, at most six.
        left: how many keys the whole list has.
        skip: how many of them come before the page.
        latest: what was decided last, newest first.
        of: `TEAM`, or `MINE` for somebody's own keys.
        replaced: there is a newer list below.
    """

    audit: ReviewView
    items: Sequence[ReviewItem]
    left: int
    skip: int
    latest: Sequence[ReviewItem]
    of: str
    now: datetime
    replaced: bool = False


def board(shown: ReviewListView, ref: ActionPayload) -> Message:
    """The message with the list.

    Args:
        ref: carries the audit's id, and the list's subject as its query.
    """
    audit = shown.audit
    if shown.of == MINE:
        return _mine(shown, ref)
    blocks = [header("Audit of the API keys"), *_standing(audit)]
    if audit.stage is Stage.OPEN:
        blocks += _latest(shown.latest)
        blocks += _list(shown, ref)
    return message("Time to go through the API keys.", *blocks)


def _mine(shown: ReviewListView, ref: ActionPayload) -> Message:
    audit = shown.audit
    fallback = "Time to go through your API keys."
    if shown.replaced:
        return message(fallback, context("There is a newer list of your keys below."))
    if audit.stage is not Stage.OPEN:
        return message(fallback, section("The audit of the API keys is over. Thank you."))
    if not shown.left:
        return message(fallback, section("All your API keys are decided. Thank you."))
    head = (
        f"*Which of your API keys are still needed?* The team goes through all of them until "
        f"{date(audit.deadline_at, DAY)}."
    )
    return message(fallback, section(head), *_list(shown, ref))


def _standing(audit: ReviewView) -> list[Block]:
    full = audit.done * _STEPS // audit.total
    bar = "█" * full + "░" * (_STEPS - full)
    text = f"{bar}\n*{audit.done:,} of {keys_in_words(audit.total)} decided*"
    if audit.stage is Stage.OPEN:
        text += f" · until {date(audit.deadline_at, DAY)}"
    blocks = [section(text)]
    if audit.revokes_at is not None and audit.stage is Stage.OPEN:
        left = keys_in_words(audit.left)
        blocks.append(section(f"{left} without an answer: revoked {date(audit.revokes_at, DAY)}."))
    if found := doubts_in_words(audit.flagged):
        blocks.append(context(found))
    if audit.done or audit.stage is Stage.FINISHED:
        blocks.append(context(f"So far {decided_in_words(audit.decided)}."))
    return blocks


def keys_in_words(count: int) -> str:
    """Such as `1 key`."""
    return "1 key" if count == 1 else f"{count:,} keys"


def doubts_in_words(flagged: Mapping[RiskFinding, int]) -> str:
    """Such as `3 never used · 2 that never end`."""
    found = [(flagged.get(doubt, 0), text) for doubt, text in _COUNTED.items()]
    return " · ".join(f"{count:,} {text}" for count, text in found if count)


def decided_in_words(decided: Mapping[Any, int]) -> str:
    """Such as `5 kept, 1 revoked`."""
    found = [(decided.get(how, 0), text) for how, text in _DECIDED.items()]
    return ", ".join(f"{count:,} {text}" for count, text in found if count) or "nothing was decided"


def _latest(latest: Sequence[ReviewItem]) -> list[Block]:
    if not latest:
        return []
    pieces: list[Element | str] = []
    for item in latest:
        if item.by is None or item.decision is None:
            continue
        pieces += ["" if not pieces else "; ", person(item.by)]
        pieces += [f" {_DECIDED[item.decision]} ", name_of(item.key)]
    pieces = [piece for piece in pieces if piece != ""]
    return [sentence("Last: ", *pieces, ".")] if pieces else []


def _list(shown: ReviewListView, ref: ActionPayload) -> list[Block]:
    if not shown.items:
        return []
    blocks: list[Block] = [{"type": "divider"}]
    for item in shown.items:
        blocks += _item(item, shown, replace(ref, key=item.key.id, query=""))
    return blocks + _pager(shown, ref)


def _item(item: ReviewItem, shown: ReviewListView, ref: ActionPayload) -> list[Block]:
    head: Block = {
        "type": "section",
        "block_id": f"key_{item.key.id}",
        "text": plain_user_text(item.key.name),
    }
    head["accessory"] = _menu(item.key, ref, mine=shown.of == MINE)
    return [head, context(_facts(item, shown.now)), actions(*_buttons(item, shown.of, ref))]


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


def _pager(shown: ReviewListView, ref: ActionPayload) -> list[Block]:
    last = shown.skip + len(shown.items)
    blocks = [context(f"{shown.skip + 1:,} to {last:,} of {shown.left:,} left")]
    turn = replace(ref, do=shown.of)
    before = replace(turn, cursor=str(max(0, shown.skip - ITEMS_MAX)))
    elements = turns(
        (ids.AUDIT_BACK, before) if shown.skip else None,
        (ids.AUDIT_ON, replace(turn, cursor=str(last))) if last < shown.left else None,
    )
    return [*blocks, actions(*elements)] if elements else blocks


def asks_owner(
    audit: ReviewView, item: ReviewItem, asked_by: Actor | None, ref: ActionPayload
) -> Message:
    """The question to a key's owner, and what became of it."""
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
    """What became of a key, for whoever pressed."""
    if item.decision is None:
        return message("Nothing is decided.", sentence("Nothing is decided about ",
                       name_of(item.key), " yet."))  # fmt: skip
    return message("It is decided.", sentence(name_of(item.key), *_outcome(item), "."))


def _outcome(item: ReviewItem) -> list[Element | str]:
    if item.decision is None:
        return []
    pieces: list[Element | str] = [f" was {_DECIDED[item.decision]}"]
    if item.decision in (Decision.EXPIRED, Decision.UNANSWERED):
        return [" has expired" if item.decision is Decision.EXPIRED else " stays without an answer"]
    if item.by is not None:
        pieces += [" by ", person(item.by)]
    if item.at is not None:
        pieces.append(format_time(item.at, ", "))
    return pieces


def owner_asked(item: ReviewItem) -> Message:
    """The answer to whoever has the owner asked."""
    owner: list[Element | str] = (
        [person(Actor.person(item.key.owner))] if item.key.owner else ["Its owner"]
    )
    when = [format_time(item.asked_at, ", ")] if item.asked_at is not None else []
    return message(
        "The owner was asked.", sentence(*owner, " was asked about ", name_of(item.key), *when, ".")
    )


def say_why(key: KeyView, ref: ActionPayload) -> View:
    """The modal in which somebody says why a key stays."""
    blocks = [
        sentence(name_of(key), " stays as it is."),
        inputs.text(
            ids.REASON, "Why is it needed?", "", most=NOTE_MAX, multiline=True, optional=False,
            hint="It stands in the evidence of the audit.",
        ),
    ]  # fmt: skip
    return modal("Keep the key", ids.AUDIT_KEEP_MODAL, blocks, submit="Keep", ref=ref)


def result(told: Message) -> View:
    """What became of it, in place of the modal."""
    return result_modal("Audit", told["blocks"])


def status(audit: ReviewView | None, following: datetime | None, ref: ActionPayload) -> Message:
    """The answer to `audit status`.

    Args:
        audit: the open one, or the last; None if there never was one.
        following: when the next begins by itself; None for never.
        ref: carries the time.
    """
    coming = f"The next one starts {date(following)}." if following else ""
    begin = actions(button("Begin an audit now", ids.AUDIT_START, ref))
    if audit is None:
        text = "There was no audit yet."
        return message(text, section(f"{text} {coming}".strip()), begin)
    blocks = _standing(audit)
    if audit.stage is Stage.OPEN:
        blocks.append(context("The list is in the team’s channel."))
    else:
        blocks += [context(f"It ended {date(audit.ended_at)}. {coming}".strip()), begin]
    return message("The audit of the API keys", *blocks)


def begun(audit: ReviewView, *, before: bool) -> Message:
    """The answer to `audit start`."""
    text = "An audit is under way" if before else "The audit has begun"
    return message(
        text, section(f"{text}: {keys_in_words(audit.total)}. The list is in the team’s channel.")
    )


def escalated(data: Mapping[str, Any], admins: Sequence[str]) -> list[Block]:
    """A day before the deadline: who has not answered, for those who look after the keys."""
    left = sum(int(count) for _, count in data["owners"])
    called: list[Element | str] = []
    for admin in admins:
        called += [person(Actor.person(admin)), " "]
    blocks = [
        sentence(*called, "The audit ends ", format_time(_moment(data["deadline_at"])),
                 f", and {keys_in_words(left)} have no answer."),
    ]  # fmt: skip
    return [*blocks, *_owners(data)]


def revokes(data: Mapping[str, Any]) -> list[Block]:
    """The notice before keys are revoked."""
    if "yours" in data:
        text = f"{keys_in_words(int(data['yours']))} of yours have no answer in the audit. "
    else:
        left = sum(int(count) for _, count in data["owners"])
        text = f"{keys_in_words(left)} have no answer in the audit. "
    end = format_time(_moment(data["revokes_at"]))
    blocks = [sentence(text, "What is not decided until ", end, " is revoked.")]
    return blocks if "yours" in data else [*blocks, *_owners(data)]


def finished(data: Mapping[str, Any], command: str) -> list[Block]:
    """What came of an audit, beside the one before it."""
    total = int(data["total"])
    blocks = [
        section(f"*The audit of {keys_in_words(total)} is over:* "
                f"{decided_in_words(data['decided'])}."),
    ]  # fmt: skip
    if before := data.get("before"):
        blocks.append(context(_comparison(data, before)))
    blocks.append(context(f"The evidence: `{command} audit export`."))
    return blocks


def _comparison(data: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    parts = [f"{keys_in_words(int(data['total']))}, last time {int(before['total']):,}"]
    for doubt, words in _COUNTED.items():
        now, then = data["doubtful"].get(doubt, 0), before["doubtful"].get(doubt, 0)
        if now or then:
            parts.append(f"{now:,} {words}, last time {then:,}")
    return " · ".join(parts)


def _owners(data: Mapping[str, Any]) -> list[Block]:
    owners = data["owners"]
    named = [f"{owner_words(owner)} {int(count):,}" for owner, count in owners[:OWNERS_MAX]]
    more = len(owners) - OWNERS_MAX
    return [context(" · ".join(named) + (f" · and {more} more people" if more > 0 else ""))]


def owner_words(owner: str) -> str:
    """An owner as mrkdwn; nobody if empty."""
    return f"<@{owner}>" if owner else "no owner"


def digest(data: Mapping[str, Any]) -> list[Block]:
    """What happened with keys since the digest before."""
    lines = [
        f"*{int(data['made']):,}* made, *{int(data['revoked']):,}* revoked",
        f"*{int(data['expiring']):,}* expire within 30 days",
        f"*{int(data['idle']):,}* idle for 90 days, *{int(data['never_used']):,}* never used",
    ]
    head = f"API keys since {date(_moment(data['since']), DAY)}: {int(data['total']):,} work."
    return [section(head), context(" · ".join(lines))]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(str(text))


def files_follow() -> str:
    """The comment beside the files of evidence."""
    return "The evidence of the audit: a table, the signed record, and a picture of the last year."

"""A review as a whole: its progress, announcements and result; and the digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.reviews import words
from bot.ui import ids
from bot.ui.blocks import (
    DAY,
    RECORDED,
    Block,
    Message,
    actions,
    bullets,
    button,
    called,
    context,
    date,
    format_time,
    line,
    message,
    section,
    sentence,
    text_element,
)
from bot.ui.payloads import ActionPayload
from keys.reviews.models import ReviewView, Stage

OWNERS_MAX = 15
_STEPS = 20


def progress(audit: ReviewView) -> list[Block]:
    """Render a review's progress: the bar, the deadline, and the decisions."""
    full = audit.done * _STEPS // audit.total
    bar = "█" * full + "░" * (_STEPS - full)
    text = f"{bar}\n*{audit.done:,} of {words.keys(audit.total)} decided*"
    if audit.stage is Stage.OPEN:
        text += f" · {date(audit.deadline_at, DAY, before='until ')}"
    blocks = [section(text)]
    if audit.revokes_at is not None and audit.stage is Stage.OPEN:
        left = words.keys(audit.left)
        blocks.append(
            section(
                date(audit.revokes_at, DAY, before=f"{left} without an answer will be revoked ")
                + "."
            )
        )
    if found := words.risk_findings(audit.flagged):
        blocks.append(context(found))
    if audit.done or audit.stage is Stage.FINISHED:
        begins = "Result" if audit.stage is Stage.FINISHED else "So far"
        blocks.append(context(f"{begins}: {words.decided(audit.decided)}."))
    return blocks


def status(audit: ReviewView | None, next_run: datetime | None, ref: ActionPayload) -> Message:
    """Render the answer to `audit status`.

    Args:
        audit: the open review, or the last one; None if there was none.
        next_run: when the next one is scheduled; None if none is.
    """
    coming = date(next_run, before="The next one starts ") + "." if next_run else ""
    start = actions(button("Start an audit now", ids.AUDIT_START, ref))
    if audit is None:
        text = "There has been no audit yet."
        return message(section(f"{text} {coming}".strip()), start)
    blocks = progress(audit)
    if audit.stage is Stage.OPEN:
        blocks.append(context("The list is in the team’s channel."))
    else:
        blocks += [context(f"{date(audit.ended_at, before='It ended ')}. {coming}".strip()), start]
    return message(*blocks)


def begun(audit: ReviewView, *, before: bool) -> Message:
    """Render the answer to `audit start`."""
    text = "An audit is already in progress" if before else "The audit has started"
    return message(
        section(f"{text}: {words.keys(audit.total)}. The list is in the team’s channel."),
    )


def escalated(data: Mapping[str, Any], admins: Sequence[str]) -> list[Block]:
    """Render the owners who have not answered a day before the deadline, for the admins."""
    left = sum(int(count) for _, count in data["owners"])
    blocks = [
        sentence(format_time(_parse_time(data["deadline_at"]), "The audit ends ", RECORDED),
                 f", and {words.unanswered(left)}."),
    ]  # fmt: skip
    return [*blocks, *_owners(data), *called(admins)]


def evidence_refused(data: Mapping[str, Any], admins: Sequence[str], command: str) -> list[Block]:
    """Render that the report was not written, what differs, and what to do."""
    differences = [line(text_element(one)) for one in data["differences"]]
    if more := int(data["more"]):
        differences.append(line(f"and {more:,} more"))
    return [
        sentence("The report of the audit was not written. The database and the audit log "
                 "differ:"),
        bullets(differences),
        context(f"Compare with a backup and correct the rows. Then use `{command} audit export`."),
        *called(admins),
    ]  # fmt: skip


def revokes(data: Mapping[str, Any]) -> list[Block]:
    """Render the warning that keys will be revoked."""
    if "yours" in data:
        text = f"{words.unanswered(int(data['yours']), ' of yours')} in the audit. "
    else:
        left = sum(int(count) for _, count in data["owners"])
        text = f"{words.unanswered(left)} in the audit. "
    revoked_at = _parse_time(data["revokes_at"])
    end = format_time(revoked_at, "Keys without a decision will be revoked ", RECORDED)
    blocks = [sentence(text, end, ".")]
    return blocks if "yours" in data else [*blocks, *_owners(data)]


def finished(data: Mapping[str, Any], command: str) -> list[Block]:
    """Render the result of a review, compared with the previous one."""
    total = int(data["total"])
    blocks = [
        section(f"*The audit of {words.keys(total)} is over:* "
                f"{words.decided(data['decided'])}."),
    ]  # fmt: skip
    if before := data.get("before"):
        blocks.append(context(_comparison(data, before)))
    blocks.append(context(f"Get the signed report with `{command} audit export`."))
    return blocks


def _comparison(data: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    parts = [f"{words.keys(int(data['total']))}, last time {int(before['total']):,}"]
    for finding, text in words.COUNTED.items():
        now, then = data["doubtful"].get(finding, 0), before["doubtful"].get(finding, 0)
        if now or then:
            parts.append(f"{now:,} {text}, last time {then:,}")
    return " · ".join(parts)


def _owners(data: Mapping[str, Any]) -> list[Block]:
    owners = data["owners"]
    named = [f"{words.owner(owner)} {int(count):,}" for owner, count in owners[:OWNERS_MAX]]
    more = len(owners) - OWNERS_MAX
    return [context(" · ".join(named) + (f" · and {more} more people" if more > 0 else ""))]


def digest(data: Mapping[str, Any]) -> list[Block]:
    """Render what happened to keys since the last digest."""
    lines = [
        f"*{int(data['made']):,}* created, *{int(data['revoked']):,}* revoked",
        f"*{int(data['expiring']):,}* expire within 30 days",
        f"*{int(data['idle']):,}* idle for 90 days, *{int(data['never_used']):,}* never used",
    ]
    since = date(_parse_time(data["since"]), DAY, before="since ")
    head = f"API keys {since}: {int(data['total']):,} work."
    return [section(head), context(" · ".join(lines))]


def _parse_time(text: str) -> datetime:
    return datetime.fromisoformat(str(text))


def files_follow() -> str:
    """Return the comment beside the files."""
    return "The report of the audit: a table, a signed record, and a chart of the last year."

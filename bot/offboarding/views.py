"""The live message with a leaver's keys, and the modals of an offboarding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.ui import ids, inputs, key_facts
from bot.ui.blocks import (
    Block,
    Element,
    Message,
    View,
    about,
    actions,
    bullets,
    button,
    clip,
    confirm_dialog,
    context,
    date,
    escape,
    line,
    message,
    modal,
    name_of,
    person,
    person_by_name,
    result_modal,
    section,
    sentence,
    text_element,
)
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.models import KeyView
from keys.offboarding.models import BulkAction, OffboardingItem, OffboardingView, Result, Stage

# Keys shown at once; the next ones move up. A message holds 50 blocks.
ITEMS_MAX = 8
RESULTS_MAX = 20
_STEPS = 10
_LEFT = {"deactivated": " was deactivated.", "guest": " is a guest now."}
_RESULTS = {
    Result.ROTATED: "rotated",
    Result.REVOKED: "revoked",
    Result.HANDED_OVER: "handed over",
    Result.KEPT: "kept",
    Result.EXPIRED: "expired",
}
_REQUESTED = {
    BulkAction.ROTATE: "It is about to be rotated.",
    BulkAction.REVOKE: "It is about to be revoked.",
    BulkAction.HAND_OVER: "It is about to be handed over.",
}


def ask(ref: ActionPayload) -> View:
    """Render the modal that asks who leaves."""
    blocks = [
        section("You will see every key that they created, own, or have the token of."),
        inputs.person(ids.PERSON, "Who leaves?", None),
    ]
    return modal("Offboard someone", ids.OFFBOARD_MODAL, blocks, submit="Continue", ref=ref)


def question(
    person_id: str, keys: int, sent: int, elsewhere: int, channel: str, ref: ActionPayload
) -> Message:
    """Render the question to the admin alone, before anything can be read by others.

    Args:
        keys, sent: how many keys they have, and how many of these whose token they were sent.
        elsewhere: how many were imported, so that they may have their tokens all the same.
        channel: the team's channel; an id is not shown.
    """
    where = channel if channel.startswith("#") else "the channel"
    tokens = {0: "no token was", 1: "1 token was"}.get(sent, f"{sent:,} tokens were")
    others = "1 was" if elsewhere == 1 else f"{elsewhere:,} were"
    made = [f" {others} made elsewhere, and they may have those too."] if elsewhere else []
    return message(
        sentence(_who(person_id), f" has {keys_in_words(keys)}; {tokens} sent to them.", *made),
        section(
            f"Nothing has started. Everyone in {escape(where)} would read who is leaving. Start "
            "privately to get the list as a direct message."
        ),
        actions(
            button("Start privately", ids.OFFBOARD_START_PRIVATELY, ref, style="primary"),
            button(clip(f"Start in {where}", 75), ids.OFFBOARD_START, ref),
        ),
    )


def begun(person_id: str, *, private: bool) -> Message:
    """Render the reply to the admin who started it."""
    where = "your direct messages with this app" if private else "the team’s channel"
    return message(
        sentence(
            "The keys of ", _who(person_id), f" are in {where}. Decide about each one there."
        ),
    )  # fmt: skip


def nothing(person_id: str) -> Message:
    """Render that there is nothing to do."""
    return message(
        sentence(_who(person_id), " has not created or received any active key, and owns none."),
    )


def for_team(found: OffboardingView, ref: ActionPayload) -> Message:
    """Render the message in the team's channel.

    Args:
        ref: the payload of all buttons, with the offboarding's id; keys are added to it.
    """
    blocks: list[Block] = [sentence(_who(found.person), _LEFT.get(found.why, " is leaving."))]
    if found.returned and found.stage is Stage.OPEN:
        blocks.append(
            section("They are a full member again. Close this if there is nothing to do.")
        )
    blocks += [section(_progress(found)), context(_lists(found))]
    if found.stage is Stage.OPEN:
        blocks += _work(found, ref)
    else:
        blocks += _end(found)
    return message(*blocks)


def _progress(found: OffboardingView) -> str:
    total, done = len(found.items), len(found.items) - len(found.open_items)
    full = done * _STEPS // total
    bar = "█" * full + "░" * (_STEPS - full)
    return f"{bar}  {done:,} of {keys_in_words(total)} handled"


def keys_in_words(count: int) -> str:
    """Return a count of keys, such as `1 key`."""
    return "1 key" if count == 1 else f"{count:,} keys"


def counts(results: Mapping[str, int]) -> str:
    """Return counted results, such as `2 rotated, 1 revoked`."""
    named = [(words, results.get(result, 0)) for result, words in _RESULTS.items()]
    return ", ".join(f"{count:,} {words}" for words, count in named if count) or "no changes"


def _lists(found: OffboardingView) -> str:
    relations = [item.relations for item in found.items]
    sent = sum(relation.sent for relation in relations)
    lists = (
        ("token sent to them" if sent == 1 else "tokens sent to them", sent),
        ("owned by them", sum(relation.owned for relation in relations)),
        ("created by them", sum(relation.created for relation in relations)),
    )
    return " · ".join(f"{count:,} {what}" for what, count in lists if count)


def _work(found: OffboardingView, ref: ActionPayload) -> list[Block]:
    left = found.open_items
    blocks = [block for item in left[:ITEMS_MAX] for block in _item(item, found.person, ref)]
    if len(left) > ITEMS_MAX:
        more = keys_in_words(len(left) - ITEMS_MAX)
        blocks.append(context(f"{more} more. They appear as you handle these."))
    return [*blocks, {"type": "divider"}, _all(found, ref)]


def _item(item: OffboardingItem, who: str, ref: ActionPayload) -> list[Block]:
    blocks = [sentence(name_of(item.key)), context(_relations(item, who))]
    if item.problem:
        blocks.append(sentence(text_element(item.problem)))
    if item.action is not None:
        return [*blocks, context(_REQUESTED[item.action])]
    buttons = _buttons(item, replace(ref, key=item.key.id))
    return [*blocks, actions(*(about(item.key.name, each) for each in buttons))]


def _relations(item: OffboardingItem, who: str) -> str:
    relations = ["has its token"] if item.knows else []
    if _may_know(item):
        relations.append("may have its token, which was made elsewhere")
    if item.key.owner == who:
        relations.append("owns it")
    elif item.key.backup_owner == who:
        relations.append("is its backup owner")
    if item.relations.created:
        relations.append("created it")
    return " · ".join([f"`{item.key.hint}`", *relations, key_facts.last_use(item.key)])


def _may_know(item: OffboardingItem) -> bool:
    """Return whether they may have the token without having been sent it here."""
    return item.key.imported and not item.knows


def _buttons(item: OffboardingItem, ref: ActionPayload) -> Sequence[Element]:
    of_key = replace(ref, about="")
    rotating = item.knows or item.key.imported
    rotate = button("Rotate", ids.ROTATE, of_key, style="primary" if rotating else None)
    revoke = button("Revoke", ids.REVOKE, of_key)
    style = None if rotating else "primary"
    transfer = button("Hand over", ids.OFFBOARD_HAND_OVER, ref, style=style)
    return [rotate, *([transfer] if item.owns else []), _keep(item, ref), revoke]


def _keep(item: OffboardingItem, ref: ActionPayload) -> Element:
    if item.knows:
        text = "They were sent its token, and may still have it. The key will keep working."
    elif _may_know(item):
        text = "They may have its token from before the import. The key will keep working."
    else:
        text = "The key will not be changed."
    return button(
        "Keep",
        ids.OFFBOARD_KEEP,
        ref,
        confirm=confirm_dialog("Keep this key?", text, "Keep", danger=False),
    )


def _all(found: OffboardingView, ref: ActionPayload) -> Block:
    elements: list[Element] = []
    left = [item for item in found.open_items if item.action is None]
    number = keys_in_words(len(left))
    if len(left) > 1:
        elements = [
            button(
                "Rotate all",
                ids.OFFBOARD_ROTATE_ALL,
                ref,
                confirm=confirm_dialog(
                    f"Rotate {number}?",
                    "New tokens go to the owners, or to you for keys of the leaver. The old tokens "
                    "keep working for 24 hours.",
                    "Rotate all",
                    danger=False,
                ),
            ),
            button(
                "Revoke all",
                ids.OFFBOARD_REVOKE_ALL,
                ref,
                style="danger",
                confirm=confirm_dialog(
                    f"Revoke {number}?",
                    "Programs that use them are refused at their next request. This cannot be "
                    "undone.",
                    "Revoke all",
                ),
            ),
        ]
        if any(item.owns for item in left):
            elements.insert(1, button("Hand over all", ids.OFFBOARD_HAND_OVER_ALL, ref))
    stop = confirm_dialog(
        "Close this offboarding?",
        "Keys that are not handled will not be changed.",
        "Close",
        danger=False,
    )
    return actions(*elements, button("Close", ids.OFFBOARD_CLOSE, ref, confirm=stop))


def _end(found: OffboardingView) -> list[Block]:
    done = [item for item in found.items if item.result is not None]
    blocks = [bullets([_result(item) for item in done[:RESULTS_MAX]])] if done else []
    if len(done) > RESULTS_MAX:
        blocks.append(context(f"And {keys_in_words(len(done) - RESULTS_MAX)} more."))
    if found.stage is Stage.FINISHED:
        return [*blocks, context(f"Every key is handled{date(found.ended_at, before=', ')}.")]
    by: list[Element | str] = [" by ", person(found.ended_by)] if found.ended_by else []
    left = keys_in_words(len(found.open_items))
    return [*blocks, sentence("This was closed", *by, f". {left} not handled.")]


def _result(item: OffboardingItem) -> Element:
    done = _RESULTS[item.result] if item.result is not None else ""
    by: list[Element | str] = []
    if item.by is not None and item.by.kind != "system":
        by = [" by ", person(item.by)]
    return line(name_of(item.key), f": {done}", *by)


def transfer_modal(key: KeyView | None, count: int, ref: ActionPayload) -> View:
    """Render the modal that asks for the new owner.

    Args:
        key: None for all keys at once.
        count: how many keys there are.
    """
    what: Element | str = name_of(key) if key is not None else keys_in_words(count)
    blocks = [
        sentence("Choose the new owner of ", what, ". The tokens stay the same."),
        inputs.person(ids.PERSON, "New owner", None),
        context("If the leaver was sent a token, rotate that key as well."),
    ]
    return modal("Hand over", ids.HAND_OVER_MODAL, blocks, submit="Hand over", ref=ref)


def ownership_transferred(person_id: str, count: int) -> View:
    """Render the result."""
    done = sentence(person(Actor.person(person_id)), f" now owns {keys_in_words(count)}.")
    return result_modal("Handed over", [done])


def in_progress(count: int) -> View:
    """Render the result for many keys at once."""
    done = section(f"Handing over {keys_in_words(count)}. The message shows the progress.")
    return result_modal("In progress", [done])


def _who(person_id: str) -> Element:
    """Name the person who leaves; a mention would tell them."""
    return person_by_name(person_id)

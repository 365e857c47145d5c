"""Handle the commands and buttons of a review, which users know as an audit."""

from __future__ import annotations

from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.reviews import bulk, item_view, summary_view
from bot.token_delivery.deliver import delivery_deadline
from bot.token_delivery.rotate import rotate_and_deliver
from bot.ui import form_values, ids, replies, revocation
from bot.ui.payloads import ActionPayload
from keys.base.ids import new_id
from keys.base.models import State
from keys.changes import live_messages
from keys.changes.authorization import admins
from keys.changes.operation import Outcome
from keys.changes.outbox import to_person
from keys.jobs import cron
from keys.operations import (
    AskOwner,
    KeepInReview,
    RevokeInReview,
    RotateInReview,
    StartReview,
    UndoKeep,
)
from keys.reviews import queries
from keys.reviews.models import ASKED, ReviewItem, ReviewView, Stage
from keys.reviews.rules import list_reader, review_owner


def start(interaction: Interaction) -> None:
    """Start a review now, unless one is open."""
    context = interaction.context
    with context.reading() as session:
        found = queries.newest(session)
    open_before = found is not None and found.stage is Stage.OPEN
    period = f"{ASKED}{new_id('req')}"
    id_ = interaction.execute(StartReview(period=period)).value
    interaction.say(summary_view.begun(_get(context, id_), before=open_before))


def status(interaction: Interaction) -> None:
    """Show how far the review is, and when the next one starts."""
    context = interaction.context
    with context.reading() as session:
        found = queries.newest(session)
    rules, now = context.policy.audits, context.clock.now()
    next_run = None
    if rules.schedule:
        next_run = cron.next_run(rules.schedule, context.policy.timezone, now)
    interaction.say(summary_view.status(found, next_run, interaction.ref()))


def keep(interaction: Interaction) -> None:
    """Keep a key."""
    interaction.acknowledge()
    ref = interaction.payload
    outcome = interaction.execute(KeepInReview(review=ref.about, key=ref.key))
    _show_decision(interaction, outcome)


def undo(interaction: Interaction) -> None:
    """Undo the decision to keep a key; the choice in the modal undoes it for many."""
    ref = interaction.payload
    if ref.do == item_view.TEAM:
        interaction.choose(bulk.UNDO, ref)
        return
    interaction.acknowledge()
    outcome = interaction.execute(UndoKeep(review=ref.about, key=ref.key))
    _show_decision(interaction, outcome)


def _show_decision(interaction: Interaction, outcome: Outcome[ReviewItem]) -> None:
    """Show the decision in the modal about one key.

    A list shows it in the key's own place, so it is told only to a user who changed nothing.
    """
    if interaction.payload.do == item_view.ONE:
        bulk.show_one(interaction, outcome.value)
    elif not outcome.changed:
        interaction.say(item_view.decided(outcome.value))


def open_keep(interaction: Interaction, ref: ActionPayload) -> None:
    """Ask why a key is kept."""
    item = _item(interaction.context, ref)
    interaction.acknowledge()
    interaction.open(item_view.say_why(item.key, interaction.ref(about=ref.about, key=ref.key)))


def kept(interaction: Interaction) -> None:
    """Keep a key, with a reason."""
    ref, view = interaction.payload, interaction.view
    outcome = interaction.submit(
        lambda: KeepInReview(
            review=ref.about, key=ref.key, reason=form_values.text(view, ids.REASON)
        )
    )
    if outcome is not None:
        interaction.show(item_view.result(item_view.decided(outcome.value)))


def rotate(interaction: Interaction) -> None:
    """Rotate a key: through the modal for admins, directly from an owner's own list."""
    ref, context = interaction.payload, interaction.context
    item = _item(context, ref)
    if item.key.state is not State.ACTIVE or item.decision is not None:
        interaction.say(item_view.decided(item))
    elif ref.do != item_view.MINE:
        interaction.choose(ids.DO_ROTATE, ref)
    else:
        interaction.acknowledge()
        operation = RotateInReview(
            review=ref.about,
            key=ref.key,
            idempotency_key=new_id("req"),
            deadline=delivery_deadline(context),
            method=context.policy.delivery,
        )
        caller = interaction.caller(operation.allow)
        error = rotate_and_deliver(context, caller, operation, interaction.person.user_id)
        if error:
            interaction.say(replies.domain_error(error))


def revoke(interaction: Interaction) -> None:
    """Revoke a key: admins are asked first; an owner's button has a dialog of its own."""
    ref = interaction.payload
    if ref.do != item_view.MINE:
        interaction.choose(ids.DO_REVOKE, ref)
        return
    interaction.acknowledge()
    outcome = interaction.execute(RevokeInReview(review=ref.about, key=ref.key))
    reached = outcome.propagation
    if not (outcome.changed and reached is not None and reached.everywhere):
        interaction.say(revocation.outcome(outcome))


def ask_owner(interaction: Interaction) -> None:
    """Ask the owner of a key."""
    interaction.acknowledge()
    ref = interaction.payload
    item = interaction.execute(AskOwner(review=ref.about, key=ref.key)).value
    if ref.do == item_view.ONE:
        bulk.show_one(interaction, item)
    else:
        interaction.say(
            item_view.owner_asked(item) if item.decision is None else item_view.decided(item)
        )


def menu(interaction: Interaction) -> None:
    """Handle the entries of a key's menu; each has its own rule."""
    ref = interaction.payload
    if ref.do == ids.DO_KEEP:
        open_keep(interaction, ref)
    else:
        interaction.choose(ref.do, ref)


def turn_page(interaction: Interaction) -> None:
    """Show another page of the user's own list.

    Lists of the team that an earlier version posted have the same buttons: they open the modal.
    """
    ref, context = interaction.payload, interaction.context
    if ref.do == item_view.TEAM:
        interaction.choose(item_view.TEAM, ref)
        return
    interaction.acknowledge()
    skip = int(ref.cursor) if ref.cursor.isascii() and ref.cursor.isdigit() else 0
    now = context.clock.now()
    with context.writing() as session:
        live_messages.set_data(
            session, queries.MESSAGE_KIND, ref.query, to_person(interaction.person.user_id),
            {"skip": skip, "since": now.isoformat()}, now,
        )  # fmt: skip
    context.wake()


def _get(context: Context, audit_id: str) -> ReviewView:
    with context.reading() as session:
        return queries.get(session, audit_id)


def _item(context: Context, ref: ActionPayload) -> ReviewItem:
    with context.reading() as session:
        return queries.item(session, ref.about, ref.key)


router = Router()
router.action(ids.AUDIT, allow=admins)(status)
router.action(ids.AUDIT_START, allow=admins)(start)
router.action(ids.AUDIT_ASK, allow=admins)(ask_owner)
# A key's owner decides about it like an admin; the menu's other entries are for admins.
for _id, _decide in {
    ids.AUDIT_KEEP: keep,
    ids.AUDIT_ROTATE: rotate,
    ids.AUDIT_REVOKE: revoke,
    ids.AUDIT_MENU: menu,
}.items():
    router.action(_id, allow=admins | review_owner)(_decide)
router.view(ids.AUDIT_KEEP_MODAL, allow=admins | review_owner)(kept)
router.action(ids.AUDIT_UNDO, allow=admins | review_owner)(undo)
# Owners page through their own lists; the modal has all keys, so that is for admins.
router.action(ids.AUDIT_PREVIOUS_PAGE, allow=admins | list_reader)(turn_page)
router.action(ids.AUDIT_NEXT_PAGE, allow=admins | list_reader)(turn_page)
router.choice(item_view.TEAM, allow=admins)(bulk.open_review)

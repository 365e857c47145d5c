"""The audit in Slack: begun, gone through, asked about, and its evidence handed out."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router, permitted
from bot.reviews import chart, views
from bot.slack_api.backoff import LEASE, LONGEST_PAUSE
from bot.slack_api.client import Attached
from bot.slack_api.errors import MissingScope, SlackError
from bot.token_delivery.deliver import delivery_deadline, say
from bot.token_delivery.rotate import rotate_and_deliver
from bot.ui import form_values, ids, replies, revocation
from bot.ui.payloads import ActionPayload
from keys.base import accounts
from keys.base.errors import InvalidState
from keys.base.ids import new_id
from keys.base.models import State
from keys.changes import live_messages
from keys.changes.authorization import Caller, admins, everyone
from keys.changes.change import change
from keys.changes.operation import execute
from keys.changes.outbox import TEAM, to_person
from keys.jobs import cron, periodic
from keys.operations import (
    AskOwner,
    KeepInReview,
    RevokeInReview,
    RotateInReview,
    StartReview,
)
from keys.reviews import activity_digest, evidence, lifecycle, progress, queries
from keys.reviews.operations import review_owner
from keys.reviews.queries import ReviewItem, ReviewView, Stage
from keys.search import search
from keys.usage import trends

logger = logging.getLogger("bot")

_SCHEDULE = Caller.system("schedule")


# --- commands -------------------------------------------------------------------------------------


def start(interaction: Interaction) -> None:
    """Begins an audit now, unless one is under way."""
    context = interaction.context
    with context.reading() as session:
        found = queries.newest(session)
    open_before = found is not None and found.stage is Stage.OPEN
    period = f"{lifecycle.ASKED}{new_id('req')}"
    id_ = interaction.execute(StartReview(period=period)).value
    interaction.say(views.begun(_get(context, id_), before=open_before))


def status(interaction: Interaction) -> None:
    """How far the audit is, and when the next one begins."""
    context = interaction.context
    with context.reading() as session:
        found = queries.newest(session)
    rules, now = context.policy.audits, context.clock.now()
    following = None
    if rules.schedule:
        following = cron.next_run(rules.schedule, context.policy.timezone, now)
    interaction.say(views.status(found, following, interaction.ref()))


def export(interaction: Interaction) -> None:
    """Sends the evidence of the newest audit to whoever asked."""
    context, person = interaction.context, interaction.person.user_id
    with context.reading() as session:
        found = queries.newest(session)
    if found is None:
        interaction.say(replies.domain_error("There was no audit yet."))
        return
    interaction.say(replies.domain_error("The files come to your direct messages with this app."))
    try:
        channel = context.slack.open_dm(person)
        context.slack.upload(channel, files(context, found), views.files_follow())
    except MissingScope:
        say(context, person, _NO_FILES)
    except SlackError as error:
        say(context, person, f"The evidence was not sent. {error}")


_NO_FILES = (
    "The app may not send files here: the optional scope “files:write” was not granted. At the "
    "command line “apikeys audit export” writes the same."
)


def files(context: Context, audit: ReviewView) -> list[Attached]:
    """The evidence as a table and as a signed record, and a picture of the last year."""
    now = context.clock.now()
    day = context.policy.today(audit.created_at)
    with context.reading() as session:
        table = "".join(evidence.table(session, audit.id))
        record = evidence.serialize(session, audit.id, context.services.peppers)
        weeks = trends.weeks(session, now.astimezone(UTC).date())
    return [
        Attached(f"audit-{day}.csv", table.encode(), f"Audit of {day}"),
        Attached(f"audit-{day}.json", record.encode(), f"Audit of {day}, signed"),
        Attached(
            f"keys-{day}.png",
            chart.keys_and_use(weeks),
            "Keys and their use over the last year",
            alt=f"{weeks[-1].keys} keys work; they were used {weeks[-1].uses} times in the last "
            "week.",
        ),
    ]


# --- what is pressed ------------------------------------------------------------------------------


def keep(interaction: Interaction) -> None:
    """Says that a key stays."""
    interaction.acknowledge()
    ref = interaction.payload
    item = interaction.execute(KeepInReview(review=ref.about, key=ref.key)).value
    interaction.say(views.decided(item))


def open_keep(interaction: Interaction, ref: ActionPayload) -> None:
    """Asks why a key stays."""
    item = _item(interaction.context, ref)
    interaction.acknowledge()
    view = views.say_why(item.key, interaction.ref(about=ref.about, key=ref.key))
    interaction.context.slack.open_view(interaction.trigger, view)


def kept(interaction: Interaction) -> None:
    """Says that a key stays, and why."""
    ref, view = interaction.payload, interaction.view
    outcome = interaction.submit(
        lambda: KeepInReview(
            review=ref.about, key=ref.key, reason=form_values.text(view, ids.REASON)
        )
    )
    if outcome is not None:
        interaction.show(views.result(views.decided(outcome.value)))


def rotate(interaction: Interaction) -> None:
    """Opens the modal for admins; from somebody's own list a new token comes to them at once."""
    ref, context = interaction.payload, interaction.context
    item = _item(context, ref)
    if item.key.state is not State.ACTIVE or item.decision is not None:
        interaction.say(views.decided(item))
    elif ref.do != views.MINE:
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
        why = rotate_and_deliver(context, caller, operation, interaction.person.user_id)
        if why:
            interaction.say(replies.domain_error(why))


def revoke(interaction: Interaction) -> None:
    """Asks admins first; from somebody's own list the button itself has asked."""
    ref = interaction.payload
    if ref.do != views.MINE:
        interaction.choose(ids.DO_REVOKE, ref)
        return
    interaction.acknowledge()
    outcome = interaction.execute(RevokeInReview(review=ref.about, key=ref.key))
    interaction.say(revocation.outcome(outcome))


def ask_owner(interaction: Interaction) -> None:
    """Has the owner of a key asked."""
    interaction.acknowledge()
    ref = interaction.payload
    item = interaction.execute(AskOwner(review=ref.about, key=ref.key)).value
    interaction.say(views.owner_asked(item) if item.decision is None else views.decided(item))


def menu(interaction: Interaction) -> None:
    """Does what a key's menu offers; each entry has its own rule."""
    ref = interaction.payload
    if ref.do == ids.DO_KEEP:
        open_keep(interaction, ref)
    else:
        interaction.choose(ref.do, ref)


def turn_page(interaction: Interaction) -> None:
    """Shows another page, of the team's list to all, of somebody's own to them."""
    ref, context = interaction.payload, interaction.context
    if ref.do == views.TEAM and not permitted(interaction, admins):
        return
    interaction.acknowledge()
    recipient = TEAM if ref.do == views.TEAM else to_person(interaction.person.user_id)
    skip = int(ref.cursor) if ref.cursor.isascii() and ref.cursor.isdigit() else 0
    with context.writing() as session:
        live_messages.set_data(
            session, queries.MESSAGE_KIND, ref.query, recipient, {"skip": skip},
            context.clock.now(),
        )  # fmt: skip
    context.wake()


# --- what is due ----------------------------------------------------------------------------------


def begin_when_due(context: Context) -> bool:
    """Begins the audit of the schedule's last moment, if that had none; False if it had."""
    rules = context.policy.audits
    scheduled_at = _due(context, rules.schedule)
    if scheduled_at is None:
        return False
    period = scheduled_at.astimezone(UTC).isoformat(timespec="minutes")
    with context.reading() as session:
        if not queries.is_due(session, period) or not queries.are_keys(session):
            return False
    try:
        execute(context.services, _SCHEDULE, StartReview(period=period), wait=0)
    except InvalidState:
        return False
    return True


def digest_when_due(context: Context) -> bool:
    """Posts the digest of the schedule's last moment, if that had none; False if it had."""
    scheduled_at = _due(context, context.policy.audits.digest)
    if scheduled_at is None:
        return False
    with context.reading() as session:
        if not periodic.is_scheduled_run_due(session, "digest", scheduled_at):
            return False
    with change(context.services, _SCHEDULE.actor) as made:
        before = periodic.claim_scheduled_run(made.session, "digest", scheduled_at)
        if before is not None:
            activity_digest.post(made, before)
    return True


def _due(context: Context, schedule: str) -> datetime | None:
    """The schedule's last moment, unless the team's keys are younger."""
    if not schedule:
        return None
    scheduled_at = cron.last(schedule, context.policy.timezone, context.clock.now())
    with context.reading() as session:
        created_at = search.account_created_at(session)
    return scheduled_at if scheduled_at is not None and scheduled_at > created_at else None


def post_evidence(context: Context) -> bool:
    """Puts the evidence of an audit that has ended below its summary; False if there is none."""
    now = context.clock.now()
    with context.reading() as session:
        if not progress.has_evidence_to_post(session):
            return False
    with context.writing() as session:
        audit = progress.claim_evidence_posting(session, now, LEASE)
        place = accounts.channel(session)
    if audit is None:
        return False
    if place is not None:
        try:
            context.slack.upload(place, files(context, audit), views.files_follow())
        except MissingScope:
            logger.info("the evidence is not posted: files:write was not granted")
        except SlackError as error:
            logger.warning("the evidence is not posted yet: %s", error)
            with context.writing() as session:
                at = context.clock.now() + LONGEST_PAUSE
                progress.postpone_evidence(session, audit.id, at)
            return True
    with context.writing() as session:
        progress.mark_evidence_posted(session, audit.id, context.clock.now())
    return True


# Done now and then, one of each in a round of the background.
JOBS = (begin_when_due, post_evidence, digest_when_due)


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
# A key's owner decides about it like an admin; what else the menu offers is for admins.
for _id, _decide in {
    ids.AUDIT_KEEP: keep,
    ids.AUDIT_ROTATE: rotate,
    ids.AUDIT_REVOKE: revoke,
    ids.AUDIT_MENU: menu,
}.items():
    router.action(_id, allow=admins | review_owner)(_decide)
router.view(ids.AUDIT_KEEP_MODAL, allow=admins | review_owner)(kept)
# Owners turn the pages of their own lists; the team's is for admins.
router.action(ids.AUDIT_BACK, allow=everyone)(turn_page)
router.action(ids.AUDIT_ON, allow=everyone)(turn_page)

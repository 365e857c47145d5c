"""The audit in Slack: begun, gone through, asked about, and its evidence handed out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from bot.authorization.admins import Allowed, Denied
from bot.browse_keys import pages
from bot.framework.context import Context
from bot.framework.interaction import Turn, refuse
from bot.manage_keys.issue import say
from bot.reviews import chart, views
from bot.rotation import handlers
from bot.slack_api.backoff import LEASE, LONGEST_PAUSE
from bot.slack_api.client import Attached
from bot.slack_api.errors import MissingScope, SlackError
from bot.ui import form_values, ids, replies
from bot.ui.payloads import Ref
from keys.base import accounts
from keys.base.errors import NotPossibleNow
from keys.base.ids import new_id
from keys.base.models import Actor, State
from keys.changes import live_messages
from keys.changes.outbox import TEAM, to_person
from keys.jobs import cron, periodic
from keys.reviews import activity_digest, evidence, operations, progress, queries
from keys.reviews.queries import AuditView, Item, Stage
from keys.rotation.rotations import GRACE_DEFAULT
from keys.search import search
from keys.usage import trends

logger = logging.getLogger("bot")

_SCHEDULE = Actor.system("schedule")


# --- commands -------------------------------------------------------------------------------------


def start(turn: Turn) -> None:
    """Begins an audit now, unless one is under way."""
    context = turn.context
    with context.reading() as session:
        found = queries.newest(session)
    open_before = found is not None and found.stage is Stage.OPEN
    with context.writing() as session:
        id_ = operations.begin(
            context.service, session, turn.actor,
            f"{operations.ASKED}{new_id('req')}", context.policy.audits,
        )  # fmt: skip
    context.nudge()
    turn.say(views.begun(_get(context, id_), before=open_before))


def status(turn: Turn) -> None:
    """How far the audit is, and when the next one begins."""
    context = turn.context
    with context.reading() as session:
        found = queries.newest(session)
    rules, now = context.policy.audits, context.clock.now()
    following = None
    if rules.schedule:
        following = cron.following(rules.schedule, context.policy.timezone, now)
    turn.say(views.status(found, following, turn.ref()))


def export(turn: Turn) -> None:
    """Sends the evidence of the newest audit to whoever asked."""
    context, person = turn.context, turn.person.user_id
    with context.reading() as session:
        found = queries.newest(session)
    if found is None:
        turn.say(replies.told("There was no audit yet."))
        return
    turn.say(replies.told("The files come to your direct messages with this app."))
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


def files(context: Context, audit: AuditView) -> list[Attached]:
    """The evidence as a table and as a signed record, and a picture of the last year."""
    now = context.clock.now()
    day = context.policy.today(audit.created_at)
    with context.reading() as session:
        table = "".join(evidence.table(session, audit.id))
        record = evidence.written(session, audit.id, context.service.peppers)
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


def keep(turn: Turn) -> None:
    """Says that a key stays."""
    ref = _pressed(turn)
    if not _may(turn, ref):
        return
    turn.acknowledge()
    turn.say(views.decided(_keep(turn, ref, "")))


def open_keep(turn: Turn, ref: Ref) -> None:
    """Asks why a key stays."""
    if not _may(turn, ref):
        return
    item = _item(turn.context, ref)
    turn.acknowledge()
    view = views.say_why(item.key, turn.ref(about=ref.about, key=ref.key))
    turn.context.slack.open_view(turn.trigger, view)


def kept(turn: Turn) -> None:
    """Says that a key stays, and why."""
    ref = Ref.decode(turn.view.get("private_metadata"))
    if not _may(turn, ref):
        return
    if errors := form_values.with_token(turn.view, ids.REASON):
        turn.refuse_inputs(errors)
        return
    item = _keep(turn, ref, form_values.text(turn.view, ids.REASON))
    turn.show(views.result(views.decided(item)))


def _keep(turn: Turn, ref: Ref, reason: str) -> Item:
    context = turn.context
    with context.writing() as session:
        item = operations.keep(context.service, session, ref.about, ref.key, turn.actor, reason)
    context.nudge()
    return item


def rotate(turn: Turn) -> None:
    """Opens the modal for admins; from somebody's own list a new token comes to them at once."""
    ref, context = _pressed(turn), turn.context
    if not _may(turn, ref):
        return
    item = _item(context, ref)
    if item.key.state is not State.ACTIVE or item.decision is not None:
        turn.say(views.decided(item))
    elif ref.do != views.MINE:
        handlers.open_rotate(turn, item.key)
    else:
        turn.acknowledge()
        person = turn.person.user_id
        why = handlers.rotate(context, ref.key, turn.actor, person, GRACE_DEFAULT, new_id("req"))
        context.nudge()
        if why:
            turn.say(replies.told(why))


def revoke(turn: Turn) -> None:
    """Asks admins first; from somebody's own list the button itself has asked."""
    ref, context = _pressed(turn), turn.context
    if not _may(turn, ref):
        return
    if ref.do != views.MINE:
        turn.say(pages.question(turn, _item(context, ref).key))
        return
    turn.acknowledge()
    with context.writing() as session:
        context.service.revoke(session, ref.key, turn.actor)
    context.nudge()
    turn.say(replies.told(f"“{_item(context, ref).key.name}” was revoked."))


def ask_owner(turn: Turn) -> None:
    """Has the owner of a key asked."""
    turn.acknowledge()
    ref, context = _pressed(turn), turn.context
    with context.writing() as session:
        item = operations.ask_owner(context.service, session, ref.about, ref.key, turn.actor)
    context.nudge()
    turn.say(views.owner_asked(item) if item.decision is None else views.decided(item))


def menu(turn: Turn) -> None:
    """What a key's menu offers; what only admins may is checked here."""
    ref = Ref.decode((turn.action.get("selected_option") or {}).get("value"))
    if ref.do == ids.DO_KEEP:
        open_keep(turn, ref)
        return
    allowed = turn.context.admins.check(turn.person)
    if isinstance(allowed, Denied):
        refuse(turn, allowed)
    else:
        pages.do(turn, ref)


def turn_page(turn: Turn) -> None:
    """Shows another page, of the team's list to all, of somebody's own to them."""
    ref, context = _pressed(turn), turn.context
    if ref.do == views.TEAM:
        allowed = context.admins.check(turn.person)
        if isinstance(allowed, Denied):
            refuse(turn, allowed)
            return
    turn.acknowledge()
    audience = TEAM if ref.do == views.TEAM else to_person(turn.person.user_id)
    skip = int(ref.cursor) if ref.cursor.isascii() and ref.cursor.isdigit() else 0
    with context.writing() as session:
        live_messages.set_data(
            session, queries.KIND, ref.query, audience, {"skip": skip},
            context.clock.now(),
        )  # fmt: skip
    context.nudge()


def _may(turn: Turn, ref: Ref) -> bool:
    """Whether they may decide about this key; if not, they are told."""
    context = turn.context
    allowed = context.admins.check(turn.person)
    if isinstance(allowed, Denied):
        belongs = context.admins.belongs(turn.person)
        with context.reading() as session:
            theirs = queries.may_decide(session, ref.about, ref.key, turn.person.user_id)
        if not (isinstance(belongs, Allowed) and theirs):
            refuse(turn, allowed)
            return False
    return True


# --- what is due ----------------------------------------------------------------------------------


def begin_when_due(context: Context) -> bool:
    """Begins the audit of the schedule's last moment, if that had none; False if it had."""
    rules = context.policy.audits
    moment = _due(context, rules.schedule)
    if moment is None:
        return False
    period = moment.astimezone(UTC).isoformat(timespec="minutes")
    with context.reading() as session:
        if not queries.is_due(session, period) or not queries.are_keys(session):
            return False
    try:
        with context.writing() as session:
            operations.begin(context.service, session, _SCHEDULE, period, rules)
    except NotPossibleNow:
        return False
    return True


def digest_when_due(context: Context) -> bool:
    """Posts the digest of the schedule's last moment, if that had none; False if it had."""
    now = context.clock.now()
    moment = _due(context, context.policy.audits.digest)
    if moment is None:
        return False
    with context.reading() as session:
        if not periodic.moment_is_due(session, "digest", moment):
            return False
    with context.writing() as session:
        before = periodic.claim_moment(session, "digest", moment)
        if before is not None:
            activity_digest.tell(session, before, now)
    return True


def _due(context: Context, schedule: str) -> datetime | None:
    """The schedule's last moment, unless the team's keys are younger."""
    if not schedule:
        return None
    moment = cron.last(schedule, context.policy.timezone, context.clock.now())
    with context.reading() as session:
        began = search.began(session)
    return moment if moment is not None and moment > began else None


def file_evidence(context: Context) -> bool:
    """Puts the evidence of an audit that has ended below its summary; False if there is none."""
    now = context.clock.now()
    with context.reading() as session:
        if not progress.is_to_be_filed(session):
            return False
    with context.writing() as session:
        audit = progress.claim_to_file(session, now, LEASE)
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
                progress.file_later(session, audit.id, at)
            return True
    with context.writing() as session:
        progress.filed(session, audit.id, context.clock.now())
    return True


def steps(context: Context) -> list[Callable[[], bool]]:
    """Everything that is due now and then, for the schedule."""
    due = (begin_when_due, file_evidence, digest_when_due)
    return [lambda one=one: one(context) for one in due]  # type: ignore[misc]


def _pressed(turn: Turn) -> Ref:
    return Ref.decode(turn.action.get("value"))


def _get(context: Context, audit_id: str) -> AuditView:
    with context.reading() as session:
        return queries.get(session, audit_id)


def _item(context: Context, ref: Ref) -> Item:
    with context.reading() as session:
        return queries.item(session, ref.about, ref.key)

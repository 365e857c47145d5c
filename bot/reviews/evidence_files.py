"""Send the evidence of a review as files."""

from __future__ import annotations

from datetime import UTC

from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.reviews import chart, summary_view
from bot.slack_api.client import Attached
from bot.slack_api.errors import MissingScope, SlackError
from bot.token_delivery.deliver import say
from bot.ui import replies
from keys.base.errors import EvidenceMismatch
from keys.reviews import queries
from keys.reviews.evidence import export as evidence
from keys.reviews.models import ReviewView
from keys.usage import trends

_NO_FILES = (
    "The app may not send files here: the optional scope “files:write” was not granted. The "
    "command “apikeys audit export” writes the same files."
)


def export(interaction: Interaction) -> None:
    """Send the evidence of the newest review to the person who asked."""
    context, person = interaction.context, interaction.person.user_id
    with context.reading() as session:
        found = queries.newest(session)
    if found is None:
        interaction.say(replies.domain_error("There has been no audit yet."))
        return
    interaction.say(replies.domain_error("We'll send you the files in a direct message."))
    try:
        channel = context.slack.open_dm(person)
        context.slack.upload(channel, files(context, found), summary_view.files_follow())
    except MissingScope:
        say(context, person, _NO_FILES)
    except SlackError as error:
        say(context, person, f"The evidence was not sent. {error}")
    except EvidenceMismatch as error:
        say(context, person, str(error))


def files(context: Context, audit: ReviewView) -> list[Attached]:
    """Return the evidence as a table and as a signed record, and a chart of the last year.

    Raises:
        EvidenceMismatch: if the review's rows differ from the audit log.
    """
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

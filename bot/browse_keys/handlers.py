"""What people press: buttons, menus and the search."""

from __future__ import annotations

from datetime import timedelta

from slack_bolt import App

from bot.access_requests import handlers as requesting
from bot.browse_keys import check, export, help_view, pages
from bot.framework.context import COMMAND
from bot.framework.interaction import Interaction, listener
from bot.home import handlers as home
from bot.manage_keys import edit, revoke_view
from bot.manage_keys import revoke as revoking
from bot.offboarding import handlers as leaving
from bot.reviews import handlers as auditing
from bot.rotation import handlers as rotating
from bot.token_delivery import reveal, views
from bot.token_delivery.remove import Outcome, Removal
from bot.ui import ids, replies
from bot.ui.payloads import ActionPayload
from keys.base.models import State
from keys.delivery import deliveries

# A question older than this is asked anew: much may have changed since it was read.
QUESTION_LIFETIME = timedelta(hours=1)
_STORED = {
    Outcome.GONE: "The message with the token is gone already.",
    Outcome.LATER: "The token is still in the message, because Slack did not answer. "
    "The app tries again in a moment.",
    Outcome.REMAINS: "The token is still in the message, because Slack lets the app neither edit "
    "nor delete it. Ask an admin to rotate the key.",
}


def register(app: App) -> None:
    """Registers everything that can be pressed."""
    admins_only = {
        ids.NEW: pages.open_new,
        ids.LIST: lambda interaction: interaction.say(pages.keys(interaction, interaction.ref())),
        ids.SEARCH: search,
        ids.SHOW_ALL: lambda interaction: interaction.say(
            pages.keys(interaction, interaction.ref()), replace=True
        ),
        ids.PAGE_BACK: lambda interaction: _turn_page(interaction, back=True),
        ids.PAGE_ON: lambda interaction: _turn_page(interaction, back=False),
        ids.KEY_MENU: lambda interaction: pages.do(interaction, _chosen(interaction)),
        ids.KEY_CHOICE: lambda interaction: pages.do(interaction, _pressed(interaction)),
        ids.RENAME: lambda interaction: pages.open_rename(
            interaction, pages.get(interaction, _pressed(interaction).key)
        ),
        ids.REVOKE: lambda interaction: interaction.say(
            pages.question(interaction, pages.get(interaction, _pressed(interaction).key))
        ),
        ids.REVOKE_CONFIRMED: revoke_confirmed,
        ids.CANCEL: cancel,
        ids.ROTATE: lambda interaction: rotating.open_rotate(
            interaction, pages.get(interaction, _pressed(interaction).key)
        ),
        ids.EDIT: lambda interaction: edit.open_edit(
            interaction, pages.get(interaction, _pressed(interaction).key)
        ),
        ids.EXTEND: edit.open_extend,
        ids.LET_EXPIRE: edit.let_expire,
        ids.REQUEST_APPROVE: requesting.approve,
        ids.REQUEST_DENY: requesting.open_deny,
        ids.CHECK: check.open_check,
        ids.AUDIT: auditing.status,
        ids.AUDIT_START: auditing.start,
        ids.AUDIT_ASK: auditing.ask_owner,
        ids.EXPORT: lambda interaction: export.asked(interaction, ""),
        ids.OFFBOARD: lambda interaction: leaving.asked(interaction, ()),
        ids.OFFBOARD_KEEP: leaving.keep,
        ids.OFFBOARD_HAND_OVER: leaving.open_hand_over,
        ids.OFFBOARD_HAND_OVER_ALL: leaving.open_hand_over,
        ids.OFFBOARD_ROTATE_ALL: leaving.rotate_all,
        ids.OFFBOARD_REVOKE_ALL: leaving.revoke_all,
        ids.OFFBOARD_CLOSE: leaving.close,
        ids.HOME_SEARCH: home.search,
        ids.HOME_SHELF: home.choose_shelf,
        ids.ROTATION_END: rotating.end_now,
        ids.ROTATION_EXTEND: rotating.extend,
    }
    for action, work in admins_only.items():
        app.action(action)(listener(work))
    app.action(ids.HELP)(listener(show_guide, anyone=True))
    # Whoever owns keys may turn the pages of theirs.
    app.action(ids.HOME_BACK)(listener(home.turn_back, anyone=True))
    app.action(ids.HOME_ON)(listener(home.turn_on, anyone=True))
    # Whoever answers for a key may decide about it in an audit; the work itself checks.
    for action, decide in {
        ids.AUDIT_KEEP: auditing.keep,
        ids.AUDIT_ROTATE: auditing.rotate,
        ids.AUDIT_REVOKE: auditing.revoke,
        ids.AUDIT_MENU: auditing.menu,
        ids.AUDIT_BACK: auditing.turn_page,
        ids.AUDIT_ON: auditing.turn_page,
    }.items():
        app.action(action)(listener(decide, anyone=True))
    app.action(ids.REQUEST)(listener(requesting.open_ask, anyone=True))
    app.action(ids.REQUEST_WITHDRAW)(listener(requesting.withdraw, anyone=True))
    # Somebody who is no admin any more may still remove the token that was sent to them.
    app.action(ids.STORED)(listener(stored, anyone=True))
    app.action(ids.REVEAL)(listener(reveal.show, anyone=True))


def _pressed(interaction: Interaction) -> ActionPayload:
    return ActionPayload.decode(interaction.action.get("value"))


def _chosen(interaction: Interaction) -> ActionPayload:
    return ActionPayload.decode((interaction.action.get("selected_option") or {}).get("value"))


def show_guide(interaction: Interaction) -> None:
    """Shows the guide."""
    allowed = interaction.context.admins.check(interaction.person)
    interaction.say(help_view.help_message(COMMAND, interaction.ref(), may_change=bool(allowed)))


def search(interaction: Interaction) -> None:
    """Shows the keys that match, in place of the list."""
    query = str(interaction.action.get("value") or "")
    box = str(interaction.action.get("block_id") or "")
    interaction.say(
        pages.keys(interaction, interaction.ref(query=query), searched_in=box), replace=True
    )


def _turn_page(interaction: Interaction, *, back: bool) -> None:
    interaction.say(pages.keys(interaction, _pressed(interaction), back=back), replace=True)


def revoke_confirmed(interaction: Interaction) -> None:
    """Revokes the key and redraws the question; a second press finds it done."""
    interaction.acknowledge()
    ref, context = _pressed(interaction), interaction.context
    key = pages.get(interaction, ref.key)
    if key.state is not State.REVOKED and ref.expired(context.clock.now(), QUESTION_LIFETIME):
        interaction.say(replies.expired(), replace=True)
        return
    revoking.carry_out(interaction, ref.key)


def cancel(interaction: Interaction) -> None:
    """Leaves the key as it is; if somebody revoked it meanwhile, says so."""
    interaction.acknowledge()
    key = pages.get(interaction, _pressed(interaction).key)
    say = revoke_view.already_revoked if key.state is State.REVOKED else revoke_view.kept
    interaction.say(say(key), replace=True)


def stored(interaction: Interaction) -> None:
    """Removes the token from its message; only whom it was sent to can."""
    interaction.acknowledge()
    context, id_ = interaction.context, _pressed(interaction).delivery
    with context.reading() as session:
        delivery = deliveries.get(session, id_)
    if (
        delivery.recipient != interaction.actor
        or delivery.channel_id is None
        or delivery.message is None
    ):
        interaction.say(replies.domain_error("This token was sent to somebody else."))
        return
    key = delivery.key
    gone = views.removed(key)
    if key.state is State.ABANDONED:
        gone = views.abandoned(key.name)
    removal = Removal(context.engine, context.slack, context.account_id, context.clock)
    outcome = removal.remove(delivery, gone, interaction.actor)
    if outcome in _STORED:
        interaction.say(replies.domain_error(_STORED[outcome]))

"""Offboard someone: choose who leaves, and handle each of their keys."""

from __future__ import annotations

from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.offboarding import views
from bot.ui import form_values, ids, replies
from bot.ui.blocks import Message, View
from keys.base.errors import MembershipUnknown, NotAMember
from keys.changes.authorization import admins
from keys.offboarding import queries
from keys.offboarding.models import BulkAction, OffboardingView
from keys.offboarding.relations import relations_of
from keys.operations import (
    CloseOffboarding,
    KeepKey,
    RequestBulkAction,
    StartOffboarding,
    Transfer,
)


def start(interaction: Interaction, mentioned: tuple[str, ...]) -> None:
    """Ask whether to start an offboarding, or first who leaves."""
    if len(mentioned) > 1:
        interaction.say(replies.domain_error("Name one person at a time."))
    elif mentioned:
        # Afterwards there is time to ask Slack for the person's name.
        interaction.acknowledge()
        interaction.say(_question(interaction, StartOffboarding(person=mentioned[0])))
    else:
        interaction.acknowledge()
        interaction.context.slack.open_view(interaction.trigger, views.ask(interaction.ref()))


def submitted(interaction: Interaction) -> None:
    """Ask whether to start with the person who was chosen, or show at the input why not."""
    chosen = form_values.person(interaction.view, ids.PERSON) or ""
    wanted = interaction.read(lambda: StartOffboarding(person=chosen))
    if wanted is not None:
        interaction.say(_question(interaction, wanted))


def _question(interaction: Interaction, wanted: StartOffboarding) -> Message:
    with interaction.context.reading() as session:
        relations = relations_of(session, wanted.person)
        unsent = [key_id for key_id, relation in relations.items() if not relation.sent]
        elsewhere = len(queries.made_elsewhere(session, unsent))
    if not relations:
        return views.nothing(wanted.person)
    sent = sum(relation.sent for relation in relations.values())
    ref = interaction.ref(about=wanted.person)
    channel = interaction.context.channel
    return views.question(wanted.person, len(relations), sent, elsewhere, channel, ref)


def start_in_channel(interaction: Interaction) -> None:
    """Start the offboarding; its message goes to the team's channel."""
    _start(interaction, private=False)


def start_privately(interaction: Interaction) -> None:
    """Start the offboarding; its message goes to this admin alone."""
    _start(interaction, private=True)


def _start(interaction: Interaction, *, private: bool) -> None:
    interaction.acknowledge()
    person = interaction.payload.about
    started = interaction.execute(StartOffboarding(person=person, private=private)).value
    begun = views.begun(person, private=private) if started else views.nothing(person)
    interaction.say(begun, replace=True)


def keep(interaction: Interaction) -> None:
    """Record that a key stays as it is."""
    interaction.acknowledge()
    ref = interaction.payload
    interaction.execute(KeepKey(offboarding=ref.about, key=ref.key))


def close(interaction: Interaction) -> None:
    """Close the offboarding, even if keys are left."""
    interaction.acknowledge()
    interaction.execute(CloseOffboarding(offboarding=interaction.payload.about))


def rotate_all(interaction: Interaction) -> None:
    """Request the rotation of every key."""
    _request(interaction, BulkAction.ROTATE)


def revoke_all(interaction: Interaction) -> None:
    """Request the revocation of every key."""
    _request(interaction, BulkAction.REVOKE)


def _request(interaction: Interaction, action: BulkAction) -> None:
    interaction.acknowledge()
    interaction.execute(
        RequestBulkAction(
            offboarding=interaction.payload.about,
            action=action,
            recipient=interaction.person.user_id,
        )
    )


def open_hand_over(interaction: Interaction) -> None:
    """Open the modal that asks for the new owner of a key, or of all of them."""
    ref = interaction.payload
    found = _get(interaction.context, ref.about)
    key = interaction.context.key(ref.key) if ref.key else None
    count = sum(item.owns for item in found.open_items)
    interaction.acknowledge()
    view = views.transfer_modal(key, count, interaction.ref(about=ref.about, key=ref.key))
    interaction.context.slack.open_view(interaction.trigger, view)


def ownership_transferred(interaction: Interaction) -> None:
    """Transfer the key or keys, or show an error at the input."""
    context, ref = interaction.context, interaction.payload
    found, chosen = _get(context, ref.about), form_values.person(interaction.view, ids.PERSON) or ""
    if refusal := _refusal(found, chosen):
        interaction.refuse_inputs({ids.PERSON: refusal})
        return
    try:
        interaction.show(_transfer(interaction, found, chosen))
    except (NotAMember, MembershipUnknown) as error:
        interaction.refuse_inputs({ids.PERSON: str(error)})


def _transfer(interaction: Interaction, found: OffboardingView, chosen: str) -> View:
    if key := interaction.payload.key:
        interaction.execute(Transfer(key=key, before=found.person, after=chosen))
        return views.ownership_transferred(chosen, 1)
    bulk = RequestBulkAction(offboarding=found.id, action=BulkAction.HAND_OVER, recipient=chosen)
    return views.in_progress(interaction.execute(bulk).value)


def _refusal(found: OffboardingView, chosen: str) -> str:
    if not chosen:
        return "Choose the new owner."
    return "This person is leaving. Choose someone else." if chosen == found.person else ""


def _get(context: Context, offboarding_id: str) -> OffboardingView:
    with context.reading() as session:
        return queries.get(session, offboarding_id)


router = Router()
router.action(ids.OFFBOARD, allow=admins)(lambda interaction: start(interaction, ()))
router.view(ids.OFFBOARD_MODAL, allow=admins)(submitted)
router.action(ids.OFFBOARD_START, allow=admins)(start_in_channel)
router.action(ids.OFFBOARD_START_PRIVATELY, allow=admins)(start_privately)
router.action(ids.OFFBOARD_KEEP, allow=admins)(keep)
router.action(ids.OFFBOARD_HAND_OVER, allow=admins)(open_hand_over)
router.action(ids.OFFBOARD_HAND_OVER_ALL, allow=admins)(open_hand_over)
router.view(ids.HAND_OVER_MODAL, allow=admins)(ownership_transferred)
router.action(ids.OFFBOARD_ROTATE_ALL, allow=admins)(rotate_all)
router.action(ids.OFFBOARD_REVOKE_ALL, allow=admins)(revoke_all)
router.action(ids.OFFBOARD_CLOSE, allow=admins)(close)

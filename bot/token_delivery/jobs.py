"""What time brings about for tokens: deliveries that took too long, and tokens to be removed."""

from __future__ import annotations

from bot.slack_api.backoff import LEASE, TRYING
from bot.slack_api.client import SlackClient
from bot.token_delivery.remove import Removal
from keys.base.actors import Actor
from keys.changes.change import change
from keys.changes.services import Services
from keys.delivery import deliveries
from keys.delivery.completion import cancel, expired

_TIMER = Actor.system("timer")


def cancel_expired(services: Services) -> int:
    """Cancel the tokens whose delivery took too long; returns how many.

    The bot that delivered them has died, or nobody came to collect them.
    """
    with services.reading() as session:
        late = expired(session, services.clock.now())
    for delivery_id, reason in late.items():
        with change(services, _TIMER) as made:
            cancel(made, delivery_id, reason, tell=True)
    return len(late)


def remove_a_token(services: Services, slack: SlackClient) -> bool:
    """Remove a token from a message in which its time is up; False if there is none."""
    with services.writing() as session:
        due = deliveries.claim_due(session, services.clock.now(), LEASE)
    if due is not None:
        Removal(services, slack.within(TRYING)).remove(due, _TIMER)
    return due is not None

"""Cancel deliveries that take too long, and remove tokens from their messages."""

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

    The process that delivered them died, or the recipient did not collect them.
    """
    with services.reading() as session:
        late = expired(session, services.clock.now())
    for delivery_id, reason in late.items():
        with change(services, _TIMER) as made:
            cancel(made, delivery_id, reason, tell=True)
    return len(late)


def remove_a_token(services: Services, slack: SlackClient) -> bool:
    """Remove one token whose message has expired; False if there is none."""
    with services.writing() as session:
        due = deliveries.claim_due(session, services.clock.now(), LEASE)
    if due is not None:
        Removal(services, slack.within(TRYING)).remove(due, _TIMER)
    return due is not None

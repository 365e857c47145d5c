"""What Slack restricts only for some apps or workspaces, so a test asks for it."""

from dataclasses import dataclass


@dataclass
class Restrictions:
    """`slack.restrictions`: each can be changed at any time.

    Attributes:
        edit_window: the seconds after which a message can no longer be edited
            (``edit_window_closed``); None for no limit.
        distributed: an app that is sold outside Slack's Marketplace: history and replies can be
            asked for once a minute, 15 messages at a time
            (https://docs.slack.dev/apis/web-api/rate-limits).
        loses_old_events: an event that was not delivered within 2 hours is lost.
        delayed_events: the app has asked for "Delayed Events": an event that failed is retried each
            hour, for a day.
        switches_events_off: event subscriptions are switched off after too many failures: over
            95 % in an hour with at least 1,000 events; see `slack.switch_events_on`.
    """

    edit_window: float | None = None
    distributed: bool = False
    loses_old_events: bool = False
    delayed_events: bool = False
    switches_events_off: bool = False

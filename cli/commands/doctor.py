"""`apikeys doctor`: what keeps this installation from working, and what to do about each thing.

It changes nothing: no migration, no pepper, no message. In Slack it schedules one message, due in
60 days, to learn whether the app may post there, and takes it back at once.
"""

from __future__ import annotations

import click


@click.command()
def doctor() -> None:
    """Look for what keeps this installation from working; nothing is changed."""
    from cli.actions import doctor as actions

    actions.doctor()

"""`apikeys doctor`: find what is wrong with this installation, and what to do about it.

It changes nothing: no migration, no pepper, no message. In Slack it schedules one message, due in
60 days, to find out whether the app may post there, and deletes it at once.
"""

from __future__ import annotations

import click


@click.command()
def doctor() -> None:
    """Check this installation for problems; nothing is changed."""
    from cli.actions import doctor as actions

    actions.doctor()

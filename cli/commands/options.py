"""Options that several commands take."""

from __future__ import annotations

import click

workspace = click.option("--workspace", help="The workspace's id, if there are several.")

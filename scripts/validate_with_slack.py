"""Ask the real Slack whether it accepts the manifest, and every message, modal and Home of the bot.

Nothing is changed in Slack: `apps.manifest.validate` and `blocks.validate` only check. The app need
not exist yet.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import yaml
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from cli.bootstrap.manifest import MANIFEST
from tests.bot.harness.block_samples import samples

_CONFIG_TOKEN, _BOT_TOKEN, _API_URL = "SLACK_CONFIG_TOKEN", "SLACK_BOT_TOKEN", "SLACK_API_URL"
# Slack does not say how often `blocks.validate` may be called; it says how long to wait instead.
_WAITS = 20
Check = tuple[str, Callable[[], object]]


@click.command()
@click.argument(
    "manifest", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=MANIFEST
)
@click.pass_context
def main(context: click.Context, manifest: Path) -> None:
    """Ask Slack whether it accepts MANIFEST and everything that the bot renders.

    The app configuration token is read from SLACK_CONFIG_TOKEN, or asked for. Blocks are checked
    with SLACK_BOT_TOKEN if it is set. Ends with status 1 if anything is refused.
    """
    config = os.environ.get(_CONFIG_TOKEN) or click.prompt(
        "App configuration token", hide_input=True
    )
    bot = os.environ.get(_BOT_TOKEN) or config
    accepted = refused = 0
    for name, check in (*_manifest(_client(config), manifest), *_blocks(_client(bot))):
        why = _refusal(name, check)
        if why is None:
            accepted += 1
            click.echo(f"accepted {name}")
        else:
            refused += 1
            click.echo(f"REFUSED  {name}: {why}")
    click.echo(f"{accepted} accepted, {refused} refused")
    context.exit(1 if refused else 0)


def _client(token: str) -> WebClient:
    client = WebClient(token, base_url=os.environ.get(_API_URL) or WebClient.BASE_URL)
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=_WAITS))
    return client


def _manifest(client: WebClient, path: Path) -> Iterator[Check]:
    try:
        manifest = json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, TypeError) as error:
        raise click.ClickException(f"{path.name} cannot be read: {error}") from None
    yield f"manifest {path.name}", partial(client.apps_manifest_validate, manifest=manifest)


def _blocks(client: WebClient) -> Iterator[Check]:
    for sample in samples():
        # A message's text is not part of Block Kit; Slack only takes blocks and attachments here.
        given: dict[str, Any] = {"view": sample.payload}
        if sample.kind == "message":
            given = {"message": {"blocks": sample.payload["blocks"]}}
        yield sample.name, partial(client.blocks_validate, **given)


def _refusal(name: str, check: Callable[[], object]) -> str | None:
    """Return why Slack refuses it; None if it is accepted.

    Raises:
        click.ClickException: if Slack does not check it, as it then would not check the others.
    """
    try:
        check()
    except SlackApiError as error:
        answer: Any = error.response
        messages = (answer.get("response_metadata") or {}).get("messages") or []
        if errors := answer.get("errors"):
            messages = [f"{each.get('message')} [{each.get('pointer')}]" for each in errors]
        code = str(answer.get("error") or "its answer cannot be read")
        if not messages:
            raise click.ClickException(f"{name} was not checked. Slack says: {code}") from None
        return f"{code}: {'; '.join(messages)}"
    except OSError as error:
        kind = type(error).__name__
        raise click.ClickException(f"{name} was not checked. No answer: {kind}") from None
    return None


if __name__ == "__main__":
    main()

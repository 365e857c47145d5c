"""Check that a gateway answers at the address in the settings."""

from __future__ import annotations

from cli.doctor.findings import CheckStatus, Finding, Findings
from cli.doctor.http_probe import ask
from settings import Settings


def check_gateway(settings: Settings) -> Findings:
    """Check that a gateway answers, and refuses a request without a token."""
    url = f"http://{settings.gateway_listen}"
    try:
        ready, _ = ask(f"{url}/readyz")
        refused, _ = ask(f"{url}/authz")
    except OSError as error:
        yield Finding(
            CheckStatus.NOTE,
            f"No gateway answers at {settings.gateway_listen} ({type(error).__name__}).",
            "Start it with: apikeys run",
        )
        return
    if ready != 200:
        yield Finding(
            CheckStatus.BAD,
            f"The gateway at {settings.gateway_listen} is running, but not ready ({ready}).",
            "See its log; without its database it accepts no key.",
        )
    elif refused != 401:
        yield Finding(
            CheckStatus.BAD,
            f"The server at {settings.gateway_listen} is not a gateway: a request without a token "
            f"got {refused}.",
            "Another program listens there. Set APIKEYS_GATEWAY_LISTEN.",
        )
    else:
        yield Finding(
            CheckStatus.FINE, "The gateway answers, and refuses a request without a token."
        )

"""`apikeys keys …`: for an operator with a shell, even if Slack is down or was never set up.

Changes are recorded as made by the operator of this machine, and announced once the bot is
connected.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cli.actions.account import opened, operator, say_propagation
from cli.bootstrap.application import Application
from cli.bootstrap.policy import expiry_policy
from cli.terminal import Failure, confirm, print_token, say
from keys.base.errors import KeyNotFound
from keys.base.ids import new_id
from keys.base.models import KeyView, State
from keys.changes import audit_log
from keys.changes.authorization import Caller
from keys.changes.change import change
from keys.changes.operation import execute
from keys.changes.services import Services
from keys.delivery import deliveries
from keys.inputs.names import advice_on
from keys.lifecycle.create import PendingKey, activate_key, cancel_key
from keys.operations import Create, Limit, Revoke, SetExpiry
from keys.search import search
from runtime.display import visible_json
from settings import load_team
from storage import reading

# Printing takes no time; the rest is for a slow disk.
_LEASE = timedelta(minutes=1)


def list_keys(words: tuple[str, ...], workspace: str | None) -> None:
    """List active keys whose name, note or id contains WORDS."""
    with opened(workspace) as (application, account_id):
        after, count = None, 0
        while True:
            with reading(application.engine, account_id) as session:
                page = search.page(session, " ".join(words), size=200, after=after)
            for key in page.keys:
                say(_line(key, application.clock.now()))
            count += len(page.keys)
            if not page.has_next or not page.keys:
                break
            after = page.keys[-1].id
        if not count:
            say("No active keys match." if words else "There are no active keys yet.")


def new(
    name: str, scopes: str, owner: str | None, note: str, expires: str | None, workspace: str | None
) -> None:
    """Create a key called NAME and print its token, once."""
    caller, policy = operator(), expiry_policy(load_team())
    with opened(workspace) as (application, account_id):
        services = application.services(account_id, policy)
        proposed = policy.default_expiry(application.clock.now())
        operation = Create(
            name=name,
            scopes=scopes,
            owner=owner,
            note=note,
            last_day=proposed if expires is None else _unless(expires, "never"),
            idempotency_key=new_id("req"),
            recipient=caller.actor,
            deadline=_LEASE,
        )
        pending = execute(services, caller, operation).value
        _deliver(services, pending, caller)
    say(f"{pending.key.name} ({pending.key.id}) works now.", err=True)
    say("The token above cannot be shown again.", err=True)
    if pending.key.owner:
        say(
            f"Slack was not asked whether {pending.key.owner} is a full member. "
            "“apikeys doctor” checks that.",
            err=True,
        )
    if advice := advice_on(name):
        say(f"Advice on the name: {advice}", err=True)


def revoke(name_or_id: str, yes: bool, reason: str, workspace: str | None) -> None:
    """Revoke a key permanently."""
    with opened(workspace) as (application, account_id):
        key = _the_key(application, account_id, name_or_id)
        if key.state is State.REVOKED:
            say(f"{key.name} ({key.id}) was already revoked. Nothing was changed.")
            return
        if not yes:
            say(_line(key, application.clock.now()))
            confirm("Revoke this key? It stops working at once. This is permanent.")
        services = application.services(account_id)
        outcome = execute(services, operator(), Revoke(key=key.id, reason=reason))
        if not outcome.changed:
            say(f"{key.name} ({key.id}) was already revoked. Nothing was changed.")
            return
        say(f"{key.name} ({key.id}) is revoked.")
        say_propagation(outcome)


def limit(name_or_id: str, rate: str | None, networks: str | None, workspace: str | None) -> None:
    """Limit a key to a rate and to networks; omitted options stay unchanged."""
    with opened(workspace) as (application, account_id):
        key = _the_key(application, account_id, name_or_id)
        operation = Limit(
            key=key.id,
            rate_limit=key.rate_limit if rate is None else _unless(rate, "none"),
            networks=key.networks if networks is None else _unless(networks, "any"),
        )
        outcome = execute(application.services(account_id), operator(), operation)
        for label, value in _limits(outcome.value):
            say(f"{label + ':':<12}{value}")
        say_propagation(outcome)


def expire(name_or_id: str, day: str, workspace: str | None) -> None:
    """Set the last DAY on which a key works, such as 2027-01-31; or 'never'."""
    policy = expiry_policy(load_team())
    with opened(workspace) as (application, account_id):
        key = _the_key(application, account_id, name_or_id)
        operation = SetExpiry(key=key.id, last_day=_unless(day, "never"))
        outcome = execute(application.services(account_id, policy), operator(), operation)
        expires_at = outcome.value.expires_at
        say(f"Expires: {_time(expires_at) if expires_at else 'never'}")
        say_propagation(outcome)


def _unless(text: str, nothing: str) -> str:
    return "" if text.strip().lower() == nothing else text


def show(name_or_id: str, workspace: str | None) -> None:
    """Show a key and its history."""
    with opened(workspace) as (application, account_id):
        key = _the_key(application, account_id, name_or_id)
        with reading(application.engine, account_id) as session:
            # Oldest first, as in Slack.
            history = audit_log.history(session, key.id)[::-1]
            handovers = deliveries.handovers(session, key.id)
    for label, value in _facts(key, application.clock.now()):
        say(f"{label + ':':<12}{value}")
    for handover in handovers:
        say(f"{'Token sent:':<12}to {handover.recipient} on {_time(handover.sent_at)}")
    say("History:")
    for entry in history:
        data = visible_json(entry.data)
        say(f"  {_time(entry.at)}  {entry.kind:<15} {entry.actor}  {data}")


def _deliver(services: Services, pending: PendingKey, caller: Caller) -> None:
    """Print the token, and only then activate it, so that a token no one has seen never works."""
    try:
        print_token(pending.token)
    except OSError as error:
        with change(services, caller.actor) as made:
            cancel_key(made, pending.key.id, "the token could not be printed", tell=False)
        raise Failure("The token could not be printed; no key was created.") from error
    with change(services, caller.actor) as made:
        activate_key(made, pending.delivery_id, remove_after=None)


def _the_key(application: Application, account_id: str, text: str) -> KeyView:
    with reading(application.engine, account_id) as session:
        found = search.find(session, text, revoked=True)
    match found:
        case search.Found(key):
            return key
        case search.Several(several):
            lines = [f"  {key.id}  {key.name}" for key in several]
            raise Failure("Several keys match. Choose one by its id:", lines)
        case search.Nothing(nearest):
            names = ", ".join(f"“{key.name}”" for key in nearest)
            hint = f" Did you mean {names}?" if names else ""
            raise KeyNotFound(f"There is no key “{text}”.{hint}")


def _line(key: KeyView, now: datetime) -> str:
    used = _time(key.last_used_at) if key.last_used_at else _no_use(key)
    expired = "  expired" if key.expired(now) else ""
    columns = f"{','.join(key.scopes):<10}  {key.owner or '-':<12}  {used:<20}"
    return f"{key.id}  {key.hint}  {columns}  {key.name}{expired}"


def _facts(key: KeyView, now: datetime) -> Iterator[tuple[str, str]]:
    yield "Name", key.name
    yield "Id", key.id
    yield "Token", key.hint
    yield "State", "expired" if key.state is State.ACTIVE and key.expired(now) else key.state
    yield "Scopes", ", ".join(key.scopes)
    yield "Owner", key.owner or "none"
    yield "Created", _origin(key)
    yield "Last used", _time(key.last_used_at) if key.last_used_at else _no_use(key)
    if key.last_used_from:
        yield "Used from", key.last_used_from
    yield from _limits(key)
    if key.expires_at:
        yield "Expires", _time(key.expires_at)
    if key.revoked_at:
        reason = f" ({key.revoked_reason})" if key.revoked_reason else ""
        yield "Revoked", f"{_time(key.revoked_at)} by {key.revoked_by}{reason}"
    if key.note:
        yield "Note", key.note


def _origin(key: KeyView) -> str:
    if not key.imported:
        return f"{_time(key.created_at)} by {key.creator}"
    imported = f"imported {_time(key.works_since)} by {key.creator}"
    elsewhere = key.created_at != key.works_since
    return f"elsewhere {_time(key.created_at)}; {imported}" if elsewhere else imported


def _no_use(key: KeyView) -> str:
    return f"not since import {key.works_since:%Y-%m-%d}" if key.imported else "never used"


def _limits(key: KeyView) -> Iterator[tuple[str, str]]:
    yield "Rate", key.rate_limit or "any"
    yield "Networks", ", ".join(key.networks) or "any"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

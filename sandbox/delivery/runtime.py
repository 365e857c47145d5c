"""The services that every action of a user needs, built once."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.base.errors import SandboxError
from sandbox.delivery.dispatcher import Dispatcher
from sandbox.delivery.event_queue import EventQueue
from sandbox.delivery.faults import Faults
from sandbox.delivery.payloads import Payloads
from sandbox.delivery.response_urls import AppResponses, ResponseUrls
from sandbox.delivery.scheduler import Scheduler
from sandbox.delivery.subscriptions import EventSubscriptions
from sandbox.state.installation import Installation
from sandbox.state.models import Account, Channel
from sandbox.state.traffic import TrafficLog
from sandbox.state.trigger_ids import TriggerIds
from sandbox.state.workspace import Workspace


@dataclass(frozen=True)
class SandboxRuntime:
    """The services of one practice Slack; `address` returns its URL, ending in a slash."""

    workspace: Workspace
    install: Installation
    triggers: TriggerIds
    response_urls: ResponseUrls
    dispatcher: Dispatcher
    event_queue: EventQueue
    scheduler: Scheduler
    payloads: Payloads
    responses: AppResponses
    events: EventSubscriptions
    address: Callable[[], str]

    def response_url(self, secret: str) -> str:
        """Return the response URL with this secret part."""
        return f"{self.address()}response/{secret}"

    def close(self) -> None:
        """Wait for pending deliveries; no event and no retry is delivered afterwards."""
        self.scheduler.close()
        self.event_queue.close()

    def actor(self, user: str) -> Account:
        """Return a user who may act.

        Raises:
            SandboxError: the account is unknown, deactivated or a bot.
        """
        account = self.workspace.account(user)
        if account is None:
            raise SandboxError(f"no account has the id {user}")
        if account.deleted or account.is_bot:
            raise SandboxError(f"{account.name} cannot use Slack: a bot, or deactivated")
        return account

    def joined_channel(self, user: str, channel: str) -> Channel:
        """Return a channel that this user is in. Raises SandboxError if they are not."""
        found = self.workspace.channel(channel)
        if found is None or user not in found.members:
            raise SandboxError(f"{user} is not in the channel {channel}")
        return found


def build_runtime(
    workspace: Workspace,
    install: Installation,
    triggers: TriggerIds,
    faults: Faults,
    traffic: TrafficLog,
    address: Callable[[], str],
) -> SandboxRuntime:
    """Build the services, and deliver the workspace's events to the app."""
    response_urls = ResponseUrls(workspace.clock)
    dispatcher = Dispatcher(workspace.clock, faults, traffic)
    scheduler = Scheduler(workspace.clock)
    event_queue = EventQueue(workspace.clock, dispatcher, scheduler, workspace.restrictions)
    payloads = Payloads(workspace, install)
    events = EventSubscriptions(workspace, install, payloads, event_queue)
    workspace.on_event = events.emit
    return SandboxRuntime(
        workspace=workspace,
        install=install,
        triggers=triggers,
        response_urls=response_urls,
        dispatcher=dispatcher,
        event_queue=event_queue,
        scheduler=scheduler,
        payloads=payloads,
        responses=AppResponses(workspace, install, response_urls),
        events=events,
        address=address,
    )

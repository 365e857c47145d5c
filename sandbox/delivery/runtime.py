"""The parts that every act of a person needs, put together once."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.base.errors import SandboxError
from sandbox.delivery.dispatcher import Dispatcher
from sandbox.delivery.event_queue import EventQueue
from sandbox.delivery.faults import Faults
from sandbox.delivery.payloads import Payloads
from sandbox.delivery.response_urls import Answers, ResponseUrls
from sandbox.delivery.scheduler import Schedule
from sandbox.delivery.subscriptions import Events
from sandbox.state.installation import Install
from sandbox.state.models import Account, Channel
from sandbox.state.traffic import TrafficLog
from sandbox.state.trigger_ids import Triggers
from sandbox.state.workspace import Workspace


@dataclass(frozen=True)
class SandboxRuntime:
    """See the module; `address` gives the practice Slack's address, with a slash at its end."""

    workspace: Workspace
    install: Install
    triggers: Triggers
    urls: ResponseUrls
    courier: Dispatcher
    teller: EventQueue
    schedule: Schedule
    payloads: Payloads
    answers: Answers
    events: Events
    address: Callable[[], str]

    def response_url(self, secret: str) -> str:
        """The whole response URL around its secret part."""
        return f"{self.address()}response/{secret}"

    def close(self) -> None:
        """Wait for what is under way to the app; nothing goes to it afterwards by itself."""
        self.schedule.close()
        self.teller.close()

    def actor(self, user: str) -> Account:
        """Somebody who may act. Raises SandboxError for unknown, deactivated and bot accounts."""
        account = self.workspace.account(user)
        if account is None:
            raise SandboxError(f"there is nobody with the id {user}")
        if account.deleted or account.is_bot:
            raise SandboxError(f"{account.name} cannot use Slack: a bot, or deactivated")
        return account

    def place(self, user: str, channel: str) -> Channel:
        """A channel that this person is in. Raises SandboxError where they are not."""
        found = self.workspace.channel(channel)
        if found is None or user not in found.members:
            raise SandboxError(f"{user} is not in the channel {channel}")
        return found


def build(
    workspace: Workspace,
    install: Install,
    triggers: Triggers,
    faults: Faults,
    traffic: TrafficLog,
    address: Callable[[], str],
) -> SandboxRuntime:
    """Put the parts together, and let the workspace's events reach the app."""
    urls = ResponseUrls(workspace.clock)
    courier = Dispatcher(workspace.clock, faults, traffic)
    schedule = Schedule(workspace.clock)
    teller = EventQueue(workspace.clock, courier, schedule)
    payloads = Payloads(workspace, install)
    events = Events(workspace, install, payloads, teller)
    workspace.on_event = events.emit
    return SandboxRuntime(
        workspace=workspace,
        install=install,
        triggers=triggers,
        urls=urls,
        courier=courier,
        teller=teller,
        schedule=schedule,
        payloads=payloads,
        answers=Answers(workspace, install, urls),
        events=events,
        address=address,
    )

"""Which events the app gets: those it subscribed to, has the scope for, and can see."""

from sandbox.delivery.event_queue import EventQueue
from sandbox.delivery.payloads import Payloads
from sandbox.state.installation import Installation
from sandbox.state.manifest import SCOPE_OF_EVENT
from sandbox.state.models import ChannelKind, Json
from sandbox.state.workspace import Workspace

_CHANNEL_TYPES = {
    ChannelKind.PUBLIC: "channel",
    ChannelKind.PRIVATE: "group",
    ChannelKind.IM: "im",
    ChannelKind.MPIM: "mpim",
}
_SUBSCRIPTIONS = {
    "channel": "message.channels",
    "group": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}


def channel_type(kind: ChannelKind) -> str:
    """Return the name of a kind of channel in events."""
    return _CHANNEL_TYPES[kind]


class EventSubscriptions:
    """Delivers the events that the app is subscribed to; its `emit` is `Workspace.on_event`."""

    def __init__(
        self,
        workspace: Workspace,
        install: Installation,
        payloads: Payloads,
        event_queue: EventQueue,
    ) -> None:
        self._workspace = workspace
        self._install = install
        self._payloads = payloads
        self._event_queue = event_queue

    def emit(self, event: Json, channel: str | None = None) -> None:
        """Deliver an event in the background; `channel` is where it happened, if in one."""
        if self._is_subscribed(event) and self._can_read(event, channel):
            self._event_queue.put(self._payloads.event(event))

    def _is_subscribed(self, event: Json) -> bool:
        name = event["type"]
        if name == "message":
            name = _SUBSCRIPTIONS[event["channel_type"]]
        if name not in self._workspace.manifest.events or not self._install.active:
            return False
        scope = SCOPE_OF_EVENT[name]
        return scope is None or scope in self._install.scopes

    def _can_read(self, event: Json, channel: str | None) -> bool:
        if channel is None or event["type"] == "app_home_opened":
            return True
        found = self._workspace.channel(channel)
        return found is not None and self._install.bot_user in found.members

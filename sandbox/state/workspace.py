"""The state of a practice workspace, with one lock around it."""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sandbox.base.clock import Clock
from sandbox.base.ids import new_id
from sandbox.state.files import Files
from sandbox.state.manifest import Manifest
from sandbox.state.models import (
    Account,
    Channel,
    ChannelKind,
    Json,
    Message,
    MessageRef,
    SurfaceRef,
    Usergroup,
    View,
    ViewRef,
)
from sandbox.state.restrictions import Restrictions
from sandbox.text import NameBook


class Workspace:
    """Everything in one workspace.

    Readers call the reading functions, which return copies. Change the state only inside
    `with workspace.change():`; when the outermost such block ends, `version` grows, waiting threads
    wake, and the subscribers are called.

    Args:
        manifest: the app's manifest.
        clock: the workspace's time.
        team_id, team_name: of the workspace.
    """

    def __init__(self, manifest: Manifest, clock: Clock, *, team_id: str, team_name: str) -> None:
        self.manifest = manifest
        self.clock = clock
        self.team_id = team_id
        self.team_name = team_name
        self.domain = "".join(c for c in team_name.lower() if c.isalnum()) or "practice"
        self.other_team_id = new_id("T")
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.accounts: dict[str, Account] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, list[Message]] = {}
        self.usergroups: dict[str, Usergroup] = {}
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, str] = {}
        self.files = Files()
        self.restrictions = Restrictions()
        self.migrated: dict[str, str] = {}
        self.on_event: Callable[[Json, str | None], None] | None = None
        self._version = 0
        self._depth = 0
        self._subscribers: list[Callable[[], None]] = []
        self._last_ts = 0

    # --- changing ---------------------------------------------------------------------------

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock for a change; call the subscribers after the outermost change."""
        subscribers: list[Callable[[], None]] = []
        with self.lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._version += 1
                    self.changed.notify_all()
                    subscribers = list(self._subscribers)
        for callback in subscribers:
            callback()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after every change; the returned function unsubscribes it."""
        with self.lock:
            self._subscribers.append(callback)

        def unsubscribe() -> None:
            with self.lock:
                if callback in self._subscribers:
                    self._subscribers.remove(callback)

        return unsubscribe

    def next_ts(self) -> str:
        """Return a new message timestamp: the clock's time, and never the same twice."""
        with self.lock:
            self._last_ts = max(self._last_ts + 1, int(self.clock.now() * 1_000_000))
            return _ts(self._last_ts)

    @property
    def last_ts(self) -> str:
        """The newest timestamp issued."""
        with self.lock:
            return _ts(self._last_ts)

    def advance_ts_to(self, ts: str) -> None:
        """Make later timestamps greater than `ts`, which is from an earlier run."""
        with self.lock:
            self._last_ts = max(self._last_ts, int(ts.replace(".", "")))

    def emit(self, event: Json, channel: str | None = None) -> None:
        """Pass an event to `on_event`; `channel` is where it happened, if in one."""
        if self.on_event is not None:
            self.on_event(event, channel)

    # --- reading ----------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """A number that grows with every change."""
        with self.lock:
            return self._version

    def people(self) -> list[Account]:
        """Return all accounts except bots, in the order they were added."""
        with self.lock:
            return [copy.copy(a) for a in self.accounts.values() if not a.is_bot]

    def account(self, user: str) -> Account | None:
        """Return the account with this id, or with the id it had before a migration, or None."""
        with self.lock:
            found = self.accounts.get(self.migrated.get(user, user))
            return copy.copy(found) if found else None

    def account_named(self, name: str) -> Account | None:
        """Return the account with this handle (``alice`` or ``@alice``), or None."""
        handle = name.lstrip("@").lower()
        with self.lock:
            for account in self.accounts.values():
                if account.name.lower() == handle:
                    return copy.copy(account)
        return None

    def channel(self, channel: str) -> Channel | None:
        """Return the channel with this id, or None."""
        with self.lock:
            return copy.deepcopy(self.channels.get(channel))

    def channel_named(self, name: str) -> Channel | None:
        """Return the channel with this name (``general`` or ``#general``), or None."""
        bare = name.lstrip("#").lower()
        with self.lock:
            for channel in self.channels.values():
                if not channel.is_direct and channel.name == bare:
                    return copy.deepcopy(channel)
        return None

    def channels_of(self, user: str) -> list[Channel]:
        """Return the channels in this user's sidebar, by name."""
        with self.lock:
            mine = [c for c in self.channels.values() if not c.is_direct and user in c.members]
            return copy.deepcopy(sorted(mine, key=lambda c: c.name))

    def directs_of(self, user: str) -> list[Channel]:
        """Return the direct messages in this user's sidebar, the app's included once it exists."""
        with self.lock:
            return copy.deepcopy(
                [c for c in self.channels.values() if c.is_direct and user in c.members]
            )

    def direct_between(self, user: str, other: str) -> Channel | None:
        """Return the direct message between two accounts, or None."""
        with self.lock:
            for channel in self.channels.values():
                if channel.kind is ChannelKind.IM and set(channel.members) == {user, other}:
                    return copy.deepcopy(channel)
        return None

    def messages_for(self, user: str, channel: str) -> list[Message]:
        """Return what this user sees in a channel, oldest first, their ephemeral messages included.

        Replies in threads are included, with `thread_ts` unequal to `ts`. Empty when the user
        cannot see the channel.
        """
        with self.lock:
            found = self.channels.get(channel)
            if found is None or not self._may_see(user, found):
                return []
            visible = [m for m in self.messages.get(channel, []) if m.ephemeral_for in (None, user)]
            return copy.deepcopy(visible)

    def _may_see(self, user: str, channel: Channel) -> bool:
        if user in channel.members:
            return True
        account = self.accounts.get(user)
        full = account is not None and account.role.value in (
            "primary_owner",
            "owner",
            "admin",
            "member",
        )
        return channel.kind is ChannelKind.PUBLIC and full

    def unread(self, user: str, channel: str) -> int:
        """Return the number of messages by others since this user last read the channel."""
        with self.lock:
            found = self.channels.get(channel)
            if found is None:
                return 0
            read_upto = found.read_upto.get(user, "")
            visible = self.messages_for(user, channel)
            return sum(1 for m in visible if m.ts > read_upto and m.user != user)

    def mark_read(self, user: str, channel: str) -> None:
        """Mark the channel as read by this user; no change if it was."""
        with self.lock:
            if self.unread(user, channel) == 0:
                return
            with self.change():
                self.channels[channel].read_upto[user] = self.messages[channel][-1].ts

    def modals_of(self, user: str) -> list[View]:
        """Return this user's open modals, the topmost last."""
        with self.lock:
            return copy.deepcopy([self.views[v] for v in self.stacks.get(user, [])])

    def home_of(self, user: str) -> View | None:
        """Return this user's App Home, or None when the app never published one."""
        with self.lock:
            view = self.homes.get(user)
            return copy.deepcopy(self.views[view]) if view else None

    def names(self) -> NameBook:
        """Return the names to show for ids: people's real names, without ``@`` or ``#``."""
        with self.lock:
            return NameBook(
                users={a.id: a.real_name for a in self.accounts.values()}
                | {old: self.accounts[new].real_name for old, new in self.migrated.items()},
                channels={c.id: c.name for c in self.channels.values() if not c.is_direct},
                usergroups={g.id: g.handle for g in self.usergroups.values()},
            )

    # --- looking things up while holding the lock --------------------------------------------

    def find_message(self, channel: str, ts: str) -> Message | None:
        """Return the message itself, not a copy: hold the lock."""
        for message in reversed(self.messages.get(channel, [])):
            if message.ts == ts:
                return message
        return None

    def surface(self, ref: SurfaceRef) -> Message | View | None:
        """Return the message or view that `ref` refers to, not a copy: hold the lock."""
        match ref:
            case MessageRef(channel, ts):
                return self.find_message(channel, ts)
            case ViewRef(view):
                return self.views.get(view)


def _ts(microseconds: int) -> str:
    return f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"

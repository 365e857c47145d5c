"""The people, channels and user groups of a practice Slack, and how to arrange them."""

from sandbox.base import former_names
from sandbox.base.errors import SandboxError
from sandbox.base.ids import new_id
from sandbox.delivery.runtime import SandboxRuntime
from sandbox.state.migration import migrate
from sandbox.state.models import Account, Channel, ChannelKind, Role, Usergroup
from sandbox.users.actions import UserActions
from sandbox.users.user import User
from sandbox.webapi.core.serializers import account_json

GENERAL = "general"


class Directory:
    """Adds, changes and finds people, channels and user groups.

    Args:
        runtime: of the practice Slack.
    """

    def __init__(self, runtime: SandboxRuntime) -> None:
        self._runtime = runtime
        self.workspace = runtime.workspace
        self.install = runtime.install
        self.actions = UserActions(runtime)

    @property
    def hands(self) -> UserActions:
        """The former name of `actions`; it goes in the next version."""
        former_names.warn("slack.hands", "slack.actions")
        return self.actions

    def add_person(self, name: str, *, role: str = "member", real_name: str = "") -> User:
        """Add a person, in #general unless they are deactivated or a single-channel guest.

        Args:
            name: the handle, such as ``alice``.
            role: one of `sandbox.state.models.Role`.

        Raises:
            SandboxError: the handle is taken.
            ValueError: there is no such role.
        """
        if self.workspace.account_named(name) is not None:
            raise SandboxError(f"there is a {name} already")
        kind = Role(role)
        team = self.workspace.other_team_id if kind is Role.OUTSIDER else self.workspace.team_id
        account = Account(
            new_id("U"),
            name,
            real_name or name.title(),
            f"{name}@example.com",
            team,
            kind,
            self.workspace.clock.now(),
            deleted=kind is Role.DEACTIVATED,
        )
        with self.workspace.change():
            self.workspace.accounts[account.id] = account
            if kind not in (Role.DEACTIVATED, Role.SINGLE_CHANNEL_GUEST):
                self._channel(GENERAL).members.append(account.id)
        return self.person(name)

    def person(self, name: str) -> User:
        """Return the person with this handle. Raises SandboxError if there is none."""
        account = self._account(name)
        return User(self._runtime, self.actions, account.id, self._channel(GENERAL).id)

    def change_role(self, name: str, role: str) -> None:
        """Give a person another role; the app gets ``user_change``.

        Raises:
            SandboxError: there is no such person, or they would change organisations.
            ValueError: there is no such role.
        """
        account, kind = self._account(name), Role(role)
        if Role.OUTSIDER in (account.role, kind) and account.role is not kind:
            raise SandboxError(f"{name} cannot change organisations")
        with self.workspace.change():
            account.role, account.deleted = kind, kind is Role.DEACTIVATED
            if account.deleted:
                self._leave_channels(account.id)
            account.updated = self.workspace.clock.now()
            with_email = "users:read.email" in self.install.scopes
            user = account_json(self.workspace, self.install, account, with_email=with_email)
        self.workspace.emit({"type": "user_change", "user": user})

    def _leave_channels(self, user: str) -> None:
        for channel in self.workspace.channels.values():
            if not channel.is_direct and user in channel.members:
                channel.members.remove(user)

    def deactivate(self, name: str) -> None:
        """Deactivate a person; see `change_role`."""
        self.change_role(name, "deactivated")

    def migrate_user(self, name: str) -> User:
        """Give a person a new id that begins with ``W``, as a migration to Enterprise Grid does.

        The Web API still takes the old id, and answers with the new one.

        Raises:
            SandboxError: there is no such person.
        """
        migrate(self.workspace, self._account(name).id)
        return self.person(name)

    def add_channel(
        self, name: str, *, members: list[str] | None = None, private: bool = False
    ) -> str:
        """Add a channel with these people (by handle) in it; returns its id.

        Deactivated people are in no channel, so they are left out.

        Raises:
            SandboxError: the name is taken, one of the people is unknown, or a guest of one
                channel is in another one already.
        """
        if self.workspace.channel_named(name) is not None:
            raise SandboxError(f"there is a #{name} already")
        ids = [id_ for member in members or [] if (id_ := self._may_join(member)) is not None]
        kind = ChannelKind.PRIVATE if private else ChannelKind.PUBLIC
        now = self.workspace.clock.now()
        channel = Channel(new_id("C"), name, kind, now, ids[0] if ids else "", ids)
        with self.workspace.change():
            self.workspace.channels[channel.id] = channel
        return channel.id

    def _may_join(self, name: str) -> str | None:
        """Return the id of a person who can join one more channel; None if deactivated."""
        account = self._account(name)
        if account.deleted:
            return None
        channels = self.workspace.channels_of(account.id)
        if account.role is Role.SINGLE_CHANNEL_GUEST and channels:
            raise SandboxError(f"{name} is a guest of #{channels[0].name} alone")
        return account.id

    def invite_app(self, channel: str) -> None:
        """Add the app to a channel, by name; does nothing when it is a member already."""
        with self.workspace.change():
            members = self._channel(channel).members
            if self.install.bot_user not in members:
                members.append(self.install.bot_user)

    def remove_app(self, channel: str) -> None:
        """Remove the app from a channel, by name."""
        found = self._channel(channel)
        with self.workspace.change():
            if self.install.bot_user in found.members:
                found.members.remove(self.install.bot_user)
        self.workspace.emit({"type": f"{_prefix(found)}_left", "channel": found.id})

    def rename_channel(self, channel: str, name: str) -> None:
        """Rename a channel; it keeps its id. Raises SandboxError if the name is taken."""
        if self.workspace.channel_named(name) is not None:
            raise SandboxError(f"there is a #{name} already")
        found = self._channel(channel)
        with self.workspace.change():
            found.name = name
        about = {"id": found.id, "name": name, "created": int(found.created)}
        self.workspace.emit({"type": f"{_prefix(found)}_rename", "channel": about}, found.id)

    def archive_channel(self, channel: str, *, archived: bool = True) -> None:
        """Archive a channel, by name; `archived=False` unarchives it."""
        found = self._channel(channel)
        with self.workspace.change():
            found.archived = archived
        kind = f"{_prefix(found)}_{'archive' if archived else 'unarchive'}"
        self.workspace.emit({"type": kind, "channel": found.id}, found.id)

    def make_private(self, channel: str) -> None:
        """Make a public channel private: its name then leads nowhere, its id still does."""
        with self.workspace.change():
            self._channel(channel).kind = ChannelKind.PRIVATE

    def share_channel(self, channel: str) -> None:
        """Share a channel with another organisation, by Slack Connect."""
        found = self._channel(channel)
        with self.workspace.change():
            found.shared = True
        self.workspace.emit({"type": "channel_shared", "channel": found.id}, found.id)

    def uninstall_app(self) -> None:
        """Uninstall the app: it gets both events, and its calls answer ``account_inactive``."""
        self._emit_tokens_revoked()
        self.workspace.emit({"type": "app_uninstalled"})
        self.install.active = False

    def revoke_token(self) -> None:
        """Revoke the bot's token: calls with it answer ``token_revoked``."""
        self._emit_tokens_revoked()
        self.install.token_is_revoked = True

    def install_app(self) -> None:
        """Install the app again after either, with the token it had."""
        self.install.active, self.install.token_is_revoked = True, False

    def _emit_tokens_revoked(self) -> None:
        revoked = {"oauth": [], "bot": [self.install.bot_user]}
        self.workspace.emit({"type": "tokens_revoked", "tokens": revoked})

    def grant_scope(self, scope: str) -> None:
        """Grant the app a scope, as reinstalling it with another manifest would."""
        self.install.scopes.add(scope)

    def revoke_scope(self, scope: str) -> None:
        """Revoke a scope: methods that need it answer ``missing_scope``."""
        self.install.scopes.discard(scope)

    def add_usergroup(self, handle: str, members: list[str]) -> str:
        """Add a user group of these people (by handle); returns its id."""
        ids = [self._account(member).id for member in members]
        group = Usergroup(new_id("S"), handle, handle, ids, self.workspace.clock.now())
        with self.workspace.change():
            self.workspace.usergroups[group.id] = group
        return group.id

    def _add_bot(self) -> None:
        """Add the app's bot user, or rename it to what the manifest says now."""
        manifest = self.workspace.manifest
        name = manifest.bot_name or manifest.name
        handle = "".join(c for c in name.lower() if c.isalnum())
        now = self.workspace.clock.now()
        bot = Account(
            self.install.bot_user, handle, name, "", self.workspace.team_id, Role.BOT, now
        )
        self.workspace.accounts[bot.id] = bot

    def _account(self, name: str) -> Account:
        found = self.workspace.account_named(name)
        if found is None:
            raise SandboxError(f"no one is called {name}")
        return self.workspace.accounts[found.id]

    def _channel(self, name: str) -> Channel:
        found = self.workspace.channel_named(name)
        if found is None:
            raise SandboxError(f"there is no channel {name}")
        return self.workspace.channels[found.id]


def _prefix(channel: Channel) -> str:
    """Return what the names of events about a channel begin with."""
    return "group" if channel.kind is ChannelKind.PRIVATE else "channel"

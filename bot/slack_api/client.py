"""The one Slack client: a method for each thing that the bot asks of Slack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from bot.slack_api.directory import Directory
from bot.slack_api.errors import ChannelFault, ChannelProblem, MessageGone
from bot.slack_api.searches import Searches
from bot.slack_api.transport import PAGE, Answer, text_in

# The event type of our messages' metadata.
_METADATA_TYPE = "apikeys_message"
# Messages can be scheduled for up to 120 days (chat.scheduleMessage, "time_too_far").
_FAR_AHEAD = timedelta(days=100)

Blocks = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Attached:
    """A file to share.

    Attributes:
        name: with its extension, by which Slack knows the type.
        title: what people see; the name if empty.
        alt: a description of a picture, for people who cannot see it.
    """

    name: str
    content: bytes
    title: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message is."""

    channel: str
    ts: str


@dataclass(eq=False, repr=False)
class SlackClient(Directory):
    """A method for each call of the Web API. Safe to share between threads.

    Every method raises SlackError (see bot.slack_api.errors). In a message's text, people and
    channels are spelled out by name (bot.ui.message_text); looking a name up never keeps a message
    from being sent.
    """

    searches: Searches = field(default_factory=Searches, init=False)
    _dms: dict[str, str] = field(default_factory=dict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    # Users

    def auth_test(self) -> Answer:
        """Ask who the bot is, and in which workspace."""
        return self.call("auth.test")

    def usergroup_members(self, group_id: str) -> tuple[str, ...]:
        """Return the ids of a user group's members. Raises GroupProblem."""
        answer = self.call("usergroups.users.list", form=True, usergroup=group_id)
        return tuple(str(user) for user in answer.get("users") or ())

    # Messages

    def open_dm(self, user_id: str) -> str:
        """Return the channel of the bot's direct messages with a user. Raises NotDeliverable."""
        with self._lock:
            known = self._dms.get(user_id)
        if known:
            return known
        answer = self.call("conversations.open", users=user_id)
        channel = text_in("conversations.open", answer, "channel", "id")
        with self._lock:
            self._dms[user_id] = channel
        return channel

    def dm(
        self, user_id: str, text: str, blocks: Blocks | None = None, *, marker: str = ""
    ) -> Posted:
        """Send a direct message. `text` is what a phone's notification shows: never a token.

        Args:
            marker: as in `post`.

        Raises:
            NotDeliverable: the message was not sent.
            Unavailable: if `outcome_unknown`, the message may have been sent all the same.
        """
        channel = self.open_dm(user_id)
        try:
            return self.post(channel, text, blocks, marker=marker)
        except ChannelProblem as problem:
            if problem.kind is not ChannelFault.NOT_FOUND:
                raise
            with self._lock:
                self._dms.pop(user_id, None)
        return self.post(self.open_dm(user_id), text, blocks, marker=marker)

    def channel_id(self, name: str, now: datetime) -> str:
        """Return the id of a channel by its name.

        No scope of ours lists channels. But the answer to a scheduled message has the channel's
        id, so one is scheduled far ahead and deleted at once.

        Raises:
            ChannelProblem: if there is no such channel, or the app is not in it.
        """
        answer = self.call(
            "chat.scheduleMessage", channel=name, text="This was a test.",
            post_at=int((now + _FAR_AHEAD).timestamp()),
        )  # fmt: skip
        channel = text_in("chat.scheduleMessage", answer, "channel")
        self.call(
            "chat.deleteScheduledMessage", channel=channel,
            scheduled_message_id=text_in("chat.scheduleMessage", answer, "scheduled_message_id"),
        )  # fmt: skip
        return channel

    def find(self, channel: str, marker: str, since: datetime) -> Posted | None:
        """Return the message with this marker, if it was posted; see bot.slack_api.searches.

        Args:
            channel: the channel's id; a name will not do.
            since: older messages are not searched.

        Raises:
            MissingScope: if the optional scope for the channel's history was not granted.
        """

        def page(cursor: str | None) -> Answer:
            return self.call(
                "conversations.history", form=True, channel=channel, include_all_metadata=True,
                oldest=f"{since.timestamp():.6f}", limit=PAGE, cursor=cursor,
            )  # fmt: skip

        found = self.searches.find(marker, channel, page)
        return Posted(channel, found) if found is not None else None

    def post(
        self,
        channel: str,
        text: str,
        blocks: Blocks | None = None,
        thread_ts: str | None = None,
        *,
        marker: str = "",
    ) -> Posted:
        """Post in a channel. Raises ChannelProblem; Unavailable as in `dm`.

        Args:
            marker: by which `find` finds the message; other apps can read it, so it is only an id.
        """
        metadata = (
            {"event_type": _METADATA_TYPE, "event_payload": {"id": marker}} if marker else None
        )
        answer = self.call(
            "chat.postMessage",
            repeatable=False,
            channel=channel,
            text=self.spell_out(text),
            blocks=self.named(blocks) if blocks is not None else None,
            thread_ts=thread_ts,
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
        )
        return Posted(
            text_in("chat.postMessage", answer, "channel"),
            text_in("chat.postMessage", answer, "ts"),
        )

    def ephemeral(
        self,
        channel: str,
        user_id: str,
        text: str,
        blocks: Blocks | None = None,
        *,
        thread: str = "",
    ) -> None:
        """Show a message to one user only; Slack does not promise that it is seen.

        Args:
            thread: the `ts` of a thread's first message; empty for the channel itself.
        """
        within: dict[str, Any] = {"thread_ts": thread} if thread else {}
        self.call(
            "chat.postEphemeral",
            repeatable=False,
            channel=channel,
            user=user_id,
            text=self.spell_out(text),
            blocks=self.named(blocks) if blocks is not None else None,
            **within,
        )

    def update(self, message: Posted, text: str, blocks: Blocks | None = None) -> None:
        """Replace a message of the bot's. Raises MessageGone, MessageFixed."""
        self.call(
            "chat.update", channel=message.channel, ts=message.ts, text=self.spell_out(text),
            blocks=self.named(blocks or ()),
        )  # fmt: skip

    def permalink(self, channel: str, message: str) -> str:
        """Return the address of a message. Raises MessageGone, ChannelProblem."""
        answer = self.call("chat.getPermalink", form=True, channel=channel, message_ts=message)
        return text_in("chat.getPermalink", answer, "permalink")

    def delete(self, message: Posted) -> bool:
        """Delete a message of the bot's.

        Returns:
            False if it was already deleted.

        Raises:
            MessageFixed: if it cannot be deleted.
        """
        try:
            self.call("chat.delete", channel=message.channel, ts=message.ts)
        except MessageGone:
            return False
        return True

    def upload(
        self, channel: str, files: Sequence[Attached], comment: str, thread: str = ""
    ) -> tuple[str, ...]:
        """Share files in one message, in the three steps that Slack requires.

        Args:
            channel: the channel's id; a name will not do.
            comment: the message's text, in our own words.
            thread: the `ts` of a thread's first message; empty for the channel itself.

        Returns:
            The ids of the files.

        Raises:
            MissingScope: if the optional scope `files:write` was not granted.
        """
        uploaded = [{"id": self._put(file), "title": file.title or file.name} for file in files]
        self.call(
            "files.completeUploadExternal",
            repeatable=False,
            files=uploaded,
            channel_id=channel,
            initial_comment=comment,
            thread_ts=thread or None,
        )
        return tuple(file["id"] for file in uploaded)

    def _put(self, file: Attached) -> str:
        answer = self.call(
            "files.getUploadURLExternal",
            form=True,
            filename=file.name,
            length=len(file.content),
            alt_txt=file.alt or None,
        )
        address = text_in("files.getUploadURLExternal", answer, "upload_url")
        id_ = text_in("files.getUploadURLExternal", answer, "file_id")
        self.put(address, file.content)
        return id_

    # Modals and Home

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> Answer:
        """Open a modal. Raises TriggerExpired, TooManyViews."""
        answer = self.call("views.open", repeatable=False, trigger_id=trigger_id, view=view)
        return dict(answer.get("view") or {})

    def push_view(self, trigger_id: str, view: Mapping[str, Any]) -> Answer:
        """Open a modal above another one. Raises TriggerExpired, TooManyViews."""
        answer = self.call("views.push", repeatable=False, trigger_id=trigger_id, view=view)
        return dict(answer.get("view") or {})

    def update_view(
        self, view_id: str, view: Mapping[str, Any], hash_: str | None = None
    ) -> Answer:
        """Replace a modal. Raises StaleView if `hash_` is not its latest one, ViewGone."""
        answer = self.call("views.update", view_id=view_id, view=view, hash=hash_)
        return dict(answer.get("view") or {})

    def publish_home(
        self, user_id: str, view: Mapping[str, Any], hash_: str | None = None
    ) -> Answer:
        """Replace a user's Home tab. Raises StaleView."""
        answer = self.call("views.publish", user_id=user_id, view=view, hash=hash_)
        return dict(answer.get("view") or {})

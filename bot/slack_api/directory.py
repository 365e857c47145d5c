"""Who and what there is in Slack, and their names, which texts have instead of mentions."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.slack_api.errors import SlackError
from bot.slack_api.names import Names
from bot.slack_api.transport import Answer, Transport
from bot.ui.message_text import name_people, spell_out

_log = logging.getLogger(__name__)


@dataclass(eq=False, repr=False)
class Directory(Transport):
    """Users and channels, as Slack describes them, and their names.

    Every method raises SlackError, except for those about names: looking a name up never keeps a
    message from being sent.
    """

    # Whether the token is that of a whole organisation, for which some lists are asked for by team.
    org_wide: bool = False

    def __post_init__(self) -> None:
        self._names = Names(self.monotonic)

    def user_info(self, user_id: str) -> Answer:
        """Return a user, as `users.info` describes them. Raises PersonUnknown."""
        user = dict(self.call("users.info", form=True, user=user_id).get("user") or {})
        self._names.learn_user(user)
        return user

    def users(self) -> Iterator[Answer]:
        """Yield all users of the workspace, or of all workspaces of the organisation."""
        for user in self._users():
            self._names.learn_user(user)
            yield user

    def _users(self) -> Iterator[Answer]:
        if not self.org_wide:
            yield from self.pages("users.list", "members")
            return
        known = set()
        for team in self.pages("auth.teams.list", "teams"):
            for user in self.pages("users.list", "members", team_id=str(team["id"])):
                if user.get("id") not in known:
                    known.add(user.get("id"))
                    yield user

    def spell_out(self, text: str, *, ask: bool = True) -> str:
        """Replace the references in a text by names.

        Args:
            ask: whether to ask Slack for names that are not known; before an acknowledgement there
                is no time to.
        """
        return spell_out(text, self._look_up if ask else self._names.get)

    def shown_to_one(self, message: Mapping[str, Any], *, ask: bool) -> dict[str, Any]:
        """Return a message that only one user will see, with names; see `spell_out`."""
        name_of = self._look_up if ask else self._names.get
        blocks = name_people(message["blocks"], name_of, is_private=True)
        return {**message, "text": spell_out(message["text"], name_of), "blocks": blocks}

    def named(self, blocks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return blocks in which users are named without a mention."""
        return name_people(blocks, self._look_up)

    def _look_up(self, id_: str) -> str | None:
        if self._names.get(id_) is None:
            try:
                self._ask_for_name(id_)
            except SlackError as error:
                _log.info("the name of %s is not known: %s", id_, error.code)
                self._names.learn(id_, "")
        return self._names.get(id_)

    def _ask_for_name(self, id_: str) -> None:
        quick = self.quick()
        if id_.startswith(("U", "W")):
            quick.user_info(id_)
        else:
            # Without a scope that lists channels Slack refuses this.
            self._names.learn(id_, str(quick.channel_info(id_).get("name") or ""))

    def channel_info(self, channel: str) -> Answer:
        """Return a channel, as `conversations.info` describes it, with its number of members.

        Args:
            channel: the channel's id; a name will not do.

        Raises:
            MissingScope: if the optional scope for it was not granted.
        """
        answer = self.call(
            "conversations.info", form=True, channel=channel, include_num_members=True
        )
        return dict(answer.get("channel") or {})

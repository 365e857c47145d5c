"""What must hold, whatever goes wrong. docs/faults.md says the same in words.

1  no request with a token is let in after its key was said to be revoked
2  whatever was done is announced, once: nothing is lost, and nothing is said twice
3  no token works that its person has not been given
4  the chain of the record is unbroken
"""

from __future__ import annotations

import re
from collections import Counter

from sqlalchemy import Engine
from sqlmodel import Session, select

from keys.base.models import State
from sandbox.sandbox import Sandbox
from storage import reading
from storage.tables import Account, Key, Secret
from tests.e2e.harness.crashing import TOKEN
from tests.e2e.harness.program import CHANNEL, asks
from tests.keys.chain import verify_chain

_MADE, _REVOKED = "created the key {}", "revoked the key {}"


class Invariants:
    """Watches a workspace, its database and its gateway."""

    def __init__(self, slack: Sandbox, people: list[str], gateway: str) -> None:
        self._slack, self._people, self._gateway = slack, people, gateway
        self._names: dict[str, str] = {}

    def said(self) -> str:
        """Everything that anybody was shown or told."""
        return "\n".join(self._slack.person(name).screen() for name in self._people)

    def given(self) -> set[str]:
        """The tokens that people were given."""
        texts = (self._slack.person(name).dm.text for name in self._people)
        return {found[0] for text in texts for found in TOKEN.finditer(text)}

    def revoked_is_revoked(self, session: Session) -> None:
        """The first."""
        said = self.said()
        for token in self.given():
            name = self._name_of(session, token)
            if name is not None and _told_of(said, name):
                status = asks(self._gateway, token)
                assert status in (401, 503), f"{name} was let in with {status}"

    def announced_once(self, session: Session) -> None:
        """The second, once nothing is left to do."""
        counted = Counter(self._announcements())
        owed = {
            State.ACTIVE: (_MADE,),
            State.REVOKED: (_MADE, _REVOKED),
        }
        for key in session.exec(select(Key)):
            for words in owed.get(State(key.state), ()):
                told = counted[words.format(key.name)]
                assert told == 1, f"{words.format(key.name)!r} was said {told} times"

    def given_to_its_person(self, session: Session) -> None:
        """The third."""
        given = {token.split("_")[1] for token in self.given()}
        live = (
            select(Secret.public_id)
            .join(Key)
            .where(
                Key.state == State.ACTIVE,
                Secret.pending == False,  # noqa: E712
            )
        )
        unseen = set(session.exec(live)) - given
        assert not unseen, f"{len(unseen)} tokens work that nobody was given"

    def chained(self, session: Session) -> None:
        """The fourth."""
        engine = session.get_bind()
        assert isinstance(engine, Engine)
        for account in session.exec(select(Account.id)).all():
            with reading(engine, account) as of_account:
                assert verify_chain(of_account) is None

    def _name_of(self, session: Session, token: str) -> str | None:
        public_id = token.split("_")[1]
        if public_id not in self._names:
            found = session.exec(
                select(Key.name).join(Secret).where(Secret.public_id == public_id)
            ).first()
            if found is not None:
                self._names[public_id] = found
        return self._names.get(public_id)

    def _announcements(self) -> list[str]:
        channel = self._slack.workspace.channel_named(CHANNEL)
        assert channel is not None
        member = self._slack.person(self._people[0])
        text = member.reloads().goes_to(CHANNEL).screen()
        return re.findall(r"(?:made|revoked) the key [^,]+, \d+", text)


def _told_of(said: str, name: str) -> bool:
    return f"Revoked {name}" in said or _REVOKED.format(name) in said

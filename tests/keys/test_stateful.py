"""Keys at random, against a plain model: what verifies is what the model says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from keys.base.errors import DeliveryExpired, KeyRevoked, NameTaken
from keys.credentials.verification import Verified
from keys.inputs.names import fold
from keys.lifecycle.create import PendingKey, activate_key, cancel_key
from keys.search import search
from storage import reading
from tests.databases import ENGINES, fresh_on
from tests.keys.chain import verify_chain
from tests.keys.conftest import ALICE, SYSTEM, open_application_at

names = st.sampled_from(["Zapier", "ZAPIER", "GitHub", "github", "Cron", "Straße", "STRASSE"])


class KeysAtRandom(RuleBasedStateMachine):
    """The model: a state and a name for each key; nothing else decides what verifies."""

    made = Bundle("made")

    def __init__(self, fresh: Callable[[], AbstractContextManager[str]]) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.domain = open_application_at(self.stack.enter_context(fresh()))
        self.stack.callback(self.domain.close)
        self.states: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    def teardown(self) -> None:
        self.stack.close()

    def _taken(self, name: str, but: str = "") -> bool:
        live = (key for key, state in self.states.items() if state in ("pending", "active"))
        return any(fold(self.names[key]) == fold(name) for key in live if key != but)

    @rule(target=made, name=names)
    def reserve(self, name: str) -> PendingKey | None:
        taken = self._taken(name)
        try:
            made = self.domain.reserve(name)
        except NameTaken:
            assert taken
            return None
        assert not taken
        self.states[made.key.id], self.names[made.key.id] = "pending", name
        self.tokens[made.key.id] = made.token.reveal()
        return made

    @rule(made=made)
    def activate(self, made: PendingKey | None) -> None:
        if made is None:
            return
        try:
            with self.domain.change(ALICE) as change:
                activate_key(
                    change,
                    made.delivery_id,
                    timedelta(minutes=15),
                )
        except DeliveryExpired:
            assert self.states[made.key.id] != "pending"
            return
        assert self.states[made.key.id] == "pending"
        self.states[made.key.id] = "active"

    @rule(made=made)
    def abandon(self, made: PendingKey | None) -> None:
        if made is None:
            return
        with self.domain.change(SYSTEM) as change:
            cancel_key(change, made.key.id, "random", tell=True)
            changed = change.effects.events > 0
        assert changed == (self.states[made.key.id] == "pending")
        if changed:
            self.states[made.key.id] = "abandoned"

    @rule(made=made, name=names)
    def rename(self, made: PendingKey | None, name: str) -> None:
        if made is None:
            return
        key_id = made.key.id
        try:
            self.domain.rename(key_id, name)
        except KeyRevoked:
            assert self.states[key_id] != "active"
        except NameTaken:
            assert self._taken(name, but=key_id)
        else:
            assert self.states[key_id] == "active"
            assert not self._taken(name, but=key_id)
            self.names[key_id] = name

    @rule(made=made)
    def revoke(self, made: PendingKey | None) -> None:
        if made is None:
            return
        changed = self.domain.revoke(made.key.id).changed
        assert changed == (self.states[made.key.id] in ("pending", "active"))
        if changed:
            self.states[made.key.id] = "revoked"

    @invariant()
    def exactly_the_active_keys_verify(self) -> None:
        for key_id, token in self.tokens.items():
            answer = self.domain.verifier.verify(token)
            assert isinstance(answer, Verified) == (self.states[key_id] == "active")

    @invariant()
    def the_list_shows_exactly_the_active_keys_and_the_record_holds(self) -> None:
        with reading(self.domain.engine, self.domain.account) as session:
            page = search.page(session, size=200)
            assert verify_chain(session) is None
        active = {key for key, state in self.states.items() if state == "active"}
        assert {key.id for key in page.keys} == active


@contextmanager
def _on_sqlite() -> Iterator[str]:
    with TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'keys.db'}"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_keys_at_random(engine: str, request: pytest.FixtureRequest) -> None:
    fresh: Callable[[], AbstractContextManager[str]] = _on_sqlite
    if engine == "postgresql":
        fresh = partial(fresh_on, request.getfixturevalue("postgresql"))
    run_state_machine_as_test(
        partial(KeysAtRandom, fresh),  # type: ignore[arg-type]
        settings=settings(max_examples=15, stateful_step_count=20),
    )

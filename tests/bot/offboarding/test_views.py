"""What the message about an offboarding says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from bot.offboarding import views
from keys.offboarding.models import KeyRelation, OffboardingView


@pytest.mark.parametrize(
    ("sent", "said"), [(1, "1 token sent to them"), (2, "2 tokens sent to them")]
)
def test_tokens_that_were_sent_are_counted_in_words(sent: int, said: str) -> None:
    relation = KeyRelation(created=False, owned=False, sent=True)
    found = SimpleNamespace(items=[SimpleNamespace(relations=relation)] * sent)
    assert views._lists(cast(OffboardingView, found)) == said
